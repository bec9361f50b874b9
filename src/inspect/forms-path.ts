/** Whether CA certificates are what they are handed out as: the path of a certificate. Pure. */
import { createHash } from "node:crypto";
import { type Certificate, isProblem, recentCertificate, verifySignature } from "../pki/index.ts";
import { isCa } from "./usage.ts";

/** No path is longer (`pki` gives up earlier); a longer list was put there by somebody. */
const LONGEST = 10;

/** What was found out, by the SHA-256 over all of it: a company's mailboxes are answered with the same over and over. */
const KNOWN = new Map<string, boolean>();
const REMEMBERED = 1_000;

/**
 * Whether each of the CA certificates has issued the one before it, the first of them the certificate itself: names, CA,
 * signature (RFC 5280 §6.1.3 (a)(1) and (4), §6.1.4 (k)). Whether anybody trusts the last is not asked, nor the time.
 * @param certificate DER
 * @param chain DER, nearest first; an empty one forms a path
 */
export function formsPath(certificate: Uint8Array, chain: readonly Uint8Array[]): boolean {
  if (chain.length === 0) return true;
  if (chain.length > LONGEST) return false;
  const digest = createHash("sha256");
  for (const der of [certificate, ...chain]) digest.update(`${der.length} `).update(der);
  const key = digest.digest("hex");
  const known = KNOWN.get(key);
  if (known !== undefined) return known;
  if (KNOWN.size >= REMEMBERED) KNOWN.clear();
  const forms = eachIssued([certificate, ...chain]);
  KNOWN.set(key, forms);
  return forms;
}

function eachIssued(ders: readonly Uint8Array[]): boolean {
  const path = ders.map(recentCertificate);
  return path.slice(1).every((issuer, depth) => {
    const below = path[depth];
    return below !== undefined && !isProblem(below) && !isProblem(issuer) && hasIssued(issuer, below);
  });
}

function hasIssued(issuer: Certificate, below: Certificate): boolean {
  return (
    isCa(issuer) &&
    issuer.subject.canonical === below.issuer.canonical &&
    verifySignature(below.signatureAlgorithm, issuer.publicKey, below.tbs, below.signature) === "valid"
  );
}
