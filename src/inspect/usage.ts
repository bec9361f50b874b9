import { type Certificate, OID } from "../pki/index.ts";
import { type Finding, finding } from "./finding.ts";

/** What a certificate's key may be used for in mail. */
export interface Usage {
  readonly sign: boolean;
  readonly encrypt: boolean;
}

/** Keys that can decrypt themselves (RSA) and keys that agree on a secret (RFC 8551 §2.3, RFC 5753). */
const TRANSPORT = new Set(["RSA"]);
const AGREEMENT = new Set(["EC"]);
/** Those of RFC 8418 too, but no two mail programs read what is encrypted to them: its holder could not decrypt it (PRODUCT §3). */
const UNREAD = new Set(["X25519", "X448"]);
const SIGNING = new Set(["RSA", "RSA-PSS", "EC", "Ed25519", "Ed448", "DSA"]);

/**
 * What the keyUsage bits and the kind of the key allow (RFC 8550 §4.4.2, RFC 5280 §4.2.1.3); no keyUsage allows
 * everything that the key can do.
 */
export function usageOf(certificate: Certificate): Usage {
  const bits = certificate.extensions.keyUsage;
  const kind = certificate.publicKey.kind;
  const may = (...names: readonly KeyUsageName[]) => bits === null || names.some((name) => bits.has(name));
  return {
    sign: SIGNING.has(kind) && may("digitalSignature", "nonRepudiation"),
    encrypt: (TRANSPORT.has(kind) && may("keyEncipherment")) || (AGREEMENT.has(kind) && may("keyAgreement")),
  };
}

type KeyUsageName = Parameters<NonNullable<Certificate["extensions"]["keyUsage"]>["has"]>[0];

/**
 * What speaks against a signature by this certificate: a keyUsage that allows neither of the uses that stand for a
 * signature over mail (RFC 8550 §4.4.2). Such a key may be held by others, or sign whatever it is given to decrypt.
 */
export function signingFindings({ extensions: { keyUsage } }: Certificate): Finding[] {
  const maySign = keyUsage === null || keyUsage.has("digitalSignature") || keyUsage.has("nonRepudiation");
  return maySign ? [] : [finding("cert.cannot-sign")];
}

/** A CA certificate is nobody's mailbox (RFC 5280 §4.2.1.9). */
export function isCa(certificate: Certificate): boolean {
  const { basicConstraints, keyUsage } = certificate.extensions;
  return basicConstraints?.ca === true || keyUsage?.has("keyCertSign") === true;
}

/** RFC 8550 §4.4.4: emailProtection, anyExtendedKeyUsage, or no extended key usage at all. */
export function allowsEmail(certificate: Certificate): boolean {
  const purposes = certificate.extensions.extendedKeyUsage;
  return (
    purposes === null || purposes.includes(OID.emailProtection) || purposes.includes(OID.anyExtendedKeyUsage)
  );
}

/**
 * Whether all CAs of a path may vouch for mail: an extended key usage of a CA narrows what it can (RFC 8550 §4.4.4).
 * @param path target first
 */
export function pathUsageFindings(path: readonly Certificate[]): Finding[] {
  const narrowed = path.slice(1).find((above) => !allowsEmail(above));
  if (narrowed === undefined) return [];
  return [finding("path.usage", `the CA ${narrowed.subject.text} is not allowed to issue for e-mail`)];
}

/**
 * Whether mail may be encrypted to it.
 * @param encryptionBeside an encryption certificate of the same person stands beside (dual key pair, RFC 8551 §2.5.3)
 */
export function usageFindings(certificate: Certificate, encryptionBeside: boolean): Finding[] {
  const findings: Finding[] = [];
  if (isCa(certificate)) findings.push(finding("cert.ca"));
  if (!allowsEmail(certificate)) findings.push(finding("cert.usage"));
  const usage = usageOf(certificate);
  if (usage.encrypt) return findings;
  if (usage.sign) {
    findings.push(
      encryptionBeside
        ? finding(
            "cert.sign-only",
            "the key signs only; the encryption certificate beside it is used",
            "info",
          )
        : finding("cert.sign-only"),
    );
  } else {
    findings.push(finding("cert.key-unsupported", keyAdvice(certificate.publicKey)));
  }
  return findings;
}

/** Why nothing can be done in mail with a key of this kind, whatever its keyUsage (RFC 8551 §2.2, §2.3); null where something can. */
export function unusableKind({ publicKey }: Certificate): string | null {
  const { kind } = publicKey;
  return TRANSPORT.has(kind) || AGREEMENT.has(kind) || SIGNING.has(kind) ? null : keyAdvice(publicKey);
}

/** Why mail cannot be encrypted to a key, and what to get instead. */
function keyAdvice({ kind, name }: Certificate["publicKey"]): string {
  return UNREAD.has(kind)
    ? `hardly any mail program can decrypt what is encrypted to ${name}; a key of RSA or on P-256 is read by all`
    : `mail cannot be encrypted to a key of the kind ${name}`;
}
