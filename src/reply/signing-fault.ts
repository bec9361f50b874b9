import { sameAddress } from "../mail/index.ts";
import { certificateAddresses, OID } from "../pki/index.ts";
import type { SigningIdentity } from "./identity.ts";

/** Why a reader's mail program would refuse our signature. */
export type SigningFault = "expired" | "not-yet-valid" | "address" | "usage";

/**
 * Why readers' mail programs would refuse a signature of this identity now (RFC 8550 §3, §4.4.2, §4.4.4), or null. A mail
 * then leaves unsigned: a signature that shows as wrong is worse than none, and an answer that is not sent is worse than both.
 * @param from the bare address of the From field
 */
export function signingFault(
  { certificate }: Pick<SigningIdentity, "certificate">,
  from: string,
  now: Date,
): SigningFault | null {
  const { notBefore, notAfter, extensions } = certificate;
  if (now > notAfter) return "expired";
  if (now < notBefore) return "not-yet-valid";
  const { addresses } = certificateAddresses(certificate);
  if (!addresses.some((named) => sameAddress(named, from, { exactLocalPart: false }))) return "address";
  const { keyUsage, extendedKeyUsage } = extensions;
  const signs = keyUsage === null || keyUsage.has("digitalSignature") || keyUsage.has("nonRepudiation");
  const purposes: readonly string[] = [OID.emailProtection, OID.anyExtendedKeyUsage];
  const forMail = extendedKeyUsage === null || extendedKeyUsage.some((oid) => purposes.includes(oid));
  return signs && forMail ? null : "usage";
}
