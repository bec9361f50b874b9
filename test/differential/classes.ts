/**
 * The argued classes of mails that keybot accepts and another judge refuses, each a predicate over the draft and the
 * judge's words. `docs/conformance.md` prints this table; a difference that none of them explains fails the run.
 */
import { type CertificateDraft, type CrlDraft, certificateOf, type MailDraft } from "../generator/draft.ts";
import type { Outcome } from "../generator/judge.ts";
import { cannotEncrypt } from "../generator/paths.ts";
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
      /INVALID_ARGS|BAD_SIGNATURE|ALGORITHM|BAD_DER/.test(reduced.why),
  },
  {
    name: "octet strings in pieces",
    judges: "NSS",
    section: "RFC 5652 §4, X.690 §8.7.3",
    why: "CMS is in BER, and a value in pieces is the same value; the others verify it",
    is: ({ judge, reduced }) => judge === "NSS" && reduced?.draft.encoding === "pieces",
  },
  {
    name: "signed attributes in BER, hashed in DER",
    judges: "OpenSSL, NSS",
    section: "RFC 5652 §5.3, §5.4",
    why: "§5.3 wants DER of who sends them, §5.4 hashes their DER whatever came; those two hash values of several parts as they came",
    is: ({ judge, reduced }) =>
      (judge === "OpenSSL" || judge === "NSS") &&
      reduced?.draft.encoding === "attributes" &&
      /verification failure|BAD_SIGNATURE/.test(reduced.why),
  },
  {
    name: "policies that are required, or mapped, and met",
    judges: "NSS",
    section: "RFC 5280 §6.1.3 (d), §6.1.5 (g), RFC 9618 §5",
    why: "critical, and not implemented there",
    is: ({ judge, reduced }) =>
      judge === "NSS" &&
      onPath(reduced, (one) => one.explicitAfter !== null || one.mappings.length > 0) &&
      /UNKNOWN_CRITICAL_EXTENSION/.test(reduced?.why ?? ""),
  },
  {
    name: "a name constraint in other capitals than the names below it",
    judges: "NSS",
    section: "RFC 5280 §7.1",
    why: "names are compared without case; the others do so too",
    is: ({ judge, reduced }) =>
      judge === "NSS" &&
      onPath(reduced, ({ names }) => names?.permitted.includes("organisation:GENERATED") === true) &&
      /NOT_IN_NAME_SPACE/.test(reduced?.why ?? ""),
  },
  {
    name: "CRLs of some reasons each, of all together",
    judges: "Bouncy Castle",
    section: "RFC 5280 §6.3.3 (d), (l)",
    why: "the reasons of each are added up; OpenSSL reads them so too",
    is: ({ judge, reduced }) =>
      judge === "Bouncy Castle" &&
      reduced?.draft.crls?.some(({ scope }) => scope === "other-reasons") === true &&
      /status could not be determined/.test(reduced.why),
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
    name: "a certificate that a delta CRL takes off the list",
    judges: "NSS",
    section: "RFC 5280 §6.3.3 (k)",
    why: "delta CRLs are not implemented there",
    is: ({ judge, reduced }) =>
      judge === "NSS" &&
      reduced?.draft.crls?.some(
        ({ base, released, forged }) => base !== null && released.length > 0 && !forged,
      ) === true &&
      /REVOKED_CERTIFICATE/.test(reduced.why),
  },
  {
    name: "an older CRL, or one of a lower number, with the certificate on it, beside a newer one without",
    judges: "OpenSSL, NSS, Bouncy Castle",
    section: "RFC 5280 §5.2.3, §6.3.3 (a)",
    why: "the newest CRL is the CA's present word, and of one second the higher number: an entry leaves it when a hold is lifted",
    is: ({ reduced }) =>
      /revocation after|REVOKED_CERTIFICATE|certificate revoked/.test(reduced?.why ?? "") &&
      olderRevokes(reduced?.draft.crls ?? []),
  },
  {
    name: "an encryption certificate of the sender's address beside a signer who cannot encrypt, whatever its subject",
    judges: "none is asked",
    section: "RFC 8551 §2.5.3, RFC 8550 §3",
    why: "two keys of one person: a CA that is trusted vouches for the address in both; subjects of two profiles differ (PRODUCT §3 4.)",
    is: ({ judge, draft }) =>
      judge === null && draft.signers.some((signer) => cannotEncrypt(draft, signer.certificate)),
  },
  {
    name: "a renewal of the key that signed, beside the expired certificate that the SignerInfo names",
    judges: "OpenSSL, NSS, Bouncy Castle",
    section: "RFC 5652 §5.3, PRODUCT §3",
    why: "the signature proves the key, and the valid certificate of it has a valid path and the same address",
    is: ({ draft, handle }) =>
      draft.signers.some(({ certificate }) => {
        const named = certificateOf(draft, certificate);
        return (
          certificate !== handle &&
          named.validity === "expired" &&
          named.key === certificateOf(draft, handle).key
        );
      }),
  },
];

function onPath(reduced: Reduced | null, is: (one: CertificateDraft) => boolean): boolean {
  return reduced?.draft.sent.some((handle) => is(certificateOf(reduced.draft, handle))) === true;
}

/** A delta CRL that goes on from the newest complete one is as new as that (RFC 5280 §5.2.4). */
function olderRevokes(crls: readonly CrlDraft[]): boolean {
  const ofCa = crls.filter(({ forged, issuer }) => !forged && issuer === "ca");
  const right = ofCa.filter(({ base }) => base === null);
  const newest = Math.min(...right.map(({ age }) => age));
  const ofNewest = right.filter(({ age }) => age === newest);
  const highest = Math.max(...ofNewest.map(({ number }) => number));
  const changes = ofCa.filter(({ base, number }) => base !== null && base <= highest && highest < number);
  const isReleased = changes.some(({ released }) => released.length > 0);
  return (
    changes.every(({ revoked }) => revoked.length === 0) &&
    (isReleased || ofNewest.every(({ number, revoked }) => number < highest || revoked.length === 0))
  );
}
