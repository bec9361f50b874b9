/** What CAs have said before of a certificate (`ca-word.ts` of pki), for whoever has no answer at hand. Pure. */
import { type CaWord, keptText, type Revocation, standing } from "../pki/index.ts";
import { type Finding, finding } from "./finding.ts";

/** What CAs have said of a certificate until now. */
export interface KnownWord {
  /** SHA-256 of the certificate. */
  readonly certificate: string;
  readonly word: CaWord;
}

/**
 * That a CA has revoked a certificate.
 * @param isAbove it is a CA's, above the certificate that is judged
 */
export function revokedBefore(revocation: Revocation, isAbove: boolean): Finding {
  return finding(
    "revocation.revoked",
    `${isAbove ? "a CA certificate above it: " : ""}${keptText(revocation)}`,
  );
}

/**
 * What stands against a certificate by all that is known.
 * @param sha256 of the certificate; other words are of those above it
 */
export function knownFindings(sha256: string, words: readonly KnownWord[]): readonly Finding[] {
  return words.flatMap(({ certificate, word }) => {
    const revocation = standing(word);
    return revocation === null ? [] : [revokedBefore(revocation, certificate !== sha256)];
  });
}
