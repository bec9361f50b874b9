/** Which paths of a message's certificates a CA is to be asked about before they can be believed. Pure. */
import { isProblem, recentCertificate } from "../pki/index.ts";
import type { Policy } from "../policy.ts";
import type { CertificateReport, Inspection } from "./inspection.ts";
import { namesAnswerer, type TrustStore } from "./trust.ts";
import { mayVouch } from "./vouch.ts";

/** A certificate with its valid path; somebody on it names a CRL or an OCSP responder. Plain data. */
export interface PathToAsk {
  /** SHA-256 of the certificate. */
  readonly certificate: string;
  /** DER of each certificate, the certificate first, its anchor last. */
  readonly path: readonly Uint8Array[];
}

/**
 * The paths of a message about which to ask. Only where the answer can matter, and never before the signature is right
 * and the path ends in an anchor (PRODUCT §5): else anybody could have us fetch what he likes. Each certificate has the
 * errors of its signature among its findings, so what would be accepted is asked about, whatever else the mail holds.
 * Empty when the policy asks nobody, and when CRLs were given with the trust store: they were part of the path then.
 */
export function pathsToAsk(
  { certificates }: Inspection,
  trust: TrustStore,
  policy: Policy["certificates"],
): readonly PathToAsk[] {
  if (asksNobody(trust, policy)) return [];
  const believed = certificates.filter(isBelieved);
  // A signer whose key cannot encrypt still vouches for the certificate beside his (RFC 8551 §2.5.3).
  const vouching = believed.length === 0 ? undefined : certificates.find(mayVouch);
  const asked = vouching === undefined || believed.includes(vouching) ? believed : [vouching, ...believed];
  return asked.flatMap((report) => pathToAsk(report, trust));
}

function asksNobody(trust: TrustStore, policy: Policy["certificates"]): boolean {
  return policy.revocation === "off" || trust.crls !== null;
}

/**
 * The inspection with all its certificates noted about whom somebody could be asked, whatever else is said of them: what
 * the plan is held against (`decide/invariant.ts`).
 */
export function withUnasked(
  inspection: Inspection,
  trust: TrustStore,
  policy: Policy["certificates"],
): Inspection {
  if (asksNobody(trust, policy)) return inspection;
  const paths = inspection.certificates.flatMap((report) => pathToAsk(report, trust));
  return { ...inspection, unasked: paths.map(({ certificate }) => certificate) };
}

/** Nothing forbids it for ever, and it came with a signature. */
function isBelieved({ findings }: CertificateReport): boolean {
  return findings.every(({ code, severity }) => severity !== "error" && code !== "signature.none");
}

/** The path of one certificate, whatever else is said of it; none when there is nobody to ask. */
export function pathToAsk(
  report: Pick<CertificateReport, "sha256" | "der" | "path">,
  trust: TrustStore,
): readonly PathToAsk[] {
  return revocablePath(report, trust).filter(({ path }) => path.slice(0, -1).some(namesRevocation));
}

/** The valid path of one certificate with its anchor; none for an anchor, above whom nobody stands who could revoke it (RFC 5280 §6.1). */
export function revocablePath(
  { sha256, der, path }: Pick<CertificateReport, "sha256" | "der" | "path">,
  trust: TrustStore,
): readonly PathToAsk[] {
  const anchor = trust.anchors.find(({ certificate }) => certificate.sha256 === path.anchor)?.certificate;
  if (!path.valid || anchor === undefined || anchor.sha256 === sha256) return [];
  return [{ certificate: sha256, path: [der, ...path.intermediates, anchor.der] }];
}

function namesRevocation(der: Uint8Array): boolean {
  const certificate = recentCertificate(der);
  return !isProblem(certificate) && namesAnswerer(certificate);
}
