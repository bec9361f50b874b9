/** The issuers that a certificate names by URL (RFC 5280 §4.2.2.1, caIssuers), fetched under the rules of this room. */
import { type Certificate, OID, readCertificates, verifySignature } from "../pki/index.ts";
import type { AskBudget } from "./budget.ts";
import type { Attempt, Inquiries, Inquiry } from "./inquiry.ts";
import { MAX_ISSUER_BYTES, MAX_ISSUER_URLS, MAX_ISSUERS, RENEW_ISSUERS_AFTER_MS } from "./limits.ts";
import { urlsOf } from "./questions.ts";
import type { Worth } from "./worth.ts";

/** CA certificates as they came, and what was tried in vain. */
export interface Issuers {
  /** DER of each; nothing is believed of them but that the first URL that had an issuer had them. */
  readonly certificates: readonly Uint8Array[];
  readonly attempts: readonly Attempt[];
}

/** Asks one URL after the other, until one has a certificate whose key made the signature. Never rejects for what a URL does. */
export async function fetchIssuers(
  certificate: Certificate,
  inquiries: Inquiries,
  budget: AskBudget,
): Promise<Issuers> {
  const attempts: Attempt[] = [];
  for (const url of issuerUrls(certificate)) {
    const answer = await inquiries.ask(issuersInquiry(url, certificate), budget);
    if (answer.ok) return { certificates: caCertificates(answer.bytes).map(({ der }) => der), attempts };
    attempts.push({ url, why: answer.why, detail: answer.detail });
  }
  return { certificates: [], attempts };
}

function issuerUrls({ extensions }: Certificate): readonly string[] {
  const named = (extensions.authorityInfoAccess ?? []).filter(({ method }) => method === OID.caIssuersAccess);
  return urlsOf(named.map(({ location }) => location)).slice(0, MAX_ISSUER_URLS);
}

/** The certificate is part of the question: what proves one at a URL proves nothing for another, and nobody can spoil it. */
function issuersInquiry(url: string, certificate: Certificate): Inquiry {
  return {
    key: `issuers ${certificate.sha256} ${url}`,
    request: { url, post: null, maxBytes: MAX_ISSUER_BYTES },
    worth: (bytes, now) => issuersWorth(bytes, certificate, now),
  };
}

/** Usable when one of them has signed the certificate; kept, because that stays true. */
function issuersWorth(bytes: Uint8Array, certificate: Certificate, now: Date): Worth {
  const { signatureAlgorithm, tbs, signature, issuer } = certificate;
  const found = caCertificates(bytes);
  if (found.length === 0) return { usable: false, detail: "no CA certificate" };
  const signer = found.find(
    ({ subject, publicKey }) =>
      subject.canonical === issuer.canonical &&
      verifySignature(signatureAlgorithm, publicKey, tbs, signature) === "valid",
  );
  if (signer === undefined)
    return { usable: false, detail: "CA certificates, but none whose key signed this" };
  const renewAt = new Date(now.getTime() + RENEW_ISSUERS_AFTER_MS);
  return { usable: true, madeAt: signer.notBefore, keep: { renewAt, validUntil: renewAt } };
}

/** One certificate or a certs-only message, as RFC 5280 §4.2.2.1 has it; that it is PEM now and then does no harm. */
function caCertificates(bytes: Uint8Array): readonly Certificate[] {
  const { certificates } = readCertificates(bytes);
  return certificates
    .filter(({ extensions }) => extensions.basicConstraints?.ca === true)
    .slice(0, MAX_ISSUERS);
}
