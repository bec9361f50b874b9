/** What the drafts themselves say of paths and of certificates beside a signer's: an oracle that knows no DER. */
import { certificateOf, type MailDraft, type SignerDraft } from "./draft.ts";

/** Every way from a certificate up to an anchor by names, without the two ends. */
export function waysUp(
  draft: MailDraft,
  from: string,
  used: readonly string[] = [],
): readonly (readonly string[])[] {
  const issuer = certificateOf(draft, certificateOf(draft, from).issuer);
  const anchored = draft.anchors.some((handle) => certificateOf(draft, handle).subject === issuer.subject);
  const further = [...new Set([...draft.sent, ...draft.intermediates])].filter(
    (handle) => !used.includes(handle) && certificateOf(draft, handle).subject === issuer.subject,
  );
  return [
    ...(anchored ? [[...used]] : []),
    ...further.flatMap((handle) => waysUp(draft, handle, [...used, handle])),
  ];
}

/**
 * Whether a SignerInfo can mean this certificate: by issuer and serial number, or by its key (RFC 5652 §5.3), and by its
 * hash where that is signed (RFC 5035 §3).
 */
export function isSigner(draft: MailDraft, handle: string): boolean {
  return draft.signers.some((signer) => canMean(draft, signer, handle));
}

function canMean(draft: MailDraft, signer: SignerDraft, handle: string): boolean {
  const { sid, certificate, signingCertificate } = signer;
  const isExcluded = signer.attributes && signingCertificate !== null && signingCertificate !== handle;
  if (isExcluded) return false;
  if (sid === "issuer") return certificate === handle;
  return certificateOf(draft, certificate).key === certificateOf(draft, handle).key;
}

/** RFC 8551 §2.5.3.1: a signed preference names it, or it has the signer's subject. */
export function isProven(draft: MailDraft, handle: string): boolean {
  const { subject } = certificateOf(draft, handle);
  return draft.signers.some(
    ({ preference, certificate }) =>
      preference === handle || certificateOf(draft, certificate).subject === subject,
  );
}

/** The same mail with one signer certificate, its SignerInfos and one path. */
export function alone(draft: MailDraft, handle: string, way: readonly string[]): MailDraft {
  return {
    ...draft,
    sent: [handle, ...way],
    intermediates: [],
    signers: draft.signers
      .filter((signer) => canMean(draft, signer, handle))
      .map((signer) => ({ ...signer, preference: null })),
  };
}

/** One of the certificates of a signer's key, any of which may stand for it, does not encrypt. */
export function cannotEncrypt(draft: MailDraft, signer: string): boolean {
  const { key } = certificateOf(draft, signer);
  return draft.sent
    .map((handle) => certificateOf(draft, handle))
    .some((one) => one.key === key && one.usages?.includes("encrypt") === false);
}
