/**
 * Is a certificate of a path revoked? OCSP responses and CRLs that are at hand, judged together. The path itself has
 * been validated elsewhere; here it only says who issued whom.
 */
import { NO_WEAKNESS, type WeaknessOf } from "./answer-strength.ts";
import type { Certificate } from "./certificate.ts";
import type { Computing } from "./computing.ts";
import type { Crl } from "./crl.ts";
import { type CrlStatus, crlStatusOf, entryText, revokedText } from "./crl-check.ts";
import type { CrlSigner } from "./crl-signer.ts";
import { inheritedKey } from "./dsa-inheritance.ts";
import { MAX_OCSP_RESPONSES } from "./limits.ts";
import { checkOcsp, type OcspStatus } from "./ocsp-check.ts";
import { type DelegateStatus, namesPlace, type OcspIssuer } from "./ocsp-responder.ts";
import type { OcspResponse } from "./ocsp-response.ts";
import { findPath } from "./path.ts";
import { fullBudget, type PathBudget } from "./path-budget.ts";
import type { PathResult } from "./path-result.ts";
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
}

/** What is known of one certificate. `by` names what was believed. */
export type RevocationStatus =
  | { readonly status: "good"; readonly by: "OCSP" | "CRL" }
  | {
      readonly status: "revoked";
      readonly by: "OCSP" | "CRL";
      readonly revocationTime: Date;
      /** CRLReason (RFC 5280 §5.3.1); null when it is not said. */
      readonly reason: number | null;
      /** One English sentence for a finding. */
      readonly detail: string;
    }
  /** A responder that speaks for the CA has signed that it does not know the certificate (RFC 6960 §2.2): no silence. */
  | { readonly status: "unknown-to-ca"; readonly by: "OCSP"; readonly thisUpdate: Date; readonly why: string }
  | { readonly status: "unknown"; readonly why: string };

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
 * The status of each certificate of a path below its anchor, target first (RFC 5280 §6.1.3 (a)(3)). A timely OCSP answer
 * comes first, because it is made for this certificate and as a rule newer; else the CRLs decide (RFC 5280 §6.3.3).
 * The effort is bounded by `limits.ts`. Never throws.
 */
export function revocationStatuses(evidence: RevocationEvidence): readonly RevocationStatus[] {
  return statusesBy(evidence, signerPaths(evidence));
}

/** The path without the anchor of a CRL's signer off the path; null when he is not believed. */
type PathOfSigner = (signer: Certificate) => readonly Certificate[] | null;

function statusesBy(evidence: RevocationEvidence, pathOfSigner: PathOfSigner): readonly RevocationStatus[] {
  const { path } = evidence;
  const keys = keysOf(path);
  const budget = fullBudget(evidence.computing);
  const isBelieved = (signer: Certificate): boolean => pathOfSigner(signer) !== null;
  const weaknessOf = evidence.weaknessOf ?? NO_WEAKNESS;
  const crlWeaknessOf = ({ signatureAlgorithm }: Crl, { certificate, onPath }: CrlSigner): string | null =>
    weaknessOf({ signatureAlgorithm, signers: (onPath ? null : pathOfSigner(certificate)) ?? [] });
  const crlStatus = crlStatusOf({ ...evidence, keys, isBelieved, weaknessOf: crlWeaknessOf, budget });
  return path.slice(0, -1).flatMap((certificate, depth): RevocationStatus[] => {
    const [above, key] = [path[depth + 1], keys[depth + 1]];
    if (above === undefined || key === undefined) return [];
    const issuer = { certificate: above, key };
    const byOcsp = ocspStatus({ certificate, issuer, depth, evidence, isBelieved, crlWeaknessOf, budget });
    if (byOcsp.status === "good" || byOcsp.status === "revoked") return [byOcsp];
    const byCrl = fromCrl(crlStatus(depth));
    // RFC 6960 §2.2: who does not know the certificate leaves it to another source, a CRL.
    if (byOcsp.status === "unknown-to-ca") return [byCrl.status === "unknown" ? byOcsp : byCrl];
    if (byCrl.status !== "unknown" || byOcsp.why === "") return [byCrl];
    return [{ status: "unknown", why: `${byOcsp.why}; ${byCrl.why}` }];
  });
}

/**
 * Revoked as soon as one answer says so, whatever the others say; else the newest word, of the same time "unknown". An empty
 * `why`: nobody was asked.
 */
function ocspStatus(question: Question): RevocationStatus {
  const { certificate, issuer, evidence, budget } = question;
  const statusOfDelegate = (delegate: Certificate): DelegateStatus => delegateStatusOf(delegate, question);
  let newest: (OcspStatus & { readonly status: "good" | "unknown" }) | null = null;
  let why = "";
  const asked = evidence.ocsp.filter((one) => one.certificate === certificate.sha256);
  for (const { response, nonce } of asked.slice(0, MAX_OCSP_RESPONSES)) {
    const { at, weaknessOf = NO_WEAKNESS } = evidence;
    const input = { certificate, issuer, response, nonce, at, statusOfDelegate, weaknessOf, budget };
    const result = checkOcsp(input);
    if (result.status === "revoked") return revokedByOcsp(result);
    if (result.status === "unusable") why = result.detail;
    else if (newest === null || result.thisUpdate > newest.thisUpdate) newest = result;
    else if (result.status === "unknown" && result.thisUpdate >= newest.thisUpdate) newest = result;
  }
  if (newest === null) return { status: "unknown", why };
  if (newest.status === "good") return { status: "good", by: "OCSP" };
  const { thisUpdate } = newest;
  return {
    status: "unknown-to-ca",
    by: "OCSP",
    thisUpdate,
    why: "the CA's OCSP responder does not know the certificate",
  };
}

function revokedByOcsp(result: OcspStatus & { readonly status: "revoked" }): RevocationStatus {
  const { revocationTime, reason } = result;
  const detail = revokedText(revocationTime, reason, "the OCSP responder");
  return { status: "revoked", by: "OCSP", revocationTime, reason, detail };
}

function fromCrl(result: CrlStatus): Exclude<RevocationStatus, { status: "unknown-to-ca" }> {
  switch (result.status) {
    case "good":
      return { status: "good", by: "CRL" };
    case "unknown":
      return result;
    case "revoked": {
      const { revocationDate, reason } = result.entry;
      return {
        status: "revoked",
        by: "CRL",
        revocationTime: revocationDate,
        reason,
        detail: entryText(result),
      };
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
      const statuses = statusesBy({ ...evidence, path: found.path }, pathOf);
      return statuses.every(({ status }, depth) => {
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
      acceptablePolicies: null,
      explicitPolicy: false,
      inhibitAnyPolicy: false,
      inhibitPolicyMapping: false,
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
