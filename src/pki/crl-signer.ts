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

/** Who signed a CRL; or why nobody is known who may have, as the sentence of a finding. */
export type SignerVerdict =
  | { readonly known: true; readonly signer: CrlSigner }
  | { readonly known: false; readonly why: string };

/**
 * The signer of a CRL among the candidates (RFC 5280 §6.3.3 (f)(g)).
 * @param isBelieved whether a certificate that is not on the path has a valid path of its own, to the same trust anchor
 * @returns the signer, or why none is known: an algorithm that cannot be computed is no forgery
 */
export function signerOf(
  crl: Crl,
  candidates: readonly CrlSigner[],
  budget: PathBudget,
  isBelieved: (certificate: Certificate) => boolean,
): SignerVerdict {
  const named = candidates
    .filter(({ certificate }) => sameName(certificate.subject, crl.issuer) && maySign(certificate))
    .sort((left, right) => Number(fits(crl, right)) - Number(fits(crl, left)));
  let why = `the CRL of ${crl.issuer.text} is not signed by anyone who may sign it`;
  for (const signer of named) {
    const verdict = signatureVerdict(crl, signer.key, budget);
    if (verdict === "unsupported") {
      const { oid } = crl.signatureAlgorithm;
      why = `the CRL of ${crl.issuer.text} has a signature that cannot be checked (${oid}, ${signer.key.name})`;
    }
    if (verdict !== "valid") continue; // (g)
    if (signer.onPath || isBelieved(signer.certificate)) return { known: true, signer }; // (f)
  }
  return { known: false, why };
}

/** RFC 5280 §6.3.3 (f): cRLSign, if there is a keyUsage at all. */
function maySign({ extensions }: Certificate): boolean {
  return extensions.keyUsage === null || extensions.keyUsage.has("cRLSign");
}

function fits({ authorityKeyIdentifier: wanted }: Crl, { certificate }: CrlSigner): boolean {
  const found = certificate.extensions.subjectKeyIdentifier;
  return wanted !== null && found !== null && equalBytes(wanted, found);
}
