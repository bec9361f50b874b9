/** The extensions of certificates (RFC 5280 §4.2): what they say, and what is wrong with their form. */
import {
  attempt,
  context,
  contextConstructed,
  DerError,
  DerReader,
  enterOnly,
  isProblem,
  TAG,
} from "./der.ts";
import { anyBoolean, hexOfInteger, integerBytes, namedBits, oid, smallInteger } from "./der-value.ts";
import { type DistributionPoint, distributionPoints } from "./distribution-point.ts";
import { type GeneralName, readGeneralName, readGeneralNames } from "./general-name.ts";
import { MAX_EXTENSIONS } from "./limits.ts";
import { OID } from "./oid.ts";

/** keyUsage bits (RFC 5280 §4.2.1.3) by their names in the standard. */
export type KeyUsage =
  | "digitalSignature"
  | "nonRepudiation"
  | "keyEncipherment"
  | "dataEncipherment"
  | "keyAgreement"
  | "keyCertSign"
  | "cRLSign"
  | "encipherOnly"
  | "decipherOnly";

export interface GeneralSubtree {
  readonly base: GeneralName;
  readonly minimum: number;
  readonly maximum: number | null;
}

export interface PolicyInformation {
  readonly oid: string;
  /** Raw DER of the policyQualifiers, or null. */
  readonly qualifiers: Uint8Array | null;
}

/** One extension as it stands; `value` is the contents of extnValue. */
export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  readonly value: Uint8Array;
}

/** The extensions of a certificate, decoded (RFC 5280 §4.2); what is absent is null. */
export interface Extensions {
  /** All of them in order, decoded or not. */
  readonly all: readonly Extension[];
  readonly basicConstraints: { readonly ca: boolean; readonly pathLength: number | null } | null;
  readonly keyUsage: ReadonlySet<KeyUsage> | null;
  /** KeyPurposeIds as OIDs. */
  readonly extendedKeyUsage: readonly string[] | null;
  readonly subjectAltName: readonly GeneralName[] | null;
  readonly issuerAltName: readonly GeneralName[] | null;
  readonly subjectKeyIdentifier: Uint8Array | null;
  readonly authorityKeyIdentifier: {
    readonly keyIdentifier: Uint8Array | null;
    readonly issuer: readonly GeneralName[] | null;
    readonly serial: string | null;
  } | null;
  readonly nameConstraints: {
    readonly permitted: readonly GeneralSubtree[] | null;
    readonly excluded: readonly GeneralSubtree[] | null;
  } | null;
  readonly certificatePolicies: readonly PolicyInformation[] | null;
  readonly policyMappings:
    | readonly { readonly issuerDomain: string; readonly subjectDomain: string }[]
    | null;
  readonly policyConstraints: {
    readonly requireExplicitPolicy: number | null;
    readonly inhibitPolicyMapping: number | null;
  } | null;
  readonly inhibitAnyPolicy: number | null;
  readonly crlDistributionPoints: readonly DistributionPoint[] | null;
  readonly freshestCrl: readonly DistributionPoint[] | null;
  /** authorityInfoAccess, as accessMethod OID and location. */
  readonly authorityInfoAccess: readonly { readonly method: string; readonly location: GeneralName }[] | null;
  /** What is wrong with the form of an extension (decoding failed, twice the same OID, empty SAN …). */
  readonly defects: readonly string[];
}

/** The bits of keyUsage in the order of RFC 5280 §4.2.1.3. */
const KEY_USAGES: readonly KeyUsage[] = [
  "digitalSignature",
  "nonRepudiation",
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
  "encipherOnly",
  "decipherOnly",
];

/** What a certificate without extensions says. */
export const NO_EXTENSIONS: Extensions = {
  all: [],
  basicConstraints: null,
  keyUsage: null,
  extendedKeyUsage: null,
  subjectAltName: null,
  issuerAltName: null,
  subjectKeyIdentifier: null,
  authorityKeyIdentifier: null,
  nameConstraints: null,
  certificatePolicies: null,
  policyMappings: null,
  policyConstraints: null,
  inhibitAnyPolicy: null,
  crlDistributionPoints: null,
  freshestCrl: null,
  authorityInfoAccess: null,
  defects: [],
};

type Decoded = Omit<Extensions, "all" | "defects">;

/** OID → the field that it fills and its decoder, which gets the contents of extnValue and may throw DerError. */
const DECODERS: ReadonlyMap<string, (value: Uint8Array) => Partial<Decoded>> = new Map<
  string,
  (value: Uint8Array) => Partial<Decoded>
>([
  [OID.basicConstraints, (value) => ({ basicConstraints: basicConstraints(value) })],
  [OID.keyUsage, (value) => ({ keyUsage: keyUsage(value) })],
  [OID.extendedKeyUsage, (value) => ({ extendedKeyUsage: oids(value, "extKeyUsage") })],
  [OID.subjectAltName, (value) => ({ subjectAltName: generalNames(value, "subjectAltName") })],
  [OID.issuerAltName, (value) => ({ issuerAltName: generalNames(value, "issuerAltName") })],
  [OID.subjectKeyIdentifier, (value) => ({ subjectKeyIdentifier: subjectKeyIdentifier(value) })],
  [OID.authorityKeyIdentifier, (value) => ({ authorityKeyIdentifier: authorityKeyIdentifier(value) })],
  [OID.nameConstraints, (value) => ({ nameConstraints: nameConstraints(value) })],
  [OID.certificatePolicies, (value) => ({ certificatePolicies: certificatePolicies(value) })],
  [OID.policyMappings, (value) => ({ policyMappings: policyMappings(value) })],
  [OID.policyConstraints, (value) => ({ policyConstraints: policyConstraints(value) })],
  [OID.inhibitAnyPolicy, (value) => ({ inhibitAnyPolicy: inhibitAnyPolicy(value) })],
  [
    OID.crlDistributionPoints,
    (value) => ({ crlDistributionPoints: distributionPoints(value, "cRLDistributionPoints") }),
  ],
  [OID.freshestCrl, (value) => ({ freshestCrl: distributionPoints(value, "freshestCRL") })],
  [OID.qcStatements, readQcStatements],
  [OID.authorityInfoAccess, (value) => ({ authorityInfoAccess: authorityInfoAccess(value) })],
]);

/**
 * QCStatements (RFC 3739 §3.2.6), which may be critical: what a CA states of the certificate, of its holder's duties and of
 * its own. Nothing of it bears on encrypting mail, so its form is read and no statement kept.
 */
function readQcStatements(value: Uint8Array): Partial<Decoded> {
  const sequence = enterOnly(value, TAG.sequence, "qcStatements");
  while (sequence.more()) {
    const statement = sequence.enter(TAG.sequence, "QCStatement");
    oid(statement, "statementId");
    if (statement.more()) statement.element();
    statement.finish("QCStatement");
  }
  return {};
}

/**
 * Extensions that are as absent when they are malformed and not critical. Departs from RFC 5280 §4.2 (each has its form)
 * because private CAs get them wrong, and nothing is gained by it: key identifiers only guide the search of a path, nobody
 * reads issuerAltName and qcStatements, and without certificatePolicies no policy holds. All others grant or forbid something, or tell
 * where to ask about revocation.
 */
const AS_ABSENT: ReadonlySet<string> = new Set([
  OID.subjectKeyIdentifier,
  OID.authorityKeyIdentifier,
  OID.issuerAltName,
  OID.certificatePolicies,
  OID.qcStatements,
]);

/**
 * Decodes the extensions that are known. One that is malformed, or there twice (the first counts), is a defect and
 * never a reason to lose the certificate: PRODUCT wants it judged, with its address.
 */
export function decodeExtensions(all: readonly Extension[]): Extensions {
  const decoded: { -readonly [Field in keyof Decoded]?: Decoded[Field] } = {};
  const defects: string[] = [];
  const seen = new Set<string>();
  for (const { oid: id, critical, value } of all) {
    // RFC 5280 §4.2: not more than one instance of a particular extension.
    if (seen.has(id)) {
      defects.push(`extension ${id} is there twice (RFC 5280 §4.2)`);
      continue;
    }
    seen.add(id);
    const decode = DECODERS.get(id);
    if (decode === undefined) continue;
    const result = attempt(() => ({ fields: decode(value) }));
    if (!isProblem(result)) Object.assign(decoded, result.fields);
    else if (critical || !AS_ABSENT.has(id)) defects.push(result.detail);
  }
  return { ...NO_EXTENSIONS, ...decoded, all, defects };
}

/**
 * Reads Extensions (RFC 5280 §4.1), the SEQUENCE at the reader's position.
 * @throws DerError when the list itself is malformed or has too many members
 */
export function readExtensions(reader: DerReader, what: string): Extension[] {
  const sequence = reader.enter(TAG.sequence, what);
  const all: Extension[] = [];
  // Extensions ::= SEQUENCE SIZE (1..MAX)
  do {
    if (all.length >= MAX_EXTENSIONS) throw new DerError(`${what}: over ${MAX_EXTENSIONS}`, "too-large");
    const extension = sequence.enter(TAG.sequence, what);
    const id = oid(extension, what);
    // Departs from X.690 §11.5 (a DEFAULT value is not encoded) because CAs in use write `critical FALSE`.
    const critical = extension.peek() === TAG.boolean && anyBoolean(extension, what);
    const value = extension.content(TAG.octetString, what);
    extension.finish(what);
    all.push({ oid: id, critical, value });
  } while (sequence.more());
  return all;
}

/** RFC 5280 §4.2.1.9; `cA FALSE` written out is taken, as `critical FALSE` is. */
function basicConstraints(value: Uint8Array): Decoded["basicConstraints"] {
  const sequence = enterOnly(value, TAG.sequence, "basicConstraints");
  const ca = sequence.peek() === TAG.boolean && anyBoolean(sequence, "basicConstraints cA");
  const pathLength = sequence.more() ? smallInteger(sequence, "pathLenConstraint") : null;
  sequence.finish("basicConstraints");
  return { ca, pathLength };
}

/** RFC 5280 §4.2.1.3: at least one bit must be set. */
function keyUsage(value: Uint8Array): Decoded["keyUsage"] {
  const reader = new DerReader(value);
  const bits = namedBits(reader, "keyUsage");
  reader.finish("keyUsage");
  const usages = bits.flatMap((bit) => KEY_USAGES[bit] ?? []);
  if (usages.length === 0) throw new DerError("keyUsage: no bit is set (RFC 5280 §4.2.1.3)");
  return new Set(usages);
}

/** A SEQUENCE SIZE (1..MAX) OF OBJECT IDENTIFIER, as ExtKeyUsageSyntax (RFC 5280 §4.2.1.12). */
function oids(value: Uint8Array, what: string): string[] {
  const sequence = enterOnly(value, TAG.sequence, what);
  const all: string[] = [];
  do all.push(oid(sequence, what));
  while (sequence.more());
  return all;
}

function generalNames(value: Uint8Array, what: string): GeneralName[] {
  return readGeneralNames(enterOnly(value, TAG.sequence, what), what);
}

/** RFC 5280 §4.2.1.2. */
function subjectKeyIdentifier(value: Uint8Array): Uint8Array {
  const reader = new DerReader(value);
  const identifier = reader.content(TAG.octetString, "subjectKeyIdentifier");
  reader.finish("subjectKeyIdentifier");
  return identifier;
}

/** RFC 5280 §4.2.1.1; issuer and serial come together or not at all. */
export function authorityKeyIdentifier(value: Uint8Array): NonNullable<Decoded["authorityKeyIdentifier"]> {
  const what = "authorityKeyIdentifier";
  const sequence = enterOnly(value, TAG.sequence, what);
  const keyIdentifier = sequence.contentOptional(context(0), what);
  const issuer = sequence.enterOptional(contextConstructed(1), what);
  const names = issuer === null ? null : readGeneralNames(issuer, what);
  const serial =
    sequence.peek() === context(2) ? hexOfInteger(integerBytes(sequence, what, context(2))) : null;
  sequence.finish(what);
  if ((names === null) !== (serial === null)) throw new DerError(`${what}: issuer and serial go together`);
  return { keyIdentifier, issuer: names, serial };
}

/** RFC 5280 §4.2.1.10: one of the two lists at least, none of them empty. */
function nameConstraints(value: Uint8Array): Decoded["nameConstraints"] {
  const what = "nameConstraints";
  const sequence = enterOnly(value, TAG.sequence, what);
  const permitted = sequence.enterOptional(contextConstructed(0), what);
  const excluded = sequence.enterOptional(contextConstructed(1), what);
  sequence.finish(what);
  if (permitted === null && excluded === null) throw new DerError(`${what}: empty (RFC 5280 §4.2.1.10)`);
  return {
    permitted: permitted === null ? null : subtrees(permitted, what),
    excluded: excluded === null ? null : subtrees(excluded, what),
  };
}

function subtrees(sequence: DerReader, what: string): GeneralSubtree[] {
  const all: GeneralSubtree[] = [];
  do {
    const subtree = sequence.enter(TAG.sequence, what);
    const base = readGeneralName(subtree, what);
    const minimum = subtree.peek() === context(0) ? smallInteger(subtree, what, context(0)) : 0;
    const maximum = subtree.peek() === context(1) ? smallInteger(subtree, what, context(1)) : null;
    subtree.finish(what);
    all.push({ base, minimum, maximum });
  } while (sequence.more());
  return all;
}

/** RFC 5280 §4.2.1.4: a policy may be named only once. */
function certificatePolicies(value: Uint8Array): PolicyInformation[] {
  const what = "certificatePolicies";
  const sequence = enterOnly(value, TAG.sequence, what);
  const policies = new Map<string, PolicyInformation>();
  do {
    const information = sequence.enter(TAG.sequence, what);
    const id = oid(information, what);
    const qualifiers = information.more() ? information.raw(what, TAG.sequence) : null;
    information.finish(what);
    if (policies.has(id)) throw new DerError(`${what}: ${id} is there twice (RFC 5280 §4.2.1.4)`);
    policies.set(id, { oid: id, qualifiers });
  } while (sequence.more());
  return [...policies.values()];
}

/** RFC 5280 §4.2.1.5. */
function policyMappings(value: Uint8Array): Decoded["policyMappings"] {
  const what = "policyMappings";
  const sequence = enterOnly(value, TAG.sequence, what);
  const mappings: { issuerDomain: string; subjectDomain: string }[] = [];
  do {
    const mapping = sequence.enter(TAG.sequence, what);
    mappings.push({ issuerDomain: oid(mapping, what), subjectDomain: oid(mapping, what) });
    mapping.finish(what);
  } while (sequence.more());
  return mappings;
}

/** RFC 5280 §4.2.1.11: one of the two fields at least. */
function policyConstraints(value: Uint8Array): Decoded["policyConstraints"] {
  const what = "policyConstraints";
  const sequence = enterOnly(value, TAG.sequence, what);
  const field = (number: number): number | null =>
    sequence.peek() === context(number) ? smallInteger(sequence, what, context(number)) : null;
  const requireExplicitPolicy = field(0);
  const inhibitPolicyMapping = field(1);
  sequence.finish(what);
  if (requireExplicitPolicy === null && inhibitPolicyMapping === null) {
    throw new DerError(`${what}: empty (RFC 5280 §4.2.1.11)`);
  }
  return { requireExplicitPolicy, inhibitPolicyMapping };
}

/** RFC 5280 §4.2.1.14. */
function inhibitAnyPolicy(value: Uint8Array): number {
  const reader = new DerReader(value);
  const skip = smallInteger(reader, "inhibitAnyPolicy");
  reader.finish("inhibitAnyPolicy");
  return skip;
}

/**
 * AuthorityInfoAccess out of the contents of extnValue (RFC 5280 §4.2.2.1, in a CRL §5.2.7).
 * @throws DerError
 */
export function authorityInfoAccess(value: Uint8Array): Decoded["authorityInfoAccess"] {
  const what = "authorityInfoAccess";
  const sequence = enterOnly(value, TAG.sequence, what);
  const all: { method: string; location: GeneralName }[] = [];
  do {
    const description = sequence.enter(TAG.sequence, what);
    all.push({ method: oid(description, what), location: readGeneralName(description, what) });
    description.finish(what);
  } while (sequence.more());
  return all;
}
