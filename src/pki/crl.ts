/** CRLs (RFC 5280 §5): the list decoded, its entries walked by tag and length only, as there may be 100,000. */
import { hash } from "node:crypto";
import type { AlgorithmIdentifier } from "./algorithm-identifier.ts";
import { readAlgorithm, sameAlgorithm } from "./algorithm-identifier.ts";
import { crlOctets, explained, tooLarge } from "./crl-form.ts";
import {
  attempt,
  context,
  contextConstructed,
  DerError,
  DerReader,
  enterOnly,
  enterOutermost,
  isProblem,
  type ParseProblem,
  TAG,
} from "./der.ts";
import {
  boolean,
  hexOfInteger,
  integerBytes,
  namedBits,
  signatureOctets,
  smallInteger,
} from "./der-value.ts";
import type { DistributionPoint } from "./distribution-point.ts";
import { distributionPoints, readDistributionPointName } from "./distribution-point.ts";
import {
  authorityInfoAccess,
  authorityKeyIdentifier,
  type Extension,
  type Extensions,
  readExtensions,
} from "./extensions.ts";
import type { GeneralName } from "./general-name.ts";
import { readGeneralNames } from "./general-name.ts";
import { MAX_CRL_BYTES } from "./limits.ts";
import { type Name, readName } from "./name.ts";
import { OID } from "./oid.ts";
import { isTime, time } from "./time.ts";

/** A CertificateList (RFC 5280 §5), its entries left undecoded until asked for. */
export interface Crl {
  readonly der: Uint8Array;
  readonly sha256: string;
  readonly tbs: Uint8Array;
  readonly issuer: Name;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date | null;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
  /** Raw content bytes of revokedCertificates; walk them with `crlEntries`. */
  readonly entries: Uint8Array;
  /** keyIdentifier of the authorityKeyIdentifier (RFC 5280 §5.2.1). */
  readonly authorityKeyIdentifier: Uint8Array | null;
  /** cRLNumber (RFC 5280 §5.2.3) in lower-case hex. */
  readonly crlNumber: string | null;
  /** BaseCRLNumber of a delta CRL (RFC 5280 §5.2.4) in lower-case hex; null: a complete CRL. */
  readonly baseCrlNumber: string | null;
  /** Where its delta CRLs are (RFC 5280 §5.2.6). */
  readonly freshestCrl: readonly DistributionPoint[] | null;
  /** Where the certificate of its signer is (RFC 5280 §5.2.7); null also where it cannot be read: nothing hangs on it. */
  readonly authorityInfoAccess: Extensions["authorityInfoAccess"];
  readonly issuingDistributionPoint: {
    readonly distributionPoint: DistributionPoint | null;
    readonly onlyUserCerts: boolean;
    readonly onlyCaCerts: boolean;
    readonly onlyAttributeCerts: boolean;
    readonly indirect: boolean;
    readonly onlySomeReasons: readonly number[] | null;
  } | null;
  readonly criticalExtensions: readonly string[];
  /** OIDs of the critical extensions that any entry has, each once (RFC 5280 §5.3). */
  readonly criticalEntryExtensions: readonly string[];
}

/** What can be said of a CRL before its entries were looked at. */
export type CrlHeader = Omit<Crl, "entries" | "criticalEntryExtensions">;

/** One entry of a CRL (RFC 5280 §5.3). */
export interface CrlEntry {
  /** As `Certificate.serial`. */
  readonly serial: string;
  readonly revocationDate: Date;
  /** CRLReason (RFC 5280 §5.3.1); null when it is not said. 8 is removeFromCRL. */
  readonly reason: number | null;
  /** Whose certificate it is, on an indirect CRL (RFC 5280 §5.3.3): sticks to the entries behind; null: the CRL's issuer's. */
  readonly certificateIssuer: readonly GeneralName[] | null;
  /** OIDs of the critical entry extensions. */
  readonly criticalExtensions: readonly string[];
}

/** CRLReason removeFromCRL: on a delta CRL, no longer revoked (RFC 5280 §5.3.1). */
export const REMOVE_FROM_CRL = 8;

/**
 * Decodes a CRL and checks the form of every entry, so that walking them later cannot fail.
 * @param bytes the CRL and nothing else, DER or PEM (`crl-form.ts`); copied, so the result is on its own
 * @returns the CRL, or why it cannot be read. Never throws
 */
export function parseCrl(bytes: Uint8Array): Crl | ParseProblem {
  return decoded(bytes, (der) => {
    const crl = readCrl(Uint8Array.from(der));
    return { ...crl, criticalEntryExtensions: checkEntries(crl.entries) };
  });
}

/**
 * As `parseCrl` without a look at the entries: of their number only the digest over all bytes pays. For whoever keeps or
 * forwards a CRL; who wants to know what it says must decode it whole.
 * @param bytes is not copied: the result lives on it
 */
export function parseCrlHeader(bytes: Uint8Array): CrlHeader | ParseProblem {
  return decoded(bytes, readCrl);
}

/**
 * Whose list octets say to be that may not be readable as one: all before the issuer is sound (RFC 5280 §5.1.2.3).
 * @param bytes as for `parseCrl`
 * @returns null when that cannot be read either. Never throws
 */
export function crlIssuer(bytes: Uint8Array): Name | null {
  const issuer = decoded(bytes, (der) => {
    const tbs = new DerReader(der).enter(TAG.sequence, "CRL").enter(TAG.sequence, "tbsCertList");
    if (tbs.peek() === TAG.integer) tbs.element();
    tbs.element();
    return readName(tbs, "issuer");
  });
  return isProblem(issuer) ? null : issuer;
}

function decoded<T extends object>(bytes: Uint8Array, decode: (der: Uint8Array) => T): T | ParseProblem {
  const der = crlOctets(bytes);
  if (isProblem(der)) return der;
  if (der.length > MAX_CRL_BYTES) return tooLarge(der);
  const result = attempt(() => decode(der));
  return isProblem(result) ? explained(der, result) : result;
}

/** Decoded but for its entries. */
type Unwalked = CrlHeader & Pick<Crl, "entries">;

/** CertificateList ::= SEQUENCE { tbsCertList, signatureAlgorithm, signatureValue } (RFC 5280 §5.1.1). */
function readCrl(bytes: Uint8Array): Unwalked {
  const { raw: der, inner: outer } = enterOutermost(bytes, TAG.sequence, "CRL");
  const tbs = outer.raw("tbsCertList", TAG.sequence);
  const signatureAlgorithm = readAlgorithm(outer, "signatureAlgorithm");
  const signature = signatureOctets(outer);
  outer.finish("CRL");
  const { tbsSignatureAlgorithm, ...fields } = readTbs(tbs);
  // RFC 5280 §5.1.1.2: the two must be the same.
  if (!sameAlgorithm(tbsSignatureAlgorithm, signatureAlgorithm))
    throw new DerError("CRL: two signature algorithms");
  return { der, sha256: hash("sha256", der, "hex"), tbs, ...fields, signatureAlgorithm, signature };
}

type TbsFields = Omit<Unwalked, "der" | "sha256" | "tbs" | "signatureAlgorithm" | "signature"> & {
  readonly tbsSignatureAlgorithm: AlgorithmIdentifier;
};

/** TBSCertList, field by field in the order of RFC 5280 §5.1.2. */
function readTbs(tbs: Uint8Array): TbsFields {
  const sequence = enterOnly(tbs, TAG.sequence, "tbsCertList");
  const version = sequence.peek() === TAG.integer ? smallInteger(sequence, "version") : 0;
  if (version > 1) throw new DerError(`CRL of version ${version + 1}`);
  const tbsSignatureAlgorithm = readAlgorithm(sequence, "signature");
  const issuer = readName(sequence, "issuer");
  const thisUpdate = time(sequence, "thisUpdate");
  const nextUpdate = isTime(sequence.peek()) ? time(sequence, "nextUpdate") : null;
  const entries = sequence.contentOptional(TAG.sequence, "revokedCertificates") ?? new Uint8Array();
  const explicit = sequence.enterOptional(contextConstructed(0), "crlExtensions");
  const extensions = explicit === null ? [] : readExtensions(explicit, "crlExtensions");
  explicit?.finish("crlExtensions");
  sequence.finish("tbsCertList");
  return {
    tbsSignatureAlgorithm,
    issuer,
    thisUpdate,
    nextUpdate,
    entries,
    ...decodeCrlExtensions(extensions),
  };
}

type CrlExtensions = Pick<
  Crl,
  | "authorityKeyIdentifier"
  | "crlNumber"
  | "baseCrlNumber"
  | "freshestCrl"
  | "authorityInfoAccess"
  | "issuingDistributionPoint"
  | "criticalExtensions"
>;

/** A CRL that cannot be understood whole must not be used (RFC 5280 §5.2), so a malformed extension ends it. */
function decodeCrlExtensions(all: readonly Extension[]): CrlExtensions {
  const byOid = new Map(all.map((extension) => [extension.oid, extension.value]));
  if (byOid.size !== all.length) throw new DerError("CRL extension is there twice (RFC 5280 §4.2)");
  const decode = <T>(oid: string, read: (value: Uint8Array) => T): T | null => {
    const value = byOid.get(oid);
    return value === undefined ? null : read(value);
  };
  return {
    authorityKeyIdentifier: decode(OID.authorityKeyIdentifier, authorityKeyIdentifier)?.keyIdentifier ?? null,
    crlNumber: decode(OID.crlNumber, onlyInteger),
    baseCrlNumber: decode(OID.deltaCrlIndicator, onlyInteger),
    freshestCrl: decode(OID.freshestCrl, (value) => distributionPoints(value, "freshestCRL")),
    authorityInfoAccess: decode(OID.authorityInfoAccess, (value) => {
      const access = attempt(() => ({ all: authorityInfoAccess(value) }));
      return "all" in access ? access.all : null;
    }),
    issuingDistributionPoint: decode(OID.issuingDistributionPoint, issuingDistributionPoint),
    criticalExtensions: all.filter(({ critical }) => critical).map(({ oid }) => oid),
  };
}

function onlyInteger(value: Uint8Array): string {
  const reader = new DerReader(value);
  const number = hexOfInteger(integerBytes(reader, "CRL number"));
  reader.finish("CRL number");
  return number;
}

/** IssuingDistributionPoint (RFC 5280 §5.2.5). */
function issuingDistributionPoint(value: Uint8Array): Crl["issuingDistributionPoint"] {
  const what = "issuingDistributionPoint";
  const sequence = enterOnly(value, TAG.sequence, what);
  const name = sequence.enterOptional(contextConstructed(0), what);
  const names = name === null ? null : readDistributionPointName(name, what);
  const flag = (number: number): boolean =>
    sequence.peek() === context(number) && boolean(sequence, what, context(number));
  const onlyUserCerts = flag(1);
  const onlyCaCerts = flag(2);
  const onlySomeReasons = sequence.peek() === context(3) ? namedBits(sequence, what, context(3)) : null;
  const indirect = flag(4);
  const onlyAttributeCerts = flag(5);
  sequence.finish(what);
  return {
    distributionPoint: names === null ? null : { ...names, reasons: null, crlIssuer: [] },
    onlyUserCerts,
    onlyCaCerts,
    onlyAttributeCerts,
    indirect,
    onlySomeReasons,
  };
}

/** The raw parts of one entry: SEQUENCE { serial, date, extensions OPTIONAL } (RFC 5280 §5.1.2.6). */
interface RawEntry {
  readonly serial: Uint8Array;
  readonly date: DerReader;
  readonly extensions: Extension[];
}

function readEntry(list: DerReader): RawEntry {
  const entry = list.enter(TAG.sequence, "CRL entry");
  const serial = integerBytes(entry, "CRL entry serial");
  const date = new DerReader(entry.raw("CRL entry date"));
  const extensions = entry.more() ? readExtensions(entry, "crlEntryExtensions") : [];
  entry.finish("CRL entry");
  return { serial, date, extensions };
}

function decodeEntry(
  { serial, date, extensions }: RawEntry,
  issuer: CrlEntry["certificateIssuer"],
): CrlEntry {
  const said = decodeEntryExtensions(extensions);
  return {
    serial: hexOfInteger(serial),
    revocationDate: time(date, "revocationDate"),
    ...said,
    certificateIssuer: said.certificateIssuer ?? issuer,
  };
}

type EntryExtensions = Pick<CrlEntry, "reason" | "certificateIssuer" | "criticalExtensions">;

function decodeEntryExtensions(extensions: readonly Extension[]): EntryExtensions {
  let reason: number | null = null;
  let certificateIssuer: CrlEntry["certificateIssuer"] = null;
  for (const { oid, value } of extensions) {
    if (oid === OID.reasonCode) reason = smallInteger(new DerReader(value), "reasonCode", TAG.enumerated);
    if (oid === OID.certificateIssuer) certificateIssuer = entryIssuer(value);
  }
  const criticalExtensions = extensions.filter(({ critical }) => critical).map(({ oid }) => oid);
  return { reason, certificateIssuer, criticalExtensions };
}

function entryIssuer(value: Uint8Array): GeneralName[] {
  return readGeneralNames(enterOnly(value, TAG.sequence, "certificateIssuer"), "certificateIssuer");
}

/** Checks the form of every entry in one pass; returns the OIDs of the critical extensions that it saw. */
function checkEntries(entries: Uint8Array): readonly string[] {
  const list = new DerReader(entries);
  const critical = new Set<string>();
  while (list.more()) {
    // Not by way of readEntry: what it keeps for later is not needed here, and 100,000 times is often.
    const entry = list.enter(TAG.sequence, "CRL entry");
    integerBytes(entry, "CRL entry serial");
    time(entry, "revocationDate");
    if (!entry.more()) continue;
    const extensions = readExtensions(entry, "crlEntryExtensions");
    entry.finish("CRL entry");
    for (const oid of decodeEntryExtensions(extensions).criticalExtensions) critical.add(oid);
  }
  return [...critical];
}

/**
 * Walks the entries of a CRL in order.
 * @param serial yields only the entries of this serial (as `Certificate.serial`). When its octets stand nowhere in the
 *   list, as for most certificates, not even the walk is needed: under 2 ms for 100,000 entries
 */
export function* crlEntries(crl: Crl, serial?: string): Generator<CrlEntry, void, undefined> {
  if (serial !== undefined && !mayHold(crl.entries, serial)) return;
  const list = new DerReader(crl.entries);
  let certificateIssuer: CrlEntry["certificateIssuer"] = null;
  while (list.more()) {
    const raw = readEntry(list);
    const named = raw.extensions.find(({ oid }) => oid === OID.certificateIssuer);
    // RFC 5280 §5.3.3: without its own certificateIssuer an entry has that of the entry before.
    if (named !== undefined) certificateIssuer = entryIssuer(named.value);
    if (serial === undefined || hexOfInteger(raw.serial) === serial)
      yield decodeEntry(raw, certificateIssuer);
  }
}

/** False when no INTEGER of this serial, with or without sign octet, stands in the list: an upper bound, not a match. */
function mayHold(entries: Uint8Array, serial: string): boolean {
  if (serial.startsWith("-")) return true; // no CA of today gives a negative one: the list is simply walked
  const octets = Buffer.from(serial, "hex");
  const list = Buffer.from(entries.buffer, entries.byteOffset, entries.byteLength);
  const unsigned = Buffer.concat([Buffer.from([TAG.integer, octets.length]), octets]);
  const signed = Buffer.concat([Buffer.from([TAG.integer, octets.length + 1, 0]), octets]);
  // Longer serials, whose length takes more octets, and negative ones are simply walked for.
  return octets.length > 126 || serial.startsWith("-") || list.includes(unsigned) || list.includes(signed);
}
