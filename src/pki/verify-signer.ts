/** One signer's signature over one content (RFC 5652 §5.4 to §5.6): mathematics and form, no trust and no policy. */

import type { Certificate } from "./certificate.ts";
import { readAttributes, type SignedData, type SignerInfo } from "./cms.ts";
import { cmsScheme, isKnownCmsSignature } from "./cms-scheme.ts";
import { affordsCheck, type Computing, fullComputing, type SignatureVerdict } from "./computing.ts";
import { attempt, equalBytes, isProblem, TAG } from "./der.ts";
import { encode } from "./der-write.ts";
import { MAX_SIGNER_CANDIDATES } from "./limits.ts";
import { OID } from "./oid.ts";
import type { PublicKey } from "./public-key.ts";
import { digestBytes, digestOf, type SignatureScheme, verifyScheme } from "./signature.ts";
import {
  type CheckedAttributes,
  checkAttributes,
  isNamedCertificate,
  type SignatureProblem,
  type SignerProblem,
} from "./signed-attributes.ts";
import { encryptionPreference, identifies } from "./signer-certificate.ts";
import { unreadableSigner } from "./unreadable-signer.ts";

/** The answer for one SignerInfo over one content. */
export interface SignerVerification {
  readonly valid: boolean;
  /**
   * False when nothing speaks against it but a digest, a signature algorithm or a kind of key that is unknown here: neither right
   * nor wrong.
   */
  readonly checkable: boolean;
  readonly certificate: Certificate | null;
  /**
   * All certificates that the verified signature may be by, `certificate` among them: the key that verified is theirs, and
   * the identifier names them (RFC 5652 §5.3). Which of them counts is a question of trust. Empty when no key verified.
   */
  readonly ofKey: readonly Certificate[];
  /** Further ones of that key, which the identifier does not name, nor a signing-certificate attribute excludes (RFC 5035 §3). */
  readonly renewals: readonly Certificate[];
  readonly problems: readonly SignerProblem[];
  /** `sha256`, `sha1`, `md5`, … as node names it; null when unknown. */
  readonly digest: string | null;
  readonly signingTime: Date | null;
  /** The certificate that a signed sMIMEEncryptionKeyPreference names (RFC 8551 §2.5.3), when it is at hand. */
  readonly encryptionPreference: Certificate | null;
  /** Raw DER of the signed SMIMECapabilities (RFC 8551 §2.5.2), or null. */
  readonly capabilities: Uint8Array | null;
}

/**
 * Verifies one SignerInfo of a SignedData.
 * @param content the signed content in its canonical form: the detached part, or `signedData.content`
 * @param computing what the mail may still compute; left out: a budget of its own
 * @returns what holds and all that is wrong; never throws
 */
export function verifySigner(
  signedData: SignedData,
  signer: SignerInfo,
  content: Uint8Array,
  computing: Computing = fullComputing(),
): SignerVerification {
  const problems: SignerProblem[] = [];
  const note = (problem: SignatureProblem, detail: string): void => void problems.push({ problem, detail });

  // RFC 8551 §2.4.1: what S/MIME signs is always id-data.
  if (signedData.contentType !== OID.data) note("content-type", `eContentType is ${signedData.contentType}`);

  const digest = digestOf(signer.digestAlgorithm);
  const digested = digest === null ? null : digestBytes(digest, content);
  if (digested === null) note("algorithm", `digest algorithm ${signer.digestAlgorithm.oid} is not supported`);
  const scheme = digest === null ? null : cmsScheme(signer, digest);
  const isKnown = isKnownCmsSignature(signer);
  if (!isKnown) note("algorithm", `signature algorithm ${signer.signatureAlgorithm.oid} is not supported`);
  else if (digest !== null && scheme === null) {
    note(
      "algorithm",
      `signature algorithm ${signer.signatureAlgorithm.oid} does not go with digest ${digest}`,
    );
  }

  const attributes =
    signer.signedAttributes === null ? null : checkAttributes(signer, signedData.contentType);
  if (attributes !== null) {
    problems.push(...attributes.problems);
    // RFC 5652 §11.2, §5.6: the digest in the attribute is that of the content.
    const right =
      digested === null ||
      attributes.messageDigest === null ||
      equalBytes(attributes.messageDigest, digested);
    if (!right) note("digest-mismatch", `the ${digest} digest of the content is not the signed one`);
  } else if (looksLikeAttributes(content)) {
    note("attributes", "the content is itself a set of signed attributes (RFC 5652 §13)");
  }

  for (const type of signer.unsignedTypes.filter((unsigned) => SIGNED_ONLY.has(unsigned))) {
    note("attributes", `attribute ${type} is not signed (RFC 5652 §11)`);
  }

  const found = findCertificate(signedData, signer, attributes, scheme, content, computing);
  if (found.problem !== null) problems.push(found.problem);
  const isUnknown = digest === null || !isKnown || found.certificate?.publicKey.kind === "other";
  return {
    valid: problems.length === 0,
    checkable: !isUnknown || problems.some(({ problem }) => problem !== "algorithm"),
    certificate: found.certificate,
    ofKey: found.ofKey ?? [],
    renewals: found.renewals ?? [],
    problems,
    digest,
    signingTime: attributes?.signingTime ?? null,
    encryptionPreference: encryptionPreference(
      attributes?.encryptionPreference ?? null,
      signedData.certificates,
    ),
    capabilities: attributes?.capabilities ?? null,
  };
}

/** RFC 5652 §11.1, §11.2, §11.3: these must not stand among the unsigned attributes. */
const SIGNED_ONLY: ReadonlySet<string> = new Set([OID.contentType, OID.messageDigest, OID.signingTime]);

/**
 * RFC 5652 §13: without signed attributes, a signature made over attributes would also be one over a content of just
 * those octets. Every set of Attributes has the tag of a SET first, which no MIME entity starts with.
 */
function looksLikeAttributes(content: Uint8Array): boolean {
  return content[0] === TAG.set && !isProblem(attempt(() => readAttributes(content)));
}

interface Found {
  readonly certificate: Certificate | null;
  readonly problem: SignerProblem | null;
  readonly ofKey?: readonly Certificate[];
  readonly renewals?: readonly Certificate[];
}

/**
 * The signer's certificates: of those that the identifier fits, the ones whose key verifies. When no key verifies, the
 * first that fits.
 */
function findCertificate(
  signedData: SignedData,
  signer: SignerInfo,
  attributes: CheckedAttributes | null,
  scheme: SignatureScheme | null,
  content: Uint8Array,
  computing: Computing,
): Found {
  const fitting = signedData.certificates.filter((certificate) => identifies(signer.identifier, certificate));
  const [first] = fitting;
  if (first === undefined) {
    const unreadable = unreadableSigner(signedData, signer.identifier);
    if (unreadable !== null) return failed(null, "certificate-unreadable", unreadable.detail);
    return failed(null, "no-certificate", "no certificate fits the signer identifier");
  }
  // RFC 5035 §3: a signing-certificate attribute decides which certificate it is; another one must not be used.
  const named = fitting.filter((certificate) => isNamedCertificate(attributes, certificate));
  const [candidate] = named;
  if (candidate === undefined)
    return failed(first, "attributes", "signing-certificate names another certificate");
  if (scheme === null) return { certificate: candidate, problem: null }; // already noted
  const messages = (): Iterable<Uint8Array> => (attributes === null ? [content] : attributeEncodings(signer));
  const keys = new Map(named.map((certificate) => [certificate.spkiSha256, certificate.publicKey]));
  let unsupported = false;
  for (const [spki, key] of [...keys].slice(0, MAX_SIGNER_CANDIDATES)) {
    const check = checkOver(messages(), scheme, key, signer.signature, computing);
    unsupported ||= check === "unsupported" || check === "refused";
    if (check === "budget") {
      const detail = "the signature was not checked: too much to compute for one mail";
      return failed(candidate, "algorithm", detail);
    }
    if (check === "valid") {
      const ofKey = named.filter(({ spkiSha256 }) => spkiSha256 === spki).sort(longestFirst);
      const isDecided = (attributes?.signingCertificate ?? []).length > 0;
      const renewals = signedData.certificates.filter(
        (certificate) => !isDecided && certificate.spkiSha256 === spki && !fitting.includes(certificate),
      );
      renewals.sort(longestFirst);
      return { certificate: ofKey[0] ?? candidate, problem: null, ofKey, renewals };
    }
  }
  if (unsupported)
    return failed(candidate, "algorithm", `the key ${candidate.publicKey.name} cannot be used`);
  return failed(candidate, "broken", `the signature value does not fit the key ${candidate.publicKey.name}`);
}

function failed(certificate: Certificate | null, problem: SignatureProblem, detail: string): Found {
  return { certificate, problem: { problem, detail } };
}

/** Of equal ones any, but the same one in every order: they stand in a SET (RFC 5652 §5.1). */
function longestFirst(left: Certificate, right: Certificate): number {
  return right.notAfter.getTime() - left.notAfter.getTime() || Buffer.compare(left.der, right.der);
}

/** The first answer that is not `invalid`, over several octets of the same meaning. */
function checkOver(
  messages: Iterable<Uint8Array>,
  scheme: SignatureScheme,
  key: PublicKey,
  signature: Uint8Array,
  computing: Computing,
): SignatureVerdict {
  for (const message of messages) {
    const afforded = affordsCheck(computing, key);
    if (afforded !== "yes") return afforded;
    const check = verifyScheme(scheme, key, message, signature);
    if (check !== "invalid") return check;
  }
  return "invalid";
}

/**
 * The octets that the signature may be over: the attributes as they came and, when they came out of order, in DER
 * order too (RFC 5652 §5.4). Departs from it because signers exist that hash their own, unsorted order, and OpenSSL
 * verifies that one. Both say the same about the content, so nothing is gained by exchanging them.
 */
function* attributeEncodings({
  signedAttributes,
  attributes,
}: SignerInfo): Generator<Uint8Array, void, undefined> {
  if (signedAttributes === null) return;
  yield signedAttributes;
  const members = attributes.map(({ oid, values }) => encode.sequence(encode.oid(oid), encode.setOf(values)));
  const sorted = encode.setOf(members);
  if (!equalBytes(sorted, signedAttributes)) yield sorted;
}
