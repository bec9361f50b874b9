/** Whether a signer's certificate came along after all, in a form that cannot be decoded. */
import type { SignedData, SignerIdentifier, UnreadableCertificate } from "./cms.ts";

/**
 * The unreadable certificate that a signer identifier means, when no readable one fits: it holds the octets of the issuer and
 * serial number, or of the key identifier; or nothing else came along.
 * @returns null when the certificate is not there
 */
export function unreadableSigner(
  { certificates, unreadable }: Pick<SignedData, "certificates" | "unreadable">,
  identifier: SignerIdentifier,
): UnreadableCertificate | null {
  const [only] = unreadable;
  if (only !== undefined && unreadable.length === 1 && certificates.length === 0) return only;
  return unreadable.find(({ raw }) => octetsOf(identifier).every((octets) => holds(raw, octets))) ?? null;
}

function octetsOf(identifier: SignerIdentifier): readonly Uint8Array[] {
  if (identifier.form === "subjectKeyIdentifier") return [identifier.keyIdentifier];
  return [identifier.issuer.der, Buffer.from(identifier.serial.replace(/^-/, ""), "hex")];
}

function holds(raw: Uint8Array, octets: Uint8Array): boolean {
  return Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).includes(Buffer.from(octets));
}
