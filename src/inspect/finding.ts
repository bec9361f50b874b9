/**
 * The one table of findings: every reason that can stand behind a verdict.
 *
 * A code is API: it never changes its meaning. What a finding says to a partner, in his language, stands under the
 * same code in `data/texts/<language>/findings.txt`; a test keeps the two equal.
 */

/** `error`: it can never be right (rejected). `warning`: a person must decide (pending). `info`: noted. */
export type Severity = "error" | "warning" | "info";

interface Rule {
  readonly severity: Severity;
  /** The standard's section, `RFC nnnn §x.y`, or PRODUCT's where no standard speaks. */
  readonly section: string;
  /** What it means, for an admin. */
  readonly meaning: string;
}

export const FINDINGS = {
  // The CMS signature over the mail.
  "signature.unreadable": rule("error", "RFC 5652 §5.1", "the CMS structure cannot be read"),
  "signature.none": rule(
    "warning",
    "RFC 8551 §3.2.2",
    "the certificate came without a signature over the mail",
  ),
  "signature.no-signer": rule("error", "RFC 5652 §5.3", "the signer's certificate is not in the mail"),
  "signature.broken": rule("error", "RFC 5652 §5.6", "the signature does not match the signer's key"),
  "signature.digest-mismatch": rule("error", "RFC 5652 §5.6", "the signed content was changed after signing"),
  "signature.attributes": rule(
    "error",
    "RFC 5652 §5.3",
    "the signed attributes are not as the standard demands",
  ),
  "signature.content-type": rule(
    "error",
    "RFC 5652 §11.1",
    "the signed content type is not that of the content",
  ),
  "signature.algorithm": rule("error", "RFC 5652 §10.1", "an unknown or inconsistent signature algorithm"),
  "signature.digest-forbidden": rule(
    "error",
    "RFC 8551 §2.1",
    "the message digest is one that anybody can forge (MD5 and older)",
  ),
  "signature.digest-weak": rule("warning", "RFC 8551 §2.1", "the message digest is SHA-1"),
  "signature.detached-content": rule(
    "error",
    "RFC 8551 §3.5.3",
    "a detached signature that carries a content of its own",
  ),
  "signature.partial": rule("warning", "RFC 8551 §3.5", "the signed part is not the whole mail"),
  "signature.line-ends": rule(
    "info",
    "RFC 8551 §3.1.1",
    "line ends were brought to the canonical form before the check",
  ),
  "signature.no-time": rule("info", "RFC 8551 §2.5.1", "the signature carries no signing time"),
  "signature.replay": rule("warning", "PRODUCT §3", "signed long before or after the mail arrived"),

  // The certificate and the address.
  "cert.unreadable": rule("error", "RFC 5280 §4.1", "the certificate cannot be read"),
  "cert.expired": rule("error", "RFC 5280 §6.1.3", "the certificate has expired"),
  "cert.not-yet-valid": rule("error", "RFC 5280 §6.1.3", "the certificate is not valid yet"),
  "cert.ca": rule("error", "RFC 5280 §4.2.1.9", "a CA certificate, not that of a mail user"),
  "cert.sign-only": rule(
    "error",
    "RFC 8550 §4.4.2",
    "the key may sign but not encrypt, and no encryption certificate came along",
  ),
  "cert.usage": rule("error", "RFC 8550 §4.4.4", "the extended key usage does not allow e-mail protection"),
  "cert.weak-key": rule("error", "RFC 8550 §4.3", "the key is too weak or malformed"),
  "cert.key-unsupported": rule("error", "RFC 8551 §2.3", "mail cannot be encrypted to a key of this kind"),
  "cert.private-key": rule("error", "PRODUCT §3", "the private key of this certificate was sent along"),
  "cert.barred": rule("error", "PRODUCT §3", "this public key was revoked here before"),
  "cert.domain": rule(
    "warning",
    "RFC 3183 §4",
    "a certificate of a whole domain or gateway, not of one mailbox",
  ),
  "cert.pinned": rule("warning", "PRODUCT §3", "another key was approved for this address by hand"),
  "cert.pending-cap": rule("error", "PRODUCT §3", "too many certificates of this domain wait for a decision"),
  "address.mismatch": rule("error", "RFC 8550 §3", "the certificate names another address than From"),
  "address.missing": rule("error", "RFC 8550 §3", "the certificate names no mail address"),
  "address.subject": rule(
    "info",
    "RFC 8550 §3",
    "the address stands in the subject only, as in old certificates",
  ),
  "address.from": rule("error", "RFC 5322 §3.6.2", "the mail does not have exactly one From address"),
  "mail.private-key": rule(
    "warning",
    "PRODUCT §3",
    "a private key came along that cannot be compared (PKCS#12, behind a password); it may be that of the certificate",
  ),
  "mail.authentication": rule(
    "error",
    "RFC 7489 §6.6",
    "the sender's domain says that this mail is not from it (DMARC)",
  ),

  // The certification path.
  "path.self-signed": rule("warning", "RFC 5280 §6.1", "self-signed: no CA stands behind it"),
  "path.issuer-missing": rule("warning", "RFC 5280 §6.1", "the issuer's certificate is missing"),
  "path.unknown-ca": rule("warning", "RFC 5280 §6.1", "the path ends in a CA that is not trusted here"),
  "path.issuer-key": rule(
    "warning",
    "RFC 5280 §6.1.3",
    "the issuer has the name of a known CA but another key signed",
  ),
  "path.anchor-domain": rule("warning", "PRODUCT §3", "the CA is trusted for other domains only"),
  "path.anchor-distrusted": rule(
    "warning",
    "PRODUCT §3",
    "issued after the day up to which the CA is trusted",
  ),
  "path.signature": rule("error", "RFC 5280 §6.1.3", "a signature on the path is wrong"),
  "path.expired": rule("error", "RFC 5280 §6.1.3", "a CA certificate of the path is outside its validity"),
  "path.names": rule("error", "RFC 5280 §6.1.3", "issuer and subject names do not chain"),
  "path.name-constraints": rule("error", "RFC 5280 §4.2.1.10", "a CA above may not vouch for this name"),
  "path.policy": rule("error", "RFC 5280 §6.1.5", "the required certificate policies are not met"),
  "path.not-a-ca": rule("error", "RFC 5280 §6.1.4", "an issuer on the path is not a CA"),
  "path.length": rule("error", "RFC 5280 §6.1.4", "the path is longer than a CA above allows"),
  "path.key-usage": rule("error", "RFC 5280 §6.1.4", "a CA on the path may not sign certificates"),
  "path.critical-extension": rule("error", "RFC 5280 §6.1.4", "a critical extension that is not understood"),
  "path.malformed": rule("error", "RFC 5280 §4.2", "a certificate of the path breaks the standard's form"),
  "path.usage": rule("error", "RFC 8550 §4.4.4", "a CA on the path is not allowed to issue for e-mail"),
  "path.weak": rule("error", "RFC 8550 §4.3", "a weak algorithm or key on the path"),
  "path.budget": rule("error", "RFC 4158 §2.4", "the path search was given up: too many possibilities"),

  // Revocation.
  "revocation.revoked": rule("error", "RFC 5280 §6.3.3", "the CA has revoked the certificate"),
  "revocation.unknown": rule("warning", "RFC 5280 §6.3.3", "no CRL or OCSP answer could be had"),
  "revocation.unchecked": rule(
    "info",
    "RFC 5280 §6.3.3",
    "revocation could not be asked; the policy goes on without",
  ),
  "revocation.unnamed": rule("info", "RFC 5280 §4.2.1.13", "the certificate names neither CRL nor OCSP"),
} as const satisfies Record<string, Rule>;

export type FindingCode = keyof typeof FINDINGS;

/** One reason behind a verdict: plain data, printed as it is by `keybot inspect --json`. */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly section: string;
  /** One English sentence with the values of this case. May hold text of strangers: escape it at the sink. */
  readonly detail: string;
}

/**
 * A finding of the table, for one case.
 * @param detail says more than the table's meaning (dates, names); the meaning stands in when it is missing
 * @param severity only where a switch of the policy moves it
 */
export function finding(code: FindingCode, detail?: string, severity?: Severity): Finding {
  const entry: Rule = FINDINGS[code];
  return {
    code,
    severity: severity ?? entry.severity,
    section: entry.section,
    detail: detail ?? entry.meaning,
  };
}

function rule(severity: Severity, section: string, meaning: string): Rule {
  return { severity, section, meaning };
}
