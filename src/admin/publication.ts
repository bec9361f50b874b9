import type { PublishedCertificate } from "../decide/index.ts";
import { KeybotError } from "../errors.ts";
import { formsPath, isCa, strengthFindings, summaryOf, unusableKind } from "../inspect/index.ts";
import { sameAddress } from "../mail/index.ts";
import {
  ANY_POLICY,
  type Certificate,
  certificateAddresses,
  findPath,
  readCertificates,
} from "../pki/index.ts";
import type { Policy } from "../policy.ts";
import { ADMIN_FILE_LIMITS } from "./limits.ts";

/** A file that a person names, with its bytes. */
export interface CertificateFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What is to be published for a mailbox. */
export interface Publication {
  /** Each end-entity certificate of the files, with its issuers out of the files, nearest first. */
  readonly certificates: readonly PublishedCertificate[];
  /** What speaks against it, in sentences; a person may go on all the same. */
  readonly doubts: readonly string[];
}

/**
 * Reads what is to be published for a mailbox out of files (PEM, DER, PKCS#7).
 * @throws KeybotError `usage` for what may never be published: a private key came along, a CA certificate alone, an
 *   expired one, one with a key of a kind that nobody can encrypt to, a file that cannot be read
 */
export function readPublication(
  address: string,
  files: readonly CertificateFile[],
  policy: Policy["certificates"],
  at: Date,
): Publication {
  const all = uniqueCertificates(files.flatMap(readFile));
  const endEntities = all.filter((certificate) => !isCa(certificate));
  const authorities = all.filter(isCa);
  if (endEntities.length === 0) {
    throw refusal(
      "there are only CA certificates in it, none of a mailbox",
      "name the file of the mailbox's own certificate",
    );
  }
  for (const certificate of endEntities) refuse(certificate, at);
  return {
    certificates: endEntities.map((certificate) => ({
      ...summaryOf(certificate),
      chain: chainOf(certificate, authorities, at),
    })),
    doubts: endEntities.flatMap((certificate) => doubtsAbout(certificate, address, policy, at)),
  };
}

/**
 * The certificates of one file.
 * @throws KeybotError `usage` when a private key is in it or something in it cannot be read
 */
export function readFile({ name, bytes }: CertificateFile): readonly Certificate[] {
  const { certificates, privateKey, unreadable, kind } = readCertificates(bytes, ADMIN_FILE_LIMITS);
  if (privateKey) {
    const what =
      kind === "pkcs12" ? "is a PKCS#12 file, which is made to hold a private key" : "holds a private key";
    throw refusal(
      `${name} ${what}`,
      kind === "pkcs12"
        ? `keybot wants certificates alone: openssl pkcs12 -in ${name} -nokeys -out certificate.pem`
        : "keybot wants certificates alone, and never keeps a private key; write them to a file without it",
    );
  }
  if (unreadable > 0)
    throw refusal(
      `${name}: ${unreadable} of its certificates cannot be read`,
      "PEM, DER and PKCS#7 are understood",
    );
  if (certificates.length === 0)
    throw refusal(`${name} holds no certificate`, "PEM, DER and PKCS#7 are understood");
  return certificates;
}

/** Each certificate once, in order. */
export function uniqueCertificates(certificates: readonly Certificate[]): readonly Certificate[] {
  const seen = new Set<string>();
  return certificates.filter(({ sha256 }) => !seen.has(sha256) && seen.add(sha256) !== undefined);
}

function refuse(certificate: Certificate, at: Date): void {
  const advice = unusableKind(certificate);
  if (advice !== null)
    throw refusal(
      `${short(certificate)} is of no use to anybody: ${advice}`,
      "get a certificate with an RSA key or one on P-256",
    );
  if (certificate.notAfter >= at) return;
  const expired = certificate.notAfter.toISOString().slice(0, 10);
  throw refusal(
    `${short(certificate)} expired on ${expired}`,
    "name the file of a certificate that is valid",
  );
}

function doubtsAbout(
  certificate: Certificate,
  address: string,
  policy: Policy["certificates"],
  at: Date,
): readonly string[] {
  const { addresses } = certificateAddresses(certificate);
  const options = { exactLocalPart: policy.exactLocalPart };
  const named = addresses.some((one) => sameAddress(one, address, options));
  const names =
    addresses.length === 0 ? "names no mail address" : `names ${addresses.join(", ")}, not ${address}`;
  const weak = strengthFindings(certificate, policy).map(({ detail }) => detail);
  return [
    // RFC 8550 §3: a mail program compares the certificate's address with the one that it writes to.
    ...(named ? [] : [`${names}; mail programs will refuse it or warn`]),
    ...(summaryOf(certificate).usage.encrypt ? [] : ["its key cannot encrypt; nobody can write to it"]),
    ...(certificate.notBefore > at
      ? [`it is published from ${certificate.notBefore.toISOString().slice(0, 10)} on, not before`]
      : []),
    ...weak,
  ].map((doubt) => `${short(certificate)} ${doubt}`);
}

/** Its issuers as far as they are in the files; whether anybody trusts them is not our question here. */
function chainOf(
  certificate: Certificate,
  authorities: readonly Certificate[],
  at: Date,
): readonly Uint8Array[] {
  const { path } = findPath({
    target: certificate,
    intermediates: authorities,
    anchors: authorities.filter(isSelfIssued).map((one) => ({ certificate: one })),
    at,
    ...ANY_POLICY,
    crls: null,
  });
  const chain = path.slice(1).map(({ der }) => der);
  // Of a path that is not valid, the best guess is given: what did not issue the certificate does not go out with it.
  return formsPath(certificate.der, chain) ? chain : [];
}

function isSelfIssued({ subject, issuer }: Certificate): boolean {
  return subject.canonical === issuer.canonical;
}

function short({ sha256 }: Certificate): string {
  return sha256.slice(0, 16);
}

function refusal(why: string, hint: string): KeybotError {
  return new KeybotError("usage", "admin.file", `${why}; nothing was stored`, { hint });
}
