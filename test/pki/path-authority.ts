/**
 * A certificate authority for tests of paths: it can make everything that no real CA would. Fixed times, Ed25519 keys
 * unless told otherwise, every field and extension open. Written with the room's own DER writer; OpenSSL reads the
 * result in the tests, so a mistake here would show.
 */
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { encode } from "../../src/pki/der-write.ts";
import {
  type Certificate,
  type Crl,
  isProblem,
  type KeyUsage,
  OID,
  parseCertificate,
  parseCrl,
} from "../../src/pki/index.ts";

export const NOW = new Date("2026-06-01T12:00:00Z");
const FROM = new Date("2026-01-01T00:00:00Z");
const UNTIL = new Date("2027-01-01T00:00:00Z");

/** A key pair, and how it signs. */
export interface Key {
  readonly spki: Buffer;
  readonly algorithm: Buffer;
  readonly sign: (data: Uint8Array) => Buffer;
}

/** A certificate with the key that can sign for it. */
export interface Issued {
  readonly certificate: Certificate;
  readonly key: Key;
  readonly subject: Buffer;
}

/** What may be said otherwise than a good end-entity certificate says it. */
export interface Spec {
  /** A common name, or a whole Name from `distinguishedName`. */
  readonly subject: string | Buffer;
  /** Default: self-signed. */
  readonly issuer?: Issued | null;
  readonly key?: Key;
  readonly serial?: number;
  readonly version?: 1 | 3;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** Instead of the issuer's name. */
  readonly issuerName?: Buffer;
  /** Key identifiers, which are there unless this is false. */
  readonly identifiers?: boolean;
  /** Others than `basicConstraints CA:false` with digitalSignature; an undefined one is left out. */
  readonly extensions?: readonly (Buffer | undefined)[];
  /** The algorithm inside tbsCertificate, when it is to differ. */
  readonly innerAlgorithm?: Buffer;
  readonly spoilSignature?: boolean;
}

export function edKey(): Key {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  return key(publicKey, encode.sequence(encode.oid(OID.ed25519)), (data) => sign(null, data, privateKey));
}

export function key(publicKey: KeyObject, algorithm: Buffer, signer: Key["sign"]): Key {
  return { spki: publicKey.export({ format: "der", type: "spki" }), algorithm, sign: signer };
}

/** Makes a certificate. The bytes are parsed by the room under test. */
export function issue(spec: Spec): Issued {
  const own = spec.key ?? edKey();
  const subject = typeof spec.subject === "string" ? distinguishedName(["CN", spec.subject]) : spec.subject;
  const signer = spec.issuer?.key ?? own;
  const identifiers = spec.identifiers ?? true;
  const extensions = [
    ...(spec.extensions ?? [basicConstraints(false), keyUsage("digitalSignature")]),
    ...(identifiers ? [extension(OID.subjectKeyIdentifier, encode.octetString(keyIdentifier(own)))] : []),
    ...(identifiers ? [authorityKeyIdentifier(signer)] : []),
  ].filter((one) => one !== undefined);
  const tbs = encode.sequence(
    ...(spec.version === 1 ? [] : [encode.tagged(0xa0, encode.integer(2))]),
    encode.integer(spec.serial ?? 1 + Math.floor(serials++)),
    spec.innerAlgorithm ?? signer.algorithm,
    spec.issuerName ?? spec.issuer?.subject ?? subject,
    encode.sequence(encode.time(spec.notBefore ?? FROM), encode.time(spec.notAfter ?? UNTIL)),
    subject,
    own.spki,
    ...(spec.version === 1 || extensions.length === 0
      ? []
      : [encode.tagged(0xa3, encode.sequence(...extensions))]),
  );
  const certificate = parseCertificate(signed(tbs, signer, spec.spoilSignature));
  if (isProblem(certificate)) throw new Error(certificate.detail);
  return { certificate, key: own, subject };
}

let serials = 1000;

/** A CA; its extensions are those of a good one, then `more`. */
export function issueCa(
  spec: Spec & { readonly pathLength?: number; readonly more?: readonly Buffer[] },
): Issued {
  const good = [basicConstraints(true, spec.pathLength), keyUsage("keyCertSign", "cRLSign")];
  return issue({ extensions: [...good, ...(spec.more ?? [])], ...spec });
}

export interface CrlSpec {
  readonly thisUpdate?: Date;
  readonly nextUpdate?: Date | null;
  readonly number?: number;
  readonly revoked?: readonly { readonly serial: string; readonly extensions?: readonly Buffer[] }[];
  readonly extensions?: readonly Buffer[];
  readonly key?: Key;
}

/** A CRL of an issuer (RFC 5280 §5.1). */
export function issueCrl(issuer: Issued, spec: CrlSpec = {}): Crl {
  const signer = spec.key ?? issuer.key;
  const entries = (spec.revoked ?? []).map(({ serial, extensions = [] }) =>
    encode.sequence(
      encode.tagged(0x02, Buffer.from(serial, "hex")),
      encode.time(FROM),
      ...(extensions.length === 0 ? [] : [encode.sequence(...extensions)]),
    ),
  );
  const number = extension(OID.crlNumber, encode.integer(spec.number ?? 1));
  const extensions = [authorityKeyIdentifier(signer), number, ...(spec.extensions ?? [])];
  const nextUpdate = spec.nextUpdate === undefined ? UNTIL : spec.nextUpdate;
  const tbs = encode.sequence(
    encode.integer(1),
    signer.algorithm,
    issuer.subject,
    encode.time(spec.thisUpdate ?? FROM),
    ...(nextUpdate === null ? [] : [encode.time(nextUpdate)]),
    ...(entries.length === 0 ? [] : [encode.sequence(Buffer.concat(entries))]),
    encode.tagged(0xa0, encode.sequence(...extensions)),
  );
  const crl = parseCrl(signed(tbs, signer));
  if (isProblem(crl)) throw new Error(crl.detail);
  return crl;
}

/** A Name of one attribute an RDN; CN, O and C by their short names, emailAddress as such. */
export function distinguishedName(...attributes: readonly (readonly [string, string])[]): Buffer {
  const types: Record<string, string> = {
    CN: OID.commonName,
    O: OID.organizationName,
    C: OID.countryName,
    emailAddress: OID.emailAddress,
  };
  const rdns = attributes.map(([type, text]) => {
    const string = encode.tagged(type === "emailAddress" ? 0x16 : 0x0c, Buffer.from(text, "utf8"));
    return encode.setOf([encode.sequence(encode.oid(types[type] ?? type), string)]);
  });
  return encode.sequence(...rdns);
}

export function extension(oid: string, value: Uint8Array, critical = false): Buffer {
  const flag = critical ? [Buffer.from([1, 1, 0xff])] : [];
  return encode.sequence(encode.oid(oid), ...flag, encode.octetString(value));
}

export function basicConstraints(ca: boolean, pathLength?: number): Buffer {
  const yes = ca ? [Buffer.from([1, 1, 0xff])] : [];
  const length = pathLength === undefined ? [] : [encode.integer(pathLength)];
  return extension(OID.basicConstraints, encode.sequence(...yes, ...length), true);
}

const USAGES: readonly KeyUsage[] = [
  "digitalSignature",
  "nonRepudiation",
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
];

export function keyUsage(...usages: readonly KeyUsage[]): Buffer {
  const bits = usages.map((usage) => USAGES.indexOf(usage));
  const octet = bits.reduce((sum, bit) => sum | (0x80 >> bit), 0);
  return extension(OID.keyUsage, encode.tagged(0x03, Buffer.from([7 - Math.max(...bits), octet])), true);
}

/** GeneralNames for the tests: `email:`, `dns:`, `uri:`, `dn:CN`, `ip:` (hex), `utf8:` (SmtpUTF8Mailbox). */
export function generalName(text: string): Buffer {
  const value = text.slice(text.indexOf(":") + 1);
  const bytes = Buffer.from(value, "utf8");
  switch (text.slice(0, text.indexOf(":"))) {
    case "email":
      return encode.tagged(0x81, bytes);
    case "dns":
      return encode.tagged(0x82, bytes);
    case "uri":
      return encode.tagged(0x86, bytes);
    case "dn":
      return encode.tagged(0xa4, distinguishedName(["CN", value]));
    case "ip":
      return encode.tagged(0x87, Buffer.from(value, "hex"));
    case "utf8":
      return encode.tagged(
        0xa0,
        encode.oid(OID.smtpUtf8Mailbox),
        encode.tagged(0xa0, encode.tagged(0x0c, bytes)),
      );
    default:
      throw new Error(text);
  }
}

export function subjectAltName(...names: readonly string[]): Buffer {
  return extension(OID.subjectAltName, encode.sequence(...names.map(generalName)));
}

export function nameConstraints(permitted: readonly string[], excluded: readonly string[] = []): Buffer {
  const subtrees = (tag: number, names: readonly string[]) =>
    names.length === 0
      ? []
      : [encode.tagged(tag, ...names.map((name) => encode.sequence(generalName(name))))];
  const value = encode.sequence(...subtrees(0xa0, permitted), ...subtrees(0xa1, excluded));
  return extension(OID.nameConstraints, value, true);
}

export function certificatePolicies(...oids: readonly string[]): Buffer {
  return extension(
    OID.certificatePolicies,
    encode.sequence(...oids.map((oid) => encode.sequence(encode.oid(oid)))),
  );
}

export function policyMappings(...pairs: readonly (readonly [string, string])[]): Buffer {
  const mappings = pairs.map(([from, to]) => encode.sequence(encode.oid(from), encode.oid(to)));
  return extension(OID.policyMappings, encode.sequence(...mappings), true);
}

export function authorityKeyIdentifier(signer: Key): Buffer {
  return extension(OID.authorityKeyIdentifier, encode.sequence(encode.tagged(0x80, keyIdentifier(signer))));
}

function keyIdentifier({ spki }: Key): Buffer {
  return createHash("sha1").update(spki).digest();
}

function signed(tbs: Buffer, signer: Key, spoil = false): Buffer {
  const signature = signer.sign(tbs);
  if (spoil) signature[8] = (signature[8] ?? 0) ^ 1;
  return encode.sequence(tbs, signer.algorithm, encode.tagged(0x03, Buffer.from([0]), signature));
}
