/** GeneralName and GeneralNames (RFC 5280 §4.2.1.6), as certificates and CRLs carry them in many places. */
import { context, contextConstructed, DerError, DerReader, TAG } from "./der.ts";
import { oid, oidText } from "./der-value.ts";
import { MAX_GENERAL_NAMES } from "./limits.ts";
import { type Name, readName } from "./name.ts";
import { OID } from "./oid.ts";
import { stringText } from "./text.ts";

/** GeneralName (RFC 5280 §4.2.1.6). Texts are as they stand in the certificate: escape them at the sink. */
export type GeneralName =
  | { readonly form: "rfc822Name"; readonly text: string }
  | { readonly form: "smtpUTF8Mailbox"; readonly text: string }
  | { readonly form: "dNSName"; readonly text: string }
  | { readonly form: "uniformResourceIdentifier"; readonly text: string }
  | { readonly form: "directoryName"; readonly name: Name }
  | { readonly form: "iPAddress"; readonly bytes: Uint8Array }
  | { readonly form: "registeredID"; readonly oid: string }
  | { readonly form: "otherName"; readonly oid: string; readonly value: Uint8Array }
  | { readonly form: "x400Address" | "ediPartyName"; readonly value: Uint8Array };

/**
 * Reads GeneralNames to the end of the reader, which stands inside the SEQUENCE.
 * @throws DerError; also when there is none, as GeneralNames ::= SEQUENCE SIZE (1..MAX)
 */
export function readGeneralNames(sequence: DerReader, what: string): GeneralName[] {
  const names: GeneralName[] = [];
  do {
    if (names.length >= MAX_GENERAL_NAMES)
      throw new DerError(`${what}: over ${MAX_GENERAL_NAMES} names`, "too-large");
    names.push(readGeneralName(sequence, what));
  } while (sequence.more());
  return names;
}

/**
 * Reads one GeneralName. Texts are not checked here (an IA5String may hold anything): whoever compares them must.
 * @throws DerError
 */
export function readGeneralName(reader: DerReader, what: string): GeneralName {
  switch (reader.peek()) {
    case contextConstructed(0):
      return otherName(reader.enter(contextConstructed(0), what), what);
    case context(1):
      return { form: "rfc822Name", text: ia5(reader.content(context(1), what)) };
    case context(2):
      return { form: "dNSName", text: ia5(reader.content(context(2), what)) };
    case contextConstructed(3):
      return { form: "x400Address", value: reader.raw(what) };
    case contextConstructed(4): {
      // Name is a CHOICE, so its tag is EXPLICIT (X.680 §31.2.7).
      const inner = reader.enter(contextConstructed(4), what);
      const name = readName(inner, what);
      inner.finish(what);
      return { form: "directoryName", name };
    }
    case contextConstructed(5):
      return { form: "ediPartyName", value: reader.raw(what) };
    case context(6):
      return { form: "uniformResourceIdentifier", text: ia5(reader.content(context(6), what)) };
    case context(7):
      return { form: "iPAddress", bytes: reader.content(context(7), what) };
    case context(8):
      return { form: "registeredID", oid: oidText(reader.content(context(8), what), what) };
    default:
      throw new DerError(`${what}: no form of GeneralName`);
  }
}

/** OtherName; a SmtpUTF8Mailbox (RFC 9598 §3) is a form of its own when it holds what it must, a UTF8String. */
function otherName(sequence: DerReader, what: string): GeneralName {
  const type = oid(sequence, what);
  const explicit = sequence.enter(contextConstructed(0), what);
  const value = explicit.raw(what);
  explicit.finish(what);
  sequence.finish(what);
  if (type === OID.smtpUtf8Mailbox && value[0] === TAG.utf8String) {
    const text = stringText(TAG.utf8String, new DerReader(value).content(TAG.utf8String, what));
    if (text !== null) return { form: "smtpUTF8Mailbox", text };
  }
  return { form: "otherName", oid: type, value };
}

function ia5(content: Uint8Array): string {
  return stringText(TAG.ia5String, content) ?? "";
}
