import { type Rule, rule, type Severity } from "./finding-rule.ts";
import { HISTORY_FINDINGS } from "./history-findings.ts";
import { REVOCATION_FINDINGS } from "./revocation-findings.ts";

export type { Severity } from "./finding-rule.ts";

/**
 * The one table of findings: every reason that can stand behind a verdict.
 *
 * A code is API: it never changes its meaning. What a finding says to a partner, in his language, stands under the
 * same code in `data/texts/<language>/findings.txt`; a test keeps the two equal, and `docs/findings.md` with both.
 */

export const FINDINGS = {
  // The CMS signature over the mail.
  "signature.unreadable": rule(
    "error",
    "RFC 5652 §5.1",
    "the CMS structure cannot be read",
    "Nothing to do; if several partners of one domain meet it, their gateway damages signed mail: tell its admin.",
  ),
  "signature.none": rule(
    "warning",
    "RFC 8551 §3.2.2",
    "the certificate came without a signature over the mail",
    "Compare the fingerprint with the partner on another way than mail, then keybot approve; or ask for a signed mail.",
  ),
  "signature.other-key": rule(
    "warning",
    "RFC 8551 §2.5.3",
    "the certificate is a file in a mail that its holder signed with another key",
    "Compare the fingerprint with the partner on another way than mail, then keybot approve: his signature says that he sent it, not that he has its key.",
  ),
  "signature.no-signer": rule(
    "error",
    "RFC 5652 §5.3",
    "the signer's certificate is not in the mail",
    "Nothing to do; the partner's mail program must send its own certificate along.",
  ),
  "signature.broken": rule(
    "error",
    "RFC 5652 §5.6",
    "the signature does not match the signer's key",
    "Nothing to do for one mail; when a partner's mails always fail, ask which gateway signs or rewrites them.",
  ),
  "signature.digest-mismatch": rule(
    "error",
    "RFC 5652 §5.6",
    "the signed content was changed after signing",
    "See what changed the mail behind its signature, a disclaimer or scanner of the partner's or of our own servers.",
  ),
  "signature.attributes": rule(
    "error",
    "RFC 5652 §5.3",
    "the signed attributes are not as the standard demands",
    "Nothing to do; the partner's signing software breaks the standard, and its maker should be told.",
  ),
  "signature.content-type": rule(
    "error",
    "RFC 5652 §11.1",
    "the signed content type is not that of the content",
    "Nothing to do; the partner's signing software breaks the standard, and its maker should be told.",
  ),
  "signature.algorithm": rule(
    "error",
    "RFC 5652 §10.1",
    "an unknown or inconsistent signature algorithm",
    "Look at the detail for the algorithm; if it is one of today's standards, report it to keybot's makers.",
  ),
  "signature.digest-forbidden": rule(
    "error",
    "RFC 8551 §2.1",
    "the message digest is one that anybody can forge (MD5 and older)",
    "Never approve this mail's certificate on the strength of its signature; the partner must change his mail program.",
  ),
  "signature.digest-weak": rule(
    "warning",
    "RFC 8551 §2.1",
    "the message digest is SHA-1",
    "Compare the fingerprint with the partner on another way than mail, then keybot approve; ask him to sign with SHA-256.",
  ),
  "signature.detached-content": rule(
    "error",
    "RFC 8551 §3.5.3",
    "a detached signature that carries a content of its own",
    "Be wary: an honest program does not write such mail, and it can show another text than the one that was signed.",
  ),
  "signature.no-content": rule(
    "error",
    "RFC 8551 §3.5.2",
    "a signed mail without the content that was signed",
    "Nothing to do; something on the way took the content out, or the partner's program put a detached signature in its place.",
  ),
  "signature.partial": rule(
    "warning",
    "RFC 8551 §3.5",
    "the signed part is not the whole mail",
    "Read the mail in the pending folder: a list's footer or a disclaimer is harmless (keybot approve), a forwarded or framed signed mail is not (keybot reject); trust.partial_signature settles it for all mail.",
  ),
  "signature.unnamed": rule(
    "warning",
    "RFC 8551 §2.5.3.1",
    "a further certificate, for which the sender's signature does not speak",
    "Ask the partner whether he uses this certificate, too, and by another way than mail; then keybot approve.",
  ),
  "signature.line-ends": rule(
    "info",
    "RFC 8551 §3.1.1",
    "line ends were brought to the canonical form before the check",
    "Nothing to do; a gateway on the way rewrites line ends, which can break other signatures.",
  ),
  "signature.no-time": rule(
    "info",
    "RFC 8551 §2.5.1",
    "the signature carries no signing time that can be read",
    "Nothing to do; without a signing time the age of a mail cannot be judged.",
  ),
  "signature.time-validity": rule(
    "info",
    "RFC 8551 §2.5.1",
    "the signing time lies outside the validity of the certificate",
    "Nothing to do; the clock of the partner's machine is wrong, or he signed just before his certificate began.",
  ),
  "signature.replay": rule(
    "warning",
    "PRODUCT §3",
    "signed long before or after the mail arrived",
    "Ask the partner whether he sent it now: an old mail may have been sent again by somebody else; trust.replay_days says what counts as old.",
  ),

  // The certificate and the address.
  "cert.unreadable": rule(
    "error",
    "RFC 5280 §4.1",
    "the certificate cannot be read",
    "Nothing to do; if other programs read the certificate, send it to keybot's makers.",
  ),
  "cert.expired": rule(
    "error",
    "RFC 5280 §6.1.3",
    "the certificate has expired",
    "Nothing to do; the partner needs a new certificate, and keybot approve cannot help.",
  ),
  "cert.not-yet-valid": rule(
    "error",
    "RFC 5280 §6.1.3",
    "the certificate is not valid yet",
    "Check the clock of this machine first; else the partner sends it again when it has become valid.",
  ),
  "cert.ca": rule(
    "error",
    "RFC 5280 §4.2.1.9",
    "a CA certificate, not that of a mail user",
    "Add it with keybot trust add if it is the CA of a partner whom you want to trust; it is never a partner's own.",
  ),
  "cert.sign-only": rule(
    "error",
    "RFC 8550 §4.4.2",
    "the key may sign but not encrypt, and no encryption certificate came along",
    "Nothing to do; the partner must send his encryption certificate along, or get one that can do both.",
  ),
  "cert.usage": rule(
    "error",
    "RFC 8550 §4.4.4",
    "the extended key usage does not allow e-mail protection",
    "Nothing to do; a certificate for web servers or log-ins must not be used for mail.",
  ),
  "cert.cannot-sign": rule(
    "error",
    "RFC 8550 §4.4.2",
    "the mail was signed by a certificate whose key usage allows no signing",
    "Nothing to do; the partner must sign with a certificate for signing. Whoever signs by one for encryption only may not be its holder.",
  ),
  "cert.weak-key": rule(
    "error",
    "RFC 8550 §4.3",
    "the key is too weak or malformed",
    "Nothing to do; trust.minimum_rsa_bits can be lowered for everybody, which makes the partners' mail readable to others.",
  ),
  "cert.key-unsupported": rule(
    "error",
    "RFC 8551 §2.3",
    "mail cannot be encrypted to a key of this kind",
    "Nothing to do; mail programs cannot encrypt to such a key.",
  ),
  "cert.private-key": rule(
    "error",
    "PRODUCT §3",
    "the private key of this certificate was sent along",
    "Delete the mail from the rejected folder when the partner knows: everybody who can read the mailbox now has his private key.",
  ),
  "cert.barred": rule(
    "error",
    "PRODUCT §3",
    "this public key was revoked here before",
    "Lift the bar with keybot restore only if the key was barred by mistake; see keybot show for who barred it and why.",
  ),
  "cert.domain": rule(
    "warning",
    "RFC 3183 §4",
    "a certificate of a whole domain or gateway, not of one mailbox",
    "Ask the partner for a certificate of his own address; one of a whole domain cannot be approved yet.",
  ),
  "cert.pinned": rule(
    "warning",
    "PRODUCT §3",
    "another key was approved for this address by hand",
    "Ask the partner, not by mail, whether he has a new key; then keybot approve or keybot reject. trust.pin says when a second key waits.",
  ),
  "cert.pending-cap": rule(
    "error",
    "PRODUCT §3",
    "too many certificates of this sender's organisation, or of all, wait for a decision",
    "Work through keybot list --status pending; if many of a domain's certificates are of one CA, decide about the CA with keybot trust add, else raise trust.pending_per_domain or trust.pending_total.",
  ),
  "cert.pending-later": rule(
    "warning",
    "PRODUCT §3",
    "too many certificates wait for a decision; the mail waits in the mailbox until there is room, 72 hours at most",
    "Work through keybot list --status pending; if many of a domain's certificates are of one CA, decide about the CA with keybot trust add, else raise trust.pending_per_domain or trust.pending_total.",
  ),
  "address.mismatch": rule(
    "error",
    "RFC 8550 §3",
    "the certificate names another address than From",
    "Nothing to do; where a partner writes from another address than his certificate names, he must change one of the two.",
  ),
  "address.missing": rule(
    "error",
    "RFC 8550 §3",
    "the certificate names no mail address",
    "Nothing to do; the partner needs a certificate that names his mail address.",
  ),
  "address.subject": rule(
    "info",
    "RFC 8550 §3",
    "the address stands in the subject only, as in old certificates",
    "Nothing to do; the certificate is of an old form.",
  ),
  "address.from": rule(
    "error",
    "RFC 5322 §3.6.2",
    "the mail does not have exactly one From address",
    "Nothing to do; nobody is answered, because nobody can say who wrote the mail.",
  ),
  "address.form": rule(
    "info",
    "RFC 5322 §3.4",
    "the name in the From field breaks the standard; its one address has no second reading",
    "Nothing to do; the partner's mail program, or a gateway that marks external mail, forgets the quotes around a name.",
  ),
  "mail.private-key": rule(
    "warning",
    "PRODUCT §3",
    "a private key came along that cannot be compared (PKCS#12, behind a password); it may be that of the certificate",
    "Ask the partner whether the file holds the key of his certificate: if so keybot reject and keybot revoke, else keybot approve; then delete the mail.",
  ),
  "mail.content-unsupported": rule(
    "error",
    "RFC 8551 §2.4",
    "an S/MIME structure that holds no signature: compressed, or protected in another way",
    "Look at the detail for what it is; the partner must switch that off and sign only, or sign what he compresses.",
  ),
  "mail.authentication": rule(
    "error",
    "RFC 7489 §6.6",
    "the sender's domain says that this mail is not from it (DMARC)",
    "Be wary: this is how a forged sender looks; if it hits an honest partner, his domain's DMARC or SPF is wrong, and its admin must mend it.",
  ),

  // The certification path.
  "path.self-signed": rule(
    "warning",
    "RFC 5280 §6.1",
    "self-signed: no CA stands behind it",
    "Compare the fingerprint with the partner on another way than mail, then keybot approve or keybot reject.",
  ),
  "path.issuer-missing": rule(
    "warning",
    "RFC 5280 §6.1",
    "the issuer's certificate is missing",
    "Get the issuer's certificate from the CA's web site and add it with keybot trust add; as an intermediate it vouches for nothing by itself.",
  ),
  "path.unknown-ca": rule(
    "warning",
    "RFC 5280 §6.1",
    "the path ends in a CA that is not trusted here",
    "Add the CA with keybot trust add for the partner's domains if you trust it, or keybot approve this one certificate; if it is a public CA, keybot trust update may know it.",
  ),
  "path.issuer-key": rule(
    "warning",
    "RFC 5280 §6.1.3",
    "the issuer has the name of a known CA but another key signed",
    "Be wary: somebody uses a known CA's name; or the CA has a new key, which it publishes on its web site and keybot trust add takes.",
  ),
  "path.anchor-domain": rule(
    "warning",
    "PRODUCT §3",
    "the CA is trusted for other domains only",
    "If it may speak for this domain too, add it again for this domain (keybot trust add --domain); else keybot reject.",
  ),
  "path.anchor-distrusted": rule(
    "warning",
    "PRODUCT §3",
    "issued after the day up to which the CA is trusted",
    "Ask the partner for a certificate of another CA; browsers and mail programs will stop trusting this one.",
  ),
  "path.signature": rule(
    "error",
    "RFC 5280 §6.1.3",
    "a signature on the path is wrong",
    "Nothing to do for one mail; a wrong signature in a chain means damage or forgery, so never approve it.",
  ),
  "path.expired": rule(
    "error",
    "RFC 5280 §6.1.3",
    "a CA certificate of the path is outside its validity",
    "Get the CA's present certificate with keybot trust update or keybot trust add; the partner's own may still be good.",
  ),
  "path.names": rule(
    "error",
    "RFC 5280 §6.1.3",
    "issuer and subject names do not chain",
    "Nothing to do; the CA has made a chain that no program can follow.",
  ),
  "path.name-constraints": rule(
    "error",
    "RFC 5280 §4.2.1.10",
    "a CA above may not vouch for this name",
    "Nothing to do; the CA above has forbidden it, and the partner's CA must explain.",
  ),
  "path.policy": rule(
    "error",
    "RFC 5280 §6.1.5",
    "the required certificate policies are not met",
    "Look at the certificate's policies with keybot inspect --json; by default none is required here, so it is a CA of the path that requires one.",
  ),
  "path.not-a-ca": rule(
    "error",
    "RFC 5280 §6.1.4",
    "an issuer on the path is not a CA",
    "Be wary: somebody used an end user's certificate to make another; never approve it.",
  ),
  "path.length": rule(
    "error",
    "RFC 5280 §6.1.4",
    "the path is longer than a CA above allows",
    "Nothing to do; the CA above has forbidden further CAs below it.",
  ),
  "path.key-usage": rule(
    "error",
    "RFC 5280 §6.1.4",
    "a CA on the path may not sign certificates",
    "Nothing to do; the issuing CA's certificate is wrong for its purpose, and the CA must mend it.",
  ),
  "path.critical-extension": rule(
    "error",
    "RFC 5280 §6.1.4",
    "a critical extension that is not understood",
    "Look at the detail for the extension; if it is one of today's standards, report it to keybot's makers.",
  ),
  "path.malformed": rule(
    "error",
    "RFC 5280 §4.2",
    "a certificate of the path breaks the standard's form",
    "Look at the detail for what is wrong; own CAs can be made anew by the standard, public ones are told.",
  ),
  "path.usage": rule(
    "error",
    "RFC 8550 §4.4.4",
    "a CA on the path is not allowed to issue for e-mail",
    "Nothing to do; the CA may issue for other purposes only, for example for web servers.",
  ),
  "path.weak": rule(
    "error",
    "RFC 8550 §4.3",
    "a weak algorithm or key on the path",
    "Nothing to do; an own CA that signs with SHA-1 or a short key has to be renewed.",
  ),
  "path.unsupported": rule(
    "error",
    "RFC 5280 §6.1.3",
    "a signature on the path is of an algorithm, or by a kind of key, that is not supported",
    "Look at the detail for the algorithm; if it is one of today's standards, report it to keybot's makers.",
  ),
  "path.budget": rule(
    "error",
    "RFC 4158 §2.4",
    "the path search was given up: too many possibilities",
    "Nothing to do; look at the mail if the sender is known, as an honest one brings a handful of certificates.",
  ),

  ...HISTORY_FINDINGS,
  ...REVOCATION_FINDINGS,
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

const WEIGHT: Readonly<Record<Severity, number>> = { error: 2, warning: 1, info: 0 };

/** How much a list of findings weighs, the worst one alone: 0 accepted, 1 for a person to decide, 2 rejected. */
export function gravity(findings: readonly Finding[]): number {
  return findings.reduce((worst, { severity }) => Math.max(worst, WEIGHT[severity]), 0);
}
