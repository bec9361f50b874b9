/** A mail made smaller step by step, as long as what was found of it stays. */
import { GOOD_CA, GOOD_CRL, GOOD_LEAF, GOOD_SIGNER, type MailDraft } from "../generator/draft.ts";

/** Each draft that is one step nearer to a good mail. */
function steps(draft: MailDraft): MailDraft[] {
  const { sent, signers, intermediates, crls, certificates } = draft;
  const without = <T>(list: readonly T[]): T[][] => list.map((one) => list.filter((other) => other !== one));
  const straight = certificates.flatMap((one, index) => {
    const good = one.ca ? GOOD_CA : GOOD_LEAF;
    const { handle, subject, key, issuer, serial, addresses } = one;
    const mended = { ...good, handle, subject, key, issuer, serial, addresses };
    return JSON.stringify(mended) === JSON.stringify(one)
      ? []
      : [{ ...draft, certificates: certificates.with(index, mended) }];
  });
  const usual = signers.map((signer, index) => ({
    ...draft,
    signers: signers.with(index, { ...GOOD_SIGNER, certificate: signer.certificate, sid: signer.sid }),
  }));
  return [
    ...without(sent).map((fewer) => ({ ...draft, sent: fewer })),
    ...(signers.length > 1 ? without(signers).map((fewer) => ({ ...draft, signers: fewer })) : []),
    ...without(intermediates).map((fewer) => ({ ...draft, intermediates: fewer })),
    ...(crls === null
      ? []
      : [{ ...draft, crls: null }, ...without(crls).map((fewer) => ({ ...draft, crls: fewer }))]),
    ...(crls ?? []).flatMap((one, index) => {
      const mended = { ...GOOD_CRL, handle: one.handle, issuer: one.issuer, revoked: one.revoked };
      return JSON.stringify(mended) === JSON.stringify(one)
        ? []
        : [{ ...draft, crls: crls?.with(index, mended) ?? null }];
    }),
    ...(draft.answers === null
      ? []
      : [
          { ...draft, answers: null },
          ...without(draft.answers).map((fewer) => ({ ...draft, answers: fewer })),
        ]),
    ...(draft.encoding === "der" ? [] : [{ ...draft, encoding: "der" as const }]),
    ...(draft.frame === "usual" ? [] : [{ ...draft, frame: "usual" as const }]),
    ...(draft.footer === null ? [] : [{ ...draft, footer: null }]),
    ...straight,
    ...usual.filter((one) => JSON.stringify(one) !== JSON.stringify(draft)),
  ];
}

/** The smallest that still is what was found; every step is asked anew. */
export async function smallest(
  draft: MailDraft,
  still: (smaller: MailDraft) => Promise<boolean>,
): Promise<MailDraft> {
  for (const step of steps(draft)) if (await still(step)) return smallest(step, still);
  return draft;
}
