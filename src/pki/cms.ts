/** SignedData (RFC 5652 §5) as mail carries it: decoded from BER or DER, its certificates by the strict reader. */

import type { AlgorithmIdentifier } from "./algorithm-identifier.ts";
import { readAlgorithm } from "./algorithm-identifier.ts";
import type { Certificate } from "./certificate.ts";
import { definiteForm } from "./definite-form.ts";
import {
  attempt,
  context,
  contextConstructed,
  DerError,
  DerReader,
  isProblem,
  type ParseProblem,
  TAG,
} from "./der.ts";
import { integerHex, octetString, oid, smallInteger } from "./der-value.ts";
import { encode } from "./der-write.ts";
import {
  MAX_ATTRIBUTES,
  MAX_CMS_CERTIFICATES,
  MAX_CMS_SIGNERS,
  MAX_SIGNED_ATTRIBUTES_BYTES,
} from "./limits.ts";
import { type Name, readName } from "./name.ts";
import { OID } from "./oid.ts";
import { recentCertificate } from "./recent-certificates.ts";

/** How a SignerInfo names its certificate (RFC 5652 §5.3). */
export type SignerIdentifier =
  | { readonly form: "issuerAndSerialNumber"; readonly issuer: Name; readonly serial: string }
  | { readonly form: "subjectKeyIdentifier"; readonly keyIdentifier: Uint8Array };

export interface SignerInfo {
  readonly identifier: SignerIdentifier;
  readonly version: number;
  readonly digestAlgorithm: AlgorithmIdentifier;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
  /** The signed attributes in their order, DER, under the tag SET OF, as they are hashed (RFC 5652 §5.4); null when absent. */
  readonly signedAttributes: Uint8Array | null;
  /** The same decoded, one entry per Attribute in order (duplicates stay visible); none when they are malformed. */
  readonly attributes: readonly Attribute[];
  /** The types of the unsigned attributes; their values are nobody's word. */
  readonly unsignedTypes: readonly string[];
}

/** One Attribute (RFC 5652 §5.3): its type and the raw DER of each value. */
export interface Attribute {
  readonly oid: string;
  readonly values: readonly Uint8Array[];
}

/** A member of the CertificateSet that could not be decoded. */
export interface UnreadableCertificate {
  readonly raw: Uint8Array;
  readonly detail: string;
}

/** SignedData (RFC 5652 §5.1), certificates decoded, everything else as raw as it can stay. */
export interface SignedData {
  readonly version: number;
  readonly contentType: string;
  /** eContent joined into one buffer, or null when it is absent (detached or certs-only). */
  readonly content: Uint8Array | null;
  readonly certificates: readonly Certificate[];
  /** Certificates that could not be decoded; attribute certificates are not among them. */
  readonly unreadable: readonly UnreadableCertificate[];
  readonly signerInfos: readonly SignerInfo[];
  /** Octets behind the structure, which ends where its length says (X.690 §8.1.3); white space and NUL are not counted. */
  readonly trailing: number;
}

/** How much of a SignedData is taken before it is refused as too large. */
export interface SignedDataLimits {
  readonly certificates: number;
  readonly signers: number;
}

/** What one mail may cost. */
export const MAIL_LIMITS: SignedDataLimits = { certificates: MAX_CMS_CERTIFICATES, signers: MAX_CMS_SIGNERS };

/**
 * Decodes a ContentInfo that holds a SignedData (RFC 5652 §3, §5.1), BER tolerated as mail clients stream. It ends
 * where its length says (X.690 §8.1.3); what follows is counted and otherwise left alone. Nothing is verified.
 * @param bytes the transfer-decoded body of a `.p7s`, `.p7m`, `.p7c`; the result has views of it, so keep it unchanged
 * @returns the SignedData, or why it cannot be read. Never throws
 */
export function parseSignedData(
  bytes: Uint8Array,
  limits: SignedDataLimits = MAIL_LIMITS,
): SignedData | ParseProblem {
  return attempt(() => {
    const reader = new DerReader(bytes, "BER");
    const contentInfo = reader.enter(TAG.sequence, "ContentInfo");
    const trailing = octetsIn(bytes.subarray(bytes.length - reader.remaining));
    if (oid(contentInfo, "contentType") !== OID.signedData)
      throw new DerError("the CMS content is no SignedData");
    const explicit = contentInfo.enter(contextConstructed(0), "ContentInfo content");
    contentInfo.finish("ContentInfo");
    const signedData = readSignedData(explicit.enter(TAG.sequence, "SignedData"), limits);
    explicit.finish("ContentInfo content");
    return { ...signedData, trailing };
  });
}

/** How many octets are there, but for the end of a base64 body and a padded block. */
function octetsIn(rest: Uint8Array): number {
  return rest.filter((octet) => octet !== 0x00 && octet !== 0x20 && !(octet >= 0x09 && octet <= 0x0d)).length;
}

/** SignedData, field by field in the order of RFC 5652 §5.1. */
function readSignedData(sequence: DerReader, limits: SignedDataLimits): Omit<SignedData, "trailing"> {
  const version = smallInteger(sequence, "SignedData version");
  sequence.raw("digestAlgorithms", TAG.set); // a hint for one-pass readers; each SignerInfo names its own
  const encapsulated = sequence.enter(TAG.sequence, "encapContentInfo");
  const contentType = oid(encapsulated, "eContentType");
  const content = readContent(encapsulated);
  encapsulated.finish("encapContentInfo");
  const members = sequence.enterOptional(contextConstructed(0), "certificates");
  const certificates = members === null ? NO_CERTIFICATES : readCertificateSet(members, limits.certificates);
  // CRLs of the mail are not evidence that anybody here asked for: skipped ([1] RevocationInfoChoices).
  sequence.enterOptional(contextConstructed(1), "crls");
  const signerInfos = readSignerInfos(sequence.enter(TAG.set, "signerInfos"), limits.signers);
  sequence.finish("SignedData");
  return { version, contentType, content, ...certificates, signerInfos };
}

/** eContent [0] EXPLICIT OCTET STRING OPTIONAL (RFC 5652 §5.2), its pieces joined. */
function readContent(encapsulated: DerReader): Uint8Array | null {
  const explicit = encapsulated.enterOptional(contextConstructed(0), "eContent");
  if (explicit === null) return null;
  const content = octetString(explicit, "eContent");
  explicit.finish("eContent");
  return content;
}

type CertificateSet = Pick<SignedData, "certificates" | "unreadable">;

const NO_CERTIFICATES: CertificateSet = { certificates: [], unreadable: [] };

/** CertificateSet (RFC 5652 §10.2.3): X.509 certificates are SEQUENCEs, the other choices have tags and are skipped. */
function readCertificateSet(members: DerReader, limit: number): CertificateSet {
  const certificates: Certificate[] = [];
  const unreadable: UnreadableCertificate[] = [];
  for (let count = 0; members.more(); count++) {
    if (count >= limit) throw new DerError(`over ${limit} certificates in one SignedData`, "too-large");
    const { tag, raw } = members.element();
    if (tag !== TAG.sequence) continue;
    const certificate = recentCertificate(raw);
    if (isProblem(certificate)) unreadable.push({ raw, detail: certificate.detail });
    else certificates.push(certificate);
  }
  return { certificates, unreadable };
}

function readSignerInfos(set: DerReader, limit: number): SignerInfo[] {
  const signers: SignerInfo[] = [];
  while (set.more()) {
    if (signers.length >= limit) throw new DerError(`over ${limit} signers in one SignedData`, "too-large");
    signers.push(readSignerInfo(set.enter(TAG.sequence, "SignerInfo")));
  }
  return signers;
}

/** SignerInfo, field by field in the order of RFC 5652 §5.3. */
function readSignerInfo(sequence: DerReader): SignerInfo {
  const version = smallInteger(sequence, "SignerInfo version");
  const identifier = readIdentifier(sequence);
  const digestAlgorithm = readAlgorithm(sequence, "digestAlgorithm");
  const signed = sequence.enterOptional(contextConstructed(0), "signedAttrs");
  const attributes = signed === null ? NO_ATTRIBUTES : readSignedAttributes(signed);
  const signatureAlgorithm = readAlgorithm(sequence, "signatureAlgorithm");
  const signature = octetString(sequence, "signature");
  const unsigned = sequence.enterOptional(contextConstructed(1), "unsignedAttrs");
  const unsignedTypes = unsigned === null ? [] : readUnsignedTypes(unsigned);
  sequence.finish("SignerInfo");
  return {
    identifier,
    version,
    digestAlgorithm,
    signatureAlgorithm,
    signature,
    ...attributes,
    unsignedTypes,
  };
}

function readUnsignedTypes(set: DerReader): string[] {
  const types: string[] = [];
  while (set.more()) {
    if (types.length >= MAX_ATTRIBUTES) throw new DerError(`over ${MAX_ATTRIBUTES} attributes`, "too-large");
    types.push(oid(set.enter(TAG.sequence, "Attribute"), "attrType"));
  }
  return types;
}

function readIdentifier(sequence: DerReader): SignerIdentifier {
  const keyIdentifier = sequence.contentOptional(context(0), "sid");
  if (keyIdentifier !== null) return { form: "subjectKeyIdentifier", keyIdentifier };
  return readIssuerAndSerial(sequence.enter(TAG.sequence, "issuerAndSerialNumber"));
}

/**
 * IssuerAndSerialNumber (RFC 5652 §10.2.4), the reader inside the SEQUENCE.
 * @throws DerError
 */
export function readIssuerAndSerial(sequence: DerReader): SignerIdentifier {
  const issuer = readName(sequence, "issuer");
  const serial = integerHex(sequence, "serialNumber");
  sequence.finish("issuerAndSerialNumber");
  return { form: "issuerAndSerialNumber", issuer, serial };
}

type SignedAttributes = Pick<SignerInfo, "signedAttributes" | "attributes">;

const NO_ATTRIBUTES: SignedAttributes = { signedAttributes: null, attributes: [] };

/**
 * SignedAttributes must be DER even where all else is BER. Departs from RFC 5652 §5.3 in that they may come as BER, because
 * gateways encode the whole structure anew; what was signed is their DER encoding all the same (RFC 5652 §5.4), so that
 * is made and read strictly.
 * Malformed ones fail their own signer (content-type is missing), not the others.
 */
function readSignedAttributes(reader: DerReader): SignedAttributes {
  if (reader.remaining > MAX_SIGNED_ATTRIBUTES_BYTES) {
    throw new DerError(`signed attributes of ${reader.remaining} octets`, "too-large");
  }
  const octets = reader.rest();
  const definite = attempt(() => definiteForm(new DerReader(octets, "BER")));
  const signedAttributes = encode.tagged(TAG.set, isProblem(definite) ? octets : definite);
  const attributes = attempt(() => readAttributes(signedAttributes));
  return { signedAttributes, attributes: isProblem(attributes) ? [] : attributes };
}

/**
 * The members of a SET OF Attribute, in their order.
 * @throws DerError when it is none, in DER
 */
export function readAttributes(der: Uint8Array): Attribute[] {
  const outer = new DerReader(der);
  const set = outer.enter(TAG.set, "signedAttrs");
  outer.finish("signedAttrs");
  const attributes: Attribute[] = [];
  // SignedAttributes ::= SET SIZE (1..MAX)
  do {
    if (attributes.length >= MAX_ATTRIBUTES)
      throw new DerError(`over ${MAX_ATTRIBUTES} attributes`, "too-large");
    const attribute = set.enter(TAG.sequence, "Attribute");
    const type = oid(attribute, "attrType");
    const values = attribute.enter(TAG.set, "attrValues");
    attribute.finish("Attribute");
    const all: Uint8Array[] = [];
    while (values.more()) all.push(values.raw("AttributeValue"));
    attributes.push({ oid: type, values: all });
  } while (set.more());
  return attributes;
}
