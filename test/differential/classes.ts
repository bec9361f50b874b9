/**
 * The argued classes of mails that keybot accepts and another judge refuses, each a predicate over the draft and the
 * judge's words. `docs/conformance.md` prints this table; a difference that none of them explains fails the run.
 */
import { type CertificateDraft, type CrlDraft, certificateOf, type MailDraft } from "../generator/draft.ts";
import type { Outcome } from "../generator/judge.ts";
import type { JudgeName, Opinion } from "./judges.ts";

/** The mail with nothing but the signer, the certificate and the path that keybot accepted, before the same judge. */
export interface Reduced {
  readonly draft: MailDraft;
  readonly accepts: boolean;
  readonly why: string;
}

export interface Difference {
  readonly draft: MailDraft;
  readonly outcome: Outcome;
  /** The certificate that became active here. */
  readonly handle: string;
  /** Null where no other judge has an opinion: a certificate beside the signer's that nothing signed names. */
  readonly judge: JudgeName | null;
  readonly opinion: Opinion | null;
  readonly reduced: Reduced | null;
}

export interface Class {
  readonly name: string;
  /** Who refuses it. */
  readonly judges: string;
  readonly section: string;
  readonly why: string;
  readonly is: (difference: Difference) => boolean;
}

/** What stands, with its reason. */
export const CLASSES: readonly Class[] = [
  {
    name: "somebody else's SignerInfo beside a right one",
    judges: "all",
    section: "RFC 5652 §5.1",
    why: "each signer is judged by himself; what another signed, or failed to sign, takes nothing from the sender (PRODUCT §3)",
    is: ({ reduced, draft }) =>
      reduced?.accepts === true && reduced.draft.signers.length < draft.signers.length,
  },
  {
    name: "a path or a certificate of the key among several, where the search of others gives up",
    judges: "OpenSSL, NSS, Bouncy Castle by turns",
    section: "RFC 4158 §2.4, RFC 5652 §10.2.3",
    why: "the same judge accepts the same signer, certificate and path when nothing else is in the mail",
    is: ({ reduced }) => reduced?.accepts === true,
  },
  {
    name: "extended key usage any, in a person's or in a CA's certificate",
    judges: "OpenSSL, NSS",
    section: "RFC 8550 §4.4.4, RFC 5280 §4.2.1.12",
    why: "any is every purpose; RFC 8550 names it beside emailProtection",
    is: ({ reduced, judge }) =>
      (judge === "OpenSSL" || judge === "NSS") &&
      onPath(reduced, (one) => one.extendedUsages?.includes("any") === true) &&
      /purpose|INADEQUATE_CERT_TYPE|CA_CERT_INVALID/.test(reduced?.why ?? ""),
  },
  {
    name: "RSASSA-PSS in a SignerInfo",
    judges: "NSS",
    section: "RFC 4056 §3",
    why: "not implemented there; the others verify the same value",
    is: ({ judge, reduced }) =>
      judge === "NSS" &&
      reduced?.draft.signers.some(
        (signer) =>
          signer.scheme === "pss" && certificateOf(reduced.draft, signer.certificate).key.startsWith("rsa"),
      ) === true &&
      /INVALID_ARGS|BAD_SIGNATURE|ALGORITHM/.test(reduced.why),
  },
  {
    name: "a CRL that its CA did not sign, beside one that it did",
    judges: "OpenSSL, Bouncy Castle",
    section: "RFC 5280 §6.3.3 (g)",
    why: "a CRL whose signature is wrong is nobody's; the one that verifies is asked",
    is: ({ reduced }) =>
      reduced?.draft.crls?.some(({ forged }) => forged) === true &&
      /CRL signature failure|CRL does not verify/.test(reduced.why),
  },
  {
    name: "an older CRL with the certificate on it, beside a newer one without",
    judges: "NSS, Bouncy Castle",
    section: "RFC 5280 §6.3.3 (a)",
    why: "the newest CRL is the CA's present word: an entry leaves it when a hold is lifted",
    is: ({ reduced }) =>
      /revocation after|REVOKED_CERTIFICATE/.test(reduced?.why ?? "") &&
      olderRevokes(reduced?.draft.crls ?? []),
  },
];

function onPath(reduced: Reduced | null, is: (one: CertificateDraft) => boolean): boolean {
  return reduced?.draft.sent.some((handle) => is(certificateOf(reduced.draft, handle))) === true;
}

function olderRevokes(crls: readonly CrlDraft[]): boolean {
  const right = crls.filter(({ forged, issuer }) => !forged && issuer === "ca");
  const newest = Math.min(...right.map(({ age }) => age));
  return right.every(({ age, revoked }) => age > newest || revoked.length === 0);
}
