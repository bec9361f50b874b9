import type { ReturnedMail } from "../read/index.ts";
import type { Finding } from "./finding.ts";

/**
 * What the cryptography of one message is worth: the output of `inspect`, the other half of the input of `decide`.
 * Plain data (survives structured clone), named as CONTRACT.md §2 prints it.
 */
export interface Inspection {
  readonly signature: SignatureReport | null;
  /** The CMS structure is an EnvelopedData or the like: encrypted, nothing to harvest without a key. */
  readonly encrypted: boolean;
  /** Each signer certificate and each other end-entity certificate that was offered, each once. */
  readonly certificates: readonly CertificateReport[];
  /** What is to be said of certificates that came along and cannot be decoded; only where no certificate bears the answer. */
  readonly unreadable?: readonly Finding[];
  /** A private key came along (PEM, PKCS#12), whether or not it could be matched to a certificate. */
  readonly privateKey: boolean;
  /** A private key of OpenPGP came along. It is no certificate's, but whoever sent it has given it away. */
  readonly openPgpKey: boolean;
  /** What the mail shows, inside its signature, is a report or a receipt of a program (RFC 6522, RFC 2634 §2). */
  readonly report: boolean;
  /** What a bounce inside the signature says of the mail that came back (RFC 3464); left out where there is none. */
  readonly returned?: ReturnedMail;
  /**
   * SHA-256 of the certificates whose valid path names somebody to be asked about revocation who was not asked yet. Where
   * they are left out, nobody asks.
   */
  readonly unasked?: readonly string[];
}

export interface SignatureReport {
  readonly form: "detached" | "opaque" | "certs-only";
  /** The mathematics of the SignerInfo that counts; null for certs-only. */
  readonly valid: boolean | null;
  readonly signers: readonly SignerReport[];
  /** Findings on the SignedData as a whole; they count for every certificate in it. */
  readonly findings: readonly Finding[];
}

export interface SignerReport {
  /** SHA-256 of the signer certificate, null when it is not in the mail. */
  readonly certificate: string | null;
  readonly valid: boolean;
  readonly signingTime: Date | null;
  readonly findings: readonly Finding[];
}

export type CertificateRole = "signer" | "encryption" | "offered";

/** What is known of a certificate from its own bytes; shared by inspection, directory and replies. */
export interface CertificateSummary {
  readonly sha256: string;
  /** SHA-256 over the subjectPublicKeyInfo as it stands: what is shown. */
  readonly spkiSha256: string;
  /** Which key it is, whatever its spelling: what is compared, barred and pinned. */
  readonly keyIdentity: string;
  readonly der: Uint8Array;
  /** Mail addresses that it names (RFC 8550 §3), domain in lower case. */
  readonly addresses: readonly string[];
  readonly subject: string;
  readonly issuer: string;
  readonly serial: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly keyAlgorithm: string;
  readonly usage: { readonly sign: boolean; readonly encrypt: boolean };
}

export interface CertificateReport extends CertificateSummary {
  readonly role: CertificateRole;
  readonly path: {
    readonly valid: boolean;
    /** SHA-256 of the trust anchor. */
    readonly anchor: string | null;
    /** Certificates on the path, end entity and anchor included. */
    readonly length: number;
    /** DER of the CA certificates between the end entity and the anchor. */
    readonly intermediates: readonly Uint8Array[];
    /** SHA-256 of each of them. */
    readonly authorities: readonly string[];
  };
  /** SMIMECapabilities of its signer (RFC 8551 §2.5.2), raw DER. */
  readonly capabilities: Uint8Array | null;
  /** All findings that bear on this certificate, the worst first. */
  readonly findings: readonly Finding[];
}
