/** Distinguished names: decoding, comparison (RFC 5280 §7.1) and text for people (RFC 4514). */
import { DerReader, type Encoding, equalBytes, TAG, toHex } from "./der.ts";
import { oid } from "./der-value.ts";
import { MAX_PREPARED_NAME_BYTES, MAX_PREPARED_RDNS, MAX_PREPARED_TEXT } from "./limits.ts";
import { OID } from "./oid.ts";
import { stringText } from "./text.ts";

/** One AttributeTypeAndValue of a distinguished name (RFC 5280 §4.1.2.4). */
export interface NameAttribute {
  readonly oid: string;
  /** The decoded text, or null when the value is no string type. May hold anything: escape it at the sink. */
  readonly text: string | null;
  /** The raw DER of the value. */
  readonly value: Uint8Array;
}

/** A distinguished name: relative distinguished names in order, each a set of attributes. */
export interface Name {
  readonly rdns: readonly (readonly NameAttribute[])[];
  /** The raw DER of the whole Name. */
  readonly der: Uint8Array;
  /**
   * Canonical form for comparison (RFC 5280 §7.1: case fold, inner blanks, string types equal): equal texts, equal names. Made
   * when it is first asked for; of a name that is too large to be prepared, its octets.
   */
  readonly canonical: string;
  /** Whether `canonical` is the name's octets, so that only the very same encoding is found equal. */
  readonly isUnprepared: boolean;
  /** For people, most specific first, in the manner of RFC 4514: `CN=Alice,O=Example,C=DE`. */
  readonly text: string;
}

/** Short names of RFC 4514 §3, and those that people know from certificates. Anything else is shown by its OID. */
const SHORT_NAMES: ReadonlyMap<string, string> = new Map([
  [OID.commonName, "CN"],
  [OID.surname, "SN"],
  [OID.serialNumber, "serialNumber"],
  [OID.countryName, "C"],
  [OID.localityName, "L"],
  [OID.stateOrProvinceName, "ST"],
  [OID.streetAddress, "STREET"],
  [OID.organizationName, "O"],
  [OID.organizationalUnitName, "OU"],
  [OID.title, "title"],
  [OID.businessCategory, "businessCategory"],
  [OID.postalCode, "postalCode"],
  [OID.name, "name"],
  [OID.givenName, "GN"],
  [OID.initials, "initials"],
  [OID.generationQualifier, "generationQualifier"],
  [OID.dnQualifier, "dnQualifier"],
  [OID.pseudonym, "pseudonym"],
  [OID.organizationIdentifier, "organizationIdentifier"],
  [OID.userId, "UID"],
  [OID.domainComponent, "DC"],
  [OID.emailAddress, "emailAddress"],
]);

/**
 * Reads a Name (RFC 5280 §4.1.2.4) at the reader's position.
 * @throws DerError
 */
export function readName(reader: DerReader, what: string): Name {
  return nameOf(reader.raw(what, TAG.sequence), reader.encoding);
}

/**
 * The Name in these bytes, which hold nothing else.
 * @throws DerError
 */
export function nameOf(der: Uint8Array, encoding: Encoding = "DER"): Name {
  const outer = new DerReader(der, encoding);
  const rdnSequence = outer.enter(TAG.sequence, "Name");
  outer.finish("Name");
  const rdns: NameAttribute[][] = [];
  while (rdnSequence.more()) {
    const set = rdnSequence.enter(TAG.set, "RelativeDistinguishedName");
    const rdn: NameAttribute[] = [];
    // RelativeDistinguishedName ::= SET SIZE (1..MAX)
    do rdn.push(readAttribute(set));
    while (set.more());
    rdns.push(rdn);
  }
  return new DecodedName(rdns, der);
}

/** What is made of a name is made once, and only of names that are compared or shown. */
class DecodedName implements Name {
  readonly rdns: Name["rdns"];
  readonly der: Uint8Array;
  #prepared: string | null | undefined;
  #text: string | undefined;

  constructor(rdns: Name["rdns"], der: Uint8Array) {
    this.rdns = rdns;
    this.der = der;
  }

  get canonical(): string {
    return this.#preparation() ?? `#${toHex(this.der)}`;
  }

  get isUnprepared(): boolean {
    return this.#preparation() === null;
  }

  get text(): string {
    this.#text ??= nameText(this.rdns);
    return this.#text;
  }

  #preparation(): string | null {
    if (this.#prepared === undefined) this.#prepared = preparedName(this.rdns, this.der);
    return this.#prepared;
  }
}

/** Whether two names are equal (RFC 5280 §7.1). Names come mostly as the CA wrote them, so their octets are compared first. */
export function sameName(left: Name, right: Name): boolean {
  if (equalBytes(left.der, right.der)) return true;
  // The octets of a large name are not spelled out anew for each of thousands of comparisons.
  return !left.isUnprepared && !right.isUnprepared && left.canonical === right.canonical;
}

/** The canonical form, or null for a name beyond what is prepared: then its octets are compared. */
function preparedName(rdns: Name["rdns"], der: Uint8Array): string | null {
  if (der.length > MAX_PREPARED_NAME_BYTES || rdns.length > MAX_PREPARED_RDNS) return null;
  const prepared: string[] = [];
  for (const rdn of rdns) {
    const one = preparedRdn(rdn);
    if (one === null) return null;
    prepared.push(one);
  }
  return prepared.join(",");
}

function readAttribute(set: DerReader): NameAttribute {
  const pair = set.enter(TAG.sequence, "AttributeTypeAndValue");
  const type = oid(pair, "AttributeType");
  const { tag, raw, content } = pair.element();
  pair.finish("AttributeTypeAndValue");
  return { oid: type, text: stringText(tag, content), value: raw };
}

/** The canonical form of one relative distinguished name; null when it holds a text that is not prepared. */
function preparedRdn(rdn: readonly NameAttribute[]): string | null {
  const pairs: string[] = [];
  for (const { oid: type, text, value } of rdn) {
    const prepared = text === null ? null : prepare(text);
    if (text !== null && prepared === null) return null;
    pairs.push(JSON.stringify(prepared === null ? [type, null, toHex(value)] : [type, prepared]));
  }
  // An RDN is a set: its order says nothing.
  return `[${pairs.sort().join(",")}]`;
}

/**
 * More combining marks in a row than UAX #15 §13 (Stream-Safe Text) allows for: putting them in order takes the square of their
 * number. The two halfwidth sound marks become combining ones.
 */
const MANY_MARKS = /[\p{M}\uff9e\uff9f]{31}/u;

/**
 * String preparation for caseIgnoreMatch (RFC 5280 §7.1, RFC 4518 §2): the same for all string types, so that a
 * PrintableString equals a UTF8String of the same text. Null for a text that no CA writes and whose preparation would cost
 * more than its length: it is compared byte by byte.
 */
function prepare(text: string): string | null {
  if (text.length > MAX_PREPARED_TEXT) return null;
  if (/^[!-~]+(?: [!-~]+)*$/.test(text)) return text.toLowerCase(); // plain ASCII is already prepared
  const mapped = text
    .replace(/[\t\n\v\f\r\u0085]/g, " ") // RFC 4518 §2.2: white space controls become blanks
    .replace(/\p{Cc}|\p{Cf}|\p{Variation_Selector}|\u034f|\u1806|\ufffc/gu, ""); // other controls and formats vanish
  if (MANY_MARKS.test(mapped)) return null;
  return mapped
    .normalize("NFKC") // RFC 4518 §2.3
    .toLowerCase()
    .replaceAll("ß", "ss") // RFC 4518 §2.2 folds by RFC 3454 B.2, where toLowerCase alone differs in these two
    .replaceAll("ς", "σ")
    .split(/\p{Z}/u) // RFC 4518 §2.6.1: leading and trailing blanks go, inner runs become one
    .filter((word) => word !== "")
    .join(" ");
}

/** The manner of RFC 4514 §2: last RDN first, `+` inside an RDN, specials escaped. */
function nameText(rdns: readonly (readonly NameAttribute[])[]): string {
  return [...rdns]
    .reverse()
    .map((rdn) => rdn.map(attributeText).join("+"))
    .join(",");
}

function attributeText({ oid: type, text, value }: NameAttribute): string {
  // RFC 4514 §2.4: a value that is no text is `#` and the hex of its encoding. Departs from it for a type without a
  // short name: its text is still shown, because people read this.
  return `${SHORT_NAMES.get(type) ?? type}=${text === null ? `#${toHex(value)}` : escapeValue(text)}`;
}

/** RFC 4514 §2.4, and everything that could move a cursor or turn the reading direction as hex pairs of its UTF-8. */
function escapeValue(text: string): string {
  return text
    .replace(/["+,;<>\\]/g, "\\$&")
    .replace(/^[ #]| $/g, (end) => (end === "#" ? "\\#" : "\\ "))
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, hexPairs);
}

function hexPairs(character: string): string {
  return [...Buffer.from(character, "utf8")]
    .map((octet) => `\\${octet.toString(16).padStart(2, "0")}`)
    .join("");
}

/** The texts of all attributes of this type, in order. */
export function attributeTexts(name: Name, type: string): string[] {
  return name.rdns
    .flat()
    .filter((attribute) => attribute.oid === type)
    .flatMap(({ text }) => (text === null ? [] : [text]));
}
