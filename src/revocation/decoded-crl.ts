/**
 * CRLs as bytes, decoded once: kept ones are the same buffer for every mail, and a digest, a signature and a walk over
 * megabytes are not to be paid for each.
 */
import {
  type Certificate,
  type Crl,
  type CrlHeader,
  type ParseProblem,
  parseCrl,
  parseCrlHeader,
  verifySignature,
} from "../pki/index.ts";

interface Decoded {
  readonly header: CrlHeader | ParseProblem;
  crl: Crl | ParseProblem | null;
  /** By the signer's key. */
  readonly signed: Map<string, boolean>;
}

const decoded = new WeakMap<Uint8Array, Decoded>();

/** All of a CRL but its entries (RFC 5280 §5.1), or why it is none. */
export function crlHeaderOf(der: Uint8Array): CrlHeader | ParseProblem {
  return decodedOf(der).header;
}

/** A CRL with its entries, or why it is none. */
export function crlOf(der: Uint8Array): Crl | ParseProblem {
  const known = decodedOf(der);
  known.crl ??= parseCrl(der);
  return known.crl;
}

/** Whether this certificate's key signed the CRL (RFC 5280 §6.3.3 (g)). @param crl its header */
export function isSignedBy(der: Uint8Array, crl: CrlHeader, { spkiSha256, publicKey }: Certificate): boolean {
  const { signed } = decodedOf(der);
  const before = signed.get(spkiSha256);
  if (before !== undefined) return before;
  const valid = verifySignature(crl.signatureAlgorithm, publicKey, crl.tbs, crl.signature) === "valid";
  signed.set(spkiSha256, valid);
  return valid;
}

function decodedOf(der: Uint8Array): Decoded {
  const before = decoded.get(der);
  if (before !== undefined) return before;
  const found: Decoded = { header: parseCrlHeader(der), crl: null, signed: new Map() };
  decoded.set(der, found);
  return found;
}
