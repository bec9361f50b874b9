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
import type { OcspIssuer } from "./ocsp-responder.ts";
import type { OcspResponse } from "./ocsp-response.ts";
import { findPath } from "./path.ts";
import { fullBudget, type PathBudget } from "./path-budget.ts";
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

/** What is known of one certificate. `by` names what was believed, `thisUpdate` says when its CA made it. */
export type RevocationStatus =
  | { readonly status: "good"; readonly by: "OCSP" | "CRL"; readonly thisUpdate: Date }
  | {
      readonly status: "revoked";
      readonly by: "OCSP" | "CRL";
      readonly thisUpdate: Date;
      readonly revocationTime: Date;
      /** CRLReason (RFC 5280 §5.3.1); null when it is not said. */
      readonly reason: number | null;
      /** One English sentence for a finding. */
      readonly detail: string;
    }
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
  const { path } = evidence;
  const keys = keysOf(path);
  const budget = fullBudget(evidence.computing);
  const pathOfSigner = signerPaths(evidence);
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
    if (byOcsp.status !== "unknown") return [byOcsp];
    const byCrl = fromCrl(crlStatus(depth));
    if (byCrl.status !== "unknown" || byOcsp.why === "") return [byCrl];
    return [{ status: "unknown", why: `${byOcsp.why}; ${byCrl.why}` }];
  });
}

/** Revoked as soon as one answer says so, whatever the others say; an empty `why`: nobody was asked. */
function ocspStatus(question: Question): RevocationStatus {
  const { certificate, issuer, evidence, budget } = question;
  const isUnrevoked = (responder: Certificate): boolean => isResponderUnrevoked(responder, question);
  let good: Date | null = null;
  let why = "";
  const asked = evidence.ocsp.filter((one) => one.certificate === certificate.sha256);
  for (const { response, nonce } of asked.slice(0, MAX_OCSP_RESPONSES)) {
    const { at, weaknessOf = NO_WEAKNESS } = evidence;
    const result = checkOcsp({ certificate, issuer, response, nonce, at, isUnrevoked, weaknessOf, budget });
    if (result.status === "revoked") return revokedByOcsp(result);
    if (result.status === "good") good = result.thisUpdate;
    else if (result.status === "unusable") why = result.detail;
    else why = "the OCSP responder does not know the certificate";
  }
  return good === null ? { status: "unknown", why } : { status: "good", by: "OCSP", thisUpdate: good };
}

function revokedByOcsp(result: OcspStatus & { readonly status: "revoked" }): RevocationStatus {
  const { revocationTime, reason, thisUpdate } = result;
  const detail = revokedText(revocationTime, reason, "the OCSP responder");
  return { status: "revoked", by: "OCSP", thisUpdate, revocationTime, reason, detail };
}

function fromCrl(result: CrlStatus): RevocationStatus {
  switch (result.status) {
    case "good":
      return { status: "good", by: "CRL", thisUpdate: result.thisUpdate };
    case "unknown":
      return result;
    case "revoked": {
      const { revocationDate, reason } = result.entry;
      return {
        status: "revoked",
        by: "CRL",
        thisUpdate: result.crl.thisUpdate,
        revocationTime: revocationDate,
        reason,
        detail: entryText(result),
      };
    }
  }
}

/** RFC 6960 §4.2.2.2.1: a responder's certificate stands where the certificate in question stands, and has its CRLs. */
function isResponderUnrevoked(responder: Certificate, question: Question): boolean {
  const { evidence, depth, isBelieved, crlWeaknessOf: weaknessOf, budget } = question;
  const path = [responder, ...evidence.path.slice(depth + 1)];
  const status = crlStatusOf({ ...evidence, path, keys: keysOf(path), isBelieved, weaknessOf, budget });
  return status(0).status === "good";
}

/**
 * RFC 5280 §6.3.3 (f): a CRL's signer off the path needs a valid path to the same anchor, himself not revoked.
 * @returns that path without the anchor, or null
 */
function signerPaths({
  path,
  others,
  crls,
  at,
  computing,
}: RevocationEvidence): (signer: Certificate) => readonly Certificate[] | null {
  const anchor = path.at(-1);
  const known = new Map<string, readonly Certificate[] | null>();
  return (signer) => {
    if (anchor === undefined) return null;
    const before = known.get(signer.sha256);
    if (before !== undefined) return before;
    const found = findPath({
      target: signer,
      intermediates: [...path.slice(0, -1), ...others],
      anchors: [{ certificate: anchor }],
      at,
      acceptablePolicies: null,
      explicitPolicy: false,
      inhibitAnyPolicy: false,
      inhibitPolicyMapping: false,
      crls,
      ...(computing === undefined ? {} : { computing }),
    });
    const believed = found.valid ? found.path.slice(0, -1) : null;
    known.set(signer.sha256, believed);
    return believed;
  };
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
