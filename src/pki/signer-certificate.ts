/** Which certificate a CMS identifier names: a signer's (RFC 5652 §5.3) or a preferred encryption one (RFC 8551 §2.5.3). */
import { createHash } from "node:crypto";
import type { Certificate } from "./certificate.ts";
import { readIssuerAndSerial, type SignerIdentifier } from "./cms.ts";
import {
  attempt,
  context,
  contextConstructed,
  DerError,
  DerReader,
  equalBytes,
  isProblem,
  TAG,
} from "./der.ts";
import { sameName } from "./name.ts";
import { keyBits } from "./public-key.ts";

/** True when the identifier names this certificate. */
export function identifies(identifier: SignerIdentifier, certificate: Certificate): boolean {
  if (identifier.form === "subjectKeyIdentifier")
    return equalBytes(keyIdentifier(certificate), identifier.keyIdentifier);
  return identifier.serial === certificate.serial && sameName(identifier.issuer, certificate.issuer);
}

/** The subjectKeyIdentifier; without the extension the SHA-1 of the key (RFC 5280 §4.2.1.2 (1)), as clients compute it. */
function keyIdentifier({ extensions, publicKey }: Certificate): Uint8Array {
  return extensions.subjectKeyIdentifier ?? createHash("sha1").update(keyBits(publicKey)).digest();
}

/**
 * The certificate that an sMIMEEncryptionKeyPreference names, or null when the value is null, malformed, or names one
 * that is not at hand.
 * @param value the DER of the attribute's value
 */
export function encryptionPreference(
  value: Uint8Array | null,
  certificates: readonly Certificate[],
): Certificate | null {
  if (value === null) return null;
  const identifier = attempt(() => readPreference(value));
  if (isProblem(identifier)) return null;
  return certificates.find((certificate) => identifies(identifier, certificate)) ?? null;
}

/** SMIMEEncryptionKeyPreference ::= CHOICE of three, IMPLICIT tags (RFC 8551 §2.5.3). */
function readPreference(value: Uint8Array): SignerIdentifier {
  const what = "SMIMEEncryptionKeyPreference";
  const reader = new DerReader(value);
  const issuerAndSerial = reader.enterOptional(contextConstructed(0), what);
  if (issuerAndSerial !== null) return readIssuerAndSerial(issuerAndSerial);
  const recipient = reader.enterOptional(contextConstructed(1), what);
  if (recipient !== null) {
    // RecipientKeyIdentifier (RFC 5652 §6.2.2): date and other attributes behind it name nothing more.
    return { form: "subjectKeyIdentifier", keyIdentifier: recipient.content(TAG.octetString, what) };
  }
  const keyIdentifier = reader.contentOptional(context(2), what);
  if (keyIdentifier === null) throw new DerError(`${what}: unknown form`);
  return { form: "subjectKeyIdentifier", keyIdentifier };
}
