/** Who signed a CRL, and may he: RFC 5280 §6.3.3 (f)(g). */
import type { Certificate } from "./certificate.ts";
import type { Crl } from "./crl.ts";
import { equalBytes } from "./der.ts";
import { sameName } from "./name.ts";
import { type PathBudget, signatureVerdict } from "./path-budget.ts";
import type { PublicKey } from "./public-key.ts";

/** A certificate that may have signed a CRL. */
export interface CrlSigner {
  readonly certificate: Certificate;
  /** Its key, DSA parameters filled in. */
  readonly key: PublicKey;
  /** It stands on the path that is being judged anyway, so its own path needs no second look. */
  readonly onPath: boolean;
}

/**
 * The signer of a CRL among the candidates, or null.
 * @param isBelieved whether a certificate that is not on the path has a valid path of its own, to the same trust anchor
 */
export function signerOf(
  crl: Crl,
  candidates: readonly CrlSigner[],
  budget: PathBudget,
  isBelieved: (certificate: Certificate) => boolean,
): CrlSigner | null {
  const named = candidates
    .filter(({ certificate }) => sameName(certificate.subject, crl.issuer) && maySign(certificate))
    .sort((left, right) => Number(fits(crl, right)) - Number(fits(crl, left)));
  for (const signer of named) {
    if (signatureVerdict(crl, signer.key, budget) !== "valid") continue; // (g)
    if (signer.onPath || isBelieved(signer.certificate)) return signer; // (f)
  }
  return null;
}

/** RFC 5280 §6.3.3 (f): cRLSign, if there is a keyUsage at all. */
function maySign({ extensions }: Certificate): boolean {
  return extensions.keyUsage === null || extensions.keyUsage.has("cRLSign");
}

function fits({ authorityKeyIdentifier: wanted }: Crl, { certificate }: CrlSigner): boolean {
  const found = certificate.extensions.subjectKeyIdentifier;
  return wanted !== null && found !== null && equalBytes(wanted, found);
}
