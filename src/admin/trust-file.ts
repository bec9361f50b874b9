import { KeybotError } from "../errors.ts";
import { allowsEmail, isCa, strengthFindings } from "../inspect/index.ts";
import { parseAddrSpec } from "../mail/index.ts";
import { type Certificate, isProblem, isSelfSigned, parseCrlHeader, readCertificates } from "../pki/index.ts";
import type { Policy } from "../policy.ts";
import type { TrustItem } from "../store/index.ts";
import { type CertificateFile, readFile, uniqueCertificates } from "./publication.ts";

/** What a person says of the CAs in a file. */
export interface TrustFileOptions {
  /** Mail domains that they may speak for, as they were typed. */
  readonly domains: readonly string[];
  readonly anyDomain: boolean;
  /** Take each CA as an anchor, self-signed or not. */
  readonly anchor: boolean;
}

/** A CA that is to be added, with what a person should know before. */
export interface TrustProposal {
  readonly certificate: Certificate;
  readonly item: TrustItem;
  readonly warnings: readonly string[];
}

/**
 * Reads the CAs of a file: a self-signed one becomes an anchor, another an intermediate.
 * @throws KeybotError `usage` when the file or one certificate in it cannot be used, or when an anchor comes without
 *   the domains that it may speak for
 */
export function readTrustFile(
  file: CertificateFile,
  options: TrustFileOptions,
  policy: Policy["certificates"],
  at: Date,
): readonly TrustProposal[] {
  refuseCrl(file);
  const certificates = uniqueCertificates(readFile(file));
  for (const certificate of certificates) refuse(certificate, at);
  const domains = domainsOf(options);
  return certificates.map((certificate) => {
    const kind = options.anchor || isSelfSigned(certificate) ? "anchor" : "intermediate";
    refuseWeak(certificate, kind, policy);
    if (kind === "anchor" && domains === undefined) throw withoutDomains(certificate);
    const item: TrustItem = {
      der: certificate.der,
      kind,
      origin: "own",
      domains: kind === "anchor" ? (domains ?? null) : null,
      distrustAfter: null,
    };
    return { certificate, item, warnings: warningsAbout(certificate, at) };
  });
}

/** The domains in the form that the store knows; null for any, undefined when nothing was said. */
function domainsOf({ domains, anyDomain }: TrustFileOptions): readonly string[] | null | undefined {
  if (anyDomain && domains.length > 0) {
    throw new KeybotError("usage", "admin.domains", "--domain and --any-domain exclude each other");
  }
  if (anyDomain) return null;
  return domains.length === 0 ? undefined : [...new Set(domains.map(parseDomain))];
}

function parseDomain(text: string): string {
  // The domain part of an address, so that both are spelt alike: lower case, A-labels.
  const domain = /[@*\s"[]/.test(text) ? undefined : parseAddrSpec(`a@${text}`)?.domain;
  if (domain?.includes(".")) return domain;
  throw new KeybotError("usage", "admin.domain", `${JSON.stringify(text)} is not a mail domain`, {
    hint: "write it as partner.example; its subdomains are included",
  });
}

/** A CA's CRL often lies beside its certificate, under the same name. */
function refuseCrl({ name, bytes }: CertificateFile): void {
  if (isProblem(parseCrlHeader(bytes)) || readCertificates(bytes).certificates.length > 0) return;
  throw new KeybotError("usage", "admin.trust", `${name} is a CRL, not a CA certificate; nothing was added`, {
    hint: "keybot fetches CRLs itself, from where certificates say; keybot inspect --crl FILE checks against one",
  });
}

function refuse(certificate: Certificate, at: Date): void {
  if (!isCa(certificate)) {
    throw refusal(certificate, "is not a CA certificate (RFC 5280 §4.2.1.9)", "add the CA that issued it");
  }
  if (certificate.notAfter < at) {
    throw refusal(
      certificate,
      `expired on ${certificate.notAfter.toISOString().slice(0, 10)}`,
      "every path through it would be rejected",
    );
  }
}

/** Every path through a weak CA is rejected (RFC 8550 §4.3), so trusting it would only seem to help. */
function refuseWeak(certificate: Certificate, kind: TrustItem["kind"], policy: Policy["certificates"]): void {
  const weak = strengthFindings(certificate, policy)
    // The anchor's own signature proves nothing, so nothing depends on its digest.
    .find(({ code }) => code === "cert.weak-key" || kind === "intermediate");
  if (weak !== undefined)
    throw refusal(certificate, `is too weak: ${weak.detail}`, "every path through it would be rejected");
}

function warningsAbout(certificate: Certificate, at: Date): readonly string[] {
  const { keyUsage } = certificate.extensions;
  return [
    ...(certificate.notBefore > at
      ? [`is not valid before ${certificate.notBefore.toISOString().slice(0, 10)}`]
      : []),
    ...(allowsEmail(certificate)
      ? []
      : ["is not allowed to issue for e-mail (RFC 8550 §4.4.4): nothing below it is accepted"]),
    // RFC 5280 §6.1.4 (n)
    ...(keyUsage === null || keyUsage.has("keyCertSign")
      ? []
      : ["may not sign certificates (RFC 5280 §4.2.1.3): nothing below it is accepted"]),
  ].map((warning) => `${nameOf(certificate)} ${warning}`);
}

function withoutDomains(certificate: Certificate): KeybotError {
  return new KeybotError(
    "usage",
    "admin.domains",
    `say for which mail domains ${nameOf(certificate)} may speak: --domain NAME, or --any-domain`,
    {
      hint: "an anchor vouches for every address of its domains: a broker's own CA must not vouch for a hospital",
    },
  );
}

function refusal(certificate: Certificate, why: string, hint: string): KeybotError {
  return new KeybotError("usage", "admin.trust", `${nameOf(certificate)} ${why}; nothing was added`, {
    hint,
  });
}

function nameOf({ subject, sha256 }: Certificate): string {
  return `${subject.text} (${sha256.slice(0, 16)})`;
}
