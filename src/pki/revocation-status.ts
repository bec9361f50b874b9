/**
 * Is a certificate of a path revoked? OCSP responses and CRLs that are at hand, judged together. The path itself has
 * been validated elsewhere; here it only says who issued whom.
 */
import { NO_WEAKNESS, type WeaknessOf } from "./answer-strength.ts";
import { type CaWord, joined, NO_WORD, type Revocation, standing } from "./ca-word.ts";
import type { Certificate } from "./certificate.ts";
import type { Computing } from "./computing.ts";
import type { Crl } from "./crl.ts";
import { type CrlStatus, crlRevocationsOf, crlStatusOf, entryText, revokedText } from "./crl-check.ts";
import type { CrlSigner } from "./crl-signer.ts";
import { inheritedKey } from "./dsa-inheritance.ts";
import { MAX_OCSP_RESPONSES } from "./limits.ts";
import { checkOcsp, type OcspStatus } from "./ocsp-check.ts";
import { type DelegateStatus, namesPlace, type OcspIssuer } from "./ocsp-responder.ts";
import type { OcspResponse } from "./ocsp-response.ts";
import { findPath } from "./path.ts";
import { fullBudget, type PathBudget } from "./path-budget.ts";
import { ANY_POLICY, type PathResult } from "./path-result.ts";
import type { PublicKey } from "./public-key.ts";

/** A response, and the request that it answers. */
export interface OcspEvidence {
  /** SHA-256 of the certificate that was asked about. */
  readonly certificate: string;
  readonly response: OcspResponse;
  /** The nonce of the request; null when there was none, or when the response was kept from an earlier request. */
  readonly nonce: Uint8Array | null;
}

/** Everything that revocation is judged by; nothing else is looked at. */
export interface RevocationEvidence {
  /** Target first, anchor last. */
  readonly path: readonly Certificate[];
  readonly ocsp: readonly OcspEvidence[];
  readonly crls: readonly Crl[];
  /** Certificates that may have signed a CRL although they are not on the path. */
  readonly others: readonly Certificate[];
  /** Not before the answers were fetched: they speak of the time at which they were made. */
  readonly at: Date;
  /** Nothing is weak when it is left out. */
  readonly weaknessOf?: WeaknessOf;
  /** What may still be computed; left out: a budget of its own. */
  readonly computing?: Computing;
  /** What CAs have said before of a certificate, by its SHA-256; nothing when it is left out. */
  readonly known?: ReadonlyMap<string, CaWord>;
}

/** What is known of one certificate. `by` names what was believed, `thisUpdate` is of its answer. */
export type RevocationStatus =
  | { readonly status: "good"; readonly by: "OCSP" | "CRL"; readonly thisUpdate: Date }
  | (Revocation & {
      readonly status: "revoked";
      /** One English sentence for a finding. */
      readonly detail: string;
    })
  /** A responder that speaks for the CA has signed that it does not know the certificate (RFC 6960 §2.2): no silence. */
  | { readonly status: "unknown-to-ca"; readonly by: "OCSP"; readonly thisUpdate: Date; readonly why: string }
  | { readonly status: "unknown"; readonly why: string };

/** What the answers say of one certificate of a path, and all that is known of it with them. */
export interface RevocationVerdict {
  readonly status: RevocationStatus;
  /** SHA-256 of the certificate. */
  readonly certificate: string;
  readonly word: CaWord;
}

/** One certificate on its path, and what is spent and learned while the path is judged. */
interface Question {
  readonly certificate: Certificate;
  readonly issuer: OcspIssuer;
  readonly depth: number;
  readonly evidence: RevocationEvidence;
  readonly isBelieved: (signer: Certificate) => boolean;
  readonly crlWeaknessOf: (crl: Crl, signer: CrlSigner) => string | null;
  readonly budget: PathBudget;
}

/**
 * What is known of each certificate of a path below its anchor, target first (RFC 5280 §6.1.3 (a)(3)): of all that OCSP
 * responders (RFC 6960 §3.2) and CRLs (RFC 5280 §6.3.3) say, and have said before, "revoked" counts (`ca-word.ts`).
 * The effort is bounded by `limits.ts`. Never throws.
 */
export function revocationVerdicts(evidence: RevocationEvidence): readonly RevocationVerdict[] {
  return verdictsBy(evidence, signerPaths(evidence));
}

/** The path without the anchor of a CRL's signer off the path; null when he is not believed. */
type PathOfSigner = (signer: Certificate) => readonly Certificate[] | null;

function verdictsBy(evidence: RevocationEvidence, pathOfSigner: PathOfSigner): readonly RevocationVerdict[] {
  const { path, known } = evidence;
  const keys = keysOf(path);
  const budget = fullBudget(evidence.computing);
  const isBelieved = (signer: Certificate): boolean => pathOfSigner(signer) !== null;
  const weaknessOf = evidence.weaknessOf ?? NO_WEAKNESS;
  const crlWeaknessOf = ({ signatureAlgorithm }: Crl, { certificate, onPath }: CrlSigner): string | null =>
    weaknessOf({ signatureAlgorithm, signers: (onPath ? null : pathOfSigner(certificate)) ?? [] });
  const input = { ...evidence, keys, isBelieved, weaknessOf: crlWeaknessOf, budget };
  const [crlStatus, crlRevocations] = [crlStatusOf(input), crlRevocationsOf(input)];
  return path.slice(0, -1).flatMap((certificate, depth): RevocationVerdict[] => {
    const [above, key] = [path[depth + 1], keys[depth + 1]];
    if (above === undefined || key === undefined) return [];
    const issuer = { certificate: above, key };
    const byOcsp = ocspStatuses({ certificate, issuer, depth, evidence, isBelieved, crlWeaknessOf, budget });
    const byCrl = [crlStatus(depth), ...crlRevocations(depth)].map(fromCrl);
    const { sha256 } = certificate;
    return [{ certificate: sha256, ...weighed([...byOcsp, ...byCrl], known?.get(sha256)) }];
  });
}

/** The status alone of each certificate, as `revocationVerdicts`. */
export function revocationStatuses(evidence: RevocationEvidence): readonly RevocationStatus[] {
  return revocationVerdicts(evidence).map(({ status }) => status);
}

/**
 * One status of all that is said of a certificate, whatever the order.
 * @param known what was said of it before
 */
function weighed(
  said: readonly RevocationStatus[],
  known: CaWord = NO_WORD,
): { readonly status: RevocationStatus; readonly word: CaWord } {
  const word = said.map(wordOf).reduce(joined, known);
  const revocation = standing(word);
  if (revocation !== null) {
    const now = said.find((one) => one.status === "revoked" && one.thisUpdate >= revocation.thisUpdate);
    return { word, status: now ?? { status: "revoked", ...revocation, detail: keptText(revocation) } };
  }
  const unknown = newestUnknown(said);
  // RFC 6960 §2.2: who does not know the certificate any more says so of his own older words, and leaves it to a CRL.
  const good = said.find(
    (one) =>
      one.status === "good" && (one.by === "CRL" || unknown === null || one.thisUpdate > unknown.thisUpdate),
  );
  if (good !== undefined) return { word, status: good };
  if (unknown !== null) return { word, status: unknown };
  const whys = said.flatMap((one) => (one.status === "unknown" && one.why !== "" ? [one.why] : []));
  return { word, status: { status: "unknown", why: [...new Set(whys)].join("; ") } };
}

type UnknownToCa = Extract<RevocationStatus, { status: "unknown-to-ca" }>;

function newestUnknown(said: readonly RevocationStatus[]): UnknownToCa | null {
  return said
    .filter((one) => one.status === "unknown-to-ca")
    .reduce<UnknownToCa | null>(
      (newest, one) => (newest === null || one.thisUpdate > newest.thisUpdate ? one : newest),
      null,
    );
}

function wordOf(said: RevocationStatus): CaWord {
  switch (said.status) {
    case "good":
      return { revocation: null, goodAt: said.thisUpdate };
    case "revoked": {
      const { by, revocationTime, reason, thisUpdate } = said;
      return { revocation: { by, revocationTime, reason, thisUpdate }, goodAt: null };
    }
    case "unknown-to-ca":
    case "unknown":
      return NO_WORD;
  }
}

/** What was said before, as the sentence of a finding. */
export function keptText({ by, revocationTime, reason, thisUpdate }: Revocation): string {
  const source = by === "OCSP" ? "the OCSP responder" : "the CRL";
  return revokedText(revocationTime, reason, `${source} of ${thisUpdate.toISOString()}`);
}

/** What each response says of the certificate; none: nobody was asked. */
function ocspStatuses(question: Question): readonly RevocationStatus[] {
  const { certificate, issuer, evidence, budget } = question;
  const statusOfDelegate = (delegate: Certificate): DelegateStatus => delegateStatusOf(delegate, question);
  const { at, weaknessOf = NO_WEAKNESS } = evidence;
  return evidence.ocsp
    .filter((one) => one.certificate === certificate.sha256)
    .slice(0, MAX_OCSP_RESPONSES)
    .map(({ response, nonce }) =>
      fromOcsp(checkOcsp({ certificate, issuer, response, nonce, at, statusOfDelegate, weaknessOf, budget })),
    );
}

function fromOcsp(result: OcspStatus): RevocationStatus {
  switch (result.status) {
    case "good":
      return { status: "good", by: "OCSP", thisUpdate: result.thisUpdate };
    case "revoked": {
      const { revocationTime, reason, thisUpdate } = result;
      const detail = revokedText(revocationTime, reason, "the OCSP responder");
      return { status: "revoked", by: "OCSP", revocationTime, reason, thisUpdate, detail };
    }
    case "unknown": {
      const why = "the CA's OCSP responder does not know the certificate";
      return { status: "unknown-to-ca", by: "OCSP", thisUpdate: result.thisUpdate, why };
    }
    case "unusable":
      return { status: "unknown", why: result.detail };
  }
}

function fromCrl(result: CrlStatus): RevocationStatus {
  switch (result.status) {
    case "good":
      return { status: "good", by: "CRL", thisUpdate: result.thisUpdate };
    case "unknown":
      return result;
    case "revoked": {
      const { revocationDate: revocationTime, reason } = result.entry;
      const { thisUpdate } = result.crl;
      const detail = entryText(result);
      return { status: "revoked", by: "CRL", revocationTime, reason, thisUpdate, detail };
    }
  }
}

/**
 * RFC 6960 §4.2.2.2.1: what is known of a responder's own certificate. It stands where the certificate in question stands:
 * the CRLs of that CA speak of it, and the OCSP answers that were asked for about it, those that hang on no other doubt.
 */
function delegateStatusOf(delegate: Certificate, question: Question): DelegateStatus {
  const byCrl = delegateStatusByCrl(delegate, question);
  if (byCrl === "revoked") return byCrl;
  const { issuer, evidence, budget } = question;
  const { at, weaknessOf = NO_WEAKNESS } = evidence;
  const asked = evidence.ocsp
    .filter((one) => one.certificate === delegate.sha256)
    .slice(0, MAX_OCSP_RESPONSES);
  const said = asked.map(({ response, nonce }) =>
    checkOcsp({
      certificate: delegate,
      issuer,
      response,
      nonce,
      at,
      // Nobody clears himself; of another delegate the CRLs speak, or this would go on for ever.
      statusOfDelegate: (other) =>
        other.sha256 === delegate.sha256 ? "unknown" : delegateStatusByCrl(other, question),
      weaknessOf,
      budget,
    }),
  );
  if (said.some(({ status }) => status === "revoked")) return "revoked";
  return byCrl === "good" || said.some(({ status }) => status === "good") ? "good" : "unknown";
}

function delegateStatusByCrl(delegate: Certificate, question: Question): DelegateStatus {
  const { evidence, depth, isBelieved, crlWeaknessOf: weaknessOf, budget } = question;
  const path = [delegate, ...evidence.path.slice(depth + 1)];
  return crlStatusOf({ ...evidence, path, keys: keysOf(path), isBelieved, weaknessOf, budget })(0).status;
}

/**
 * RFC 5280 §6.3.3 (f): a CRL's signer off the path needs a valid path to the same anchor, and what is on it is judged as on
 * the main path: who names somebody to ask must be proven not revoked, who names nobody must not be listed.
 */
function signerPaths(evidence: RevocationEvidence): PathOfSigner {
  const { path, others, at, computing } = evidence;
  const anchor = path.at(-1);
  const judgedAnyway = new Set(path.map(({ sha256 }) => sha256));
  const known = new Map<string, readonly Certificate[] | null>();
  const pathOf: PathOfSigner = (signer) => {
    if (anchor === undefined) return null;
    const before = known.get(signer.sha256);
    if (before !== undefined) return before;
    // Two signers who vouch for each other prove nothing, so a circle counts as not believed.
    known.set(signer.sha256, null);
    const isClear = (found: PathResult): boolean => {
      const verdicts = verdictsBy({ ...evidence, path: found.path }, pathOf);
      return verdicts.every(({ status: { status } }, depth) => {
        const certificate = found.path[depth];
        if (certificate === undefined || judgedAnyway.has(certificate.sha256)) return true;
        return status === "good" || (status === "unknown" && !namesPlace(certificate));
      });
    };
    const found = findPath({
      target: signer,
      intermediates: [...path.slice(0, -1), ...others],
      anchors: [{ certificate: anchor }],
      at,
      ...ANY_POLICY,
      crls: null,
      gravityOf: (result) => (result.valid && isClear(result) ? 0 : 1),
      ...(computing === undefined ? {} : { computing }),
    });
    const believed = found.valid && isClear(found) ? found.path.slice(0, -1) : null;
    known.set(signer.sha256, believed);
    return believed;
  };
  return pathOf;
}

/** The key of each certificate, DSA parameters filled in from above (RFC 5280 §6.1.4 (d) to (f)). */
function keysOf(path: readonly Certificate[]): readonly PublicKey[] {
  const keys: PublicKey[] = [];
  for (const { publicKey } of [...path].reverse()) {
    const above = keys.at(-1);
    keys.push(above === undefined ? publicKey : inheritedKey(publicKey, above));
  }
  return keys.reverse();
}
