/** In which form the octets of a CRL come: DER (RFC 5280 §5), or PEM around it (RFC 7468 §6). */
import { type ParseProblem, TAG } from "./der.ts";
import { MAX_CERTIFICATE_BYTES, MAX_CRL_BYTES, MAX_CRL_FILE_BYTES, MAX_FILE_CRLS } from "./limits.ts";
import { readCertificates } from "./pem.ts";

const BEGIN = "-----BEGIN ";
const HYPHENS = "-----";

/** RFC 7468 §6 and Appendix A. */
const CRL_LABELS: ReadonlySet<string> = new Set(["X509 CRL", "X.509 CRL", "CRL"]);

/** What an editor or `echo` leaves behind DER: line ends and blanks, which are no part of it. */
const BLANKS: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0d, 0x20]);

/**
 * The DER of one CRL, wherever it came from. Departs from RFC 5280 §4.2.1.13 (DER over HTTP) for PEM and for line ends
 * behind the DER: CAs serve both, and the signature says what the list is worth.
 * @returns a part of the octets, or why there is not one CRL. Never throws
 */
export function crlOctets(bytes: Uint8Array): Uint8Array | ParseProblem {
  const [first, second] = crlsOfFile(bytes, 1);
  if (first === undefined || second !== undefined) return malformed("several CRLs where one is expected");
  return first;
}

/**
 * The CRLs of a file: one in DER, or any number in PEM, other PEM blocks beside them left alone.
 * @param most CRLs that are taken; that there are more is told in their place
 * @returns at least one: the DER of each, not yet decoded, or why it cannot be had. Never throws
 */
export function crlsOfFile(bytes: Uint8Array, most = MAX_FILE_CRLS): readonly (Uint8Array | ParseProblem)[] {
  if (bytes.length === 0) return [malformed("it is empty")];
  // A SEQUENCE of so few octets that its length looks like a letter is no CRL: its signature alone has more.
  if (bytes[0] === TAG.sequence && ((bytes[1] ?? 0) & 0x80) !== 0) return [withoutBlanks(bytes)];
  if (bytes.length > MAX_CRL_FILE_BYTES) return [tooLarge(bytes)];
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  if (text.includes(BEGIN)) return readPem(text, most);
  return [bytes[0] === TAG.sequence ? withoutBlanks(bytes) : malformed(instead(text))];
}

/**
 * Why octets that are no CRL are none, in the words of what they are, where that is something that people take for one.
 * @param problem what the decoder said
 */
export function explained(der: Uint8Array, problem: ParseProblem): ParseProblem {
  if (problem.problem !== "malformed") return problem;
  const { length } = der;
  const whole = lengthOf(der);
  if (whole !== null && whole > length)
    return malformed(`it is cut off: ${length} of ${whole} octets are there`);
  const { kind } = readCertificates(der, { bytes: MAX_CERTIFICATE_BYTES, certificates: 1 });
  const name = FILES[kind];
  return name === undefined ? problem : malformed(`it is ${name}, not a CRL`);
}

const FILES: Readonly<Record<string, string>> = {
  certificate: "a certificate",
  pkcs7: "a PKCS#7 file",
  pkcs12: "a PKCS#12 file",
  "private-key": "a private key",
};

/** The size of a CRL that is refused for it. */
export function tooLarge({ length }: Uint8Array): ParseProblem {
  return {
    problem: "too-large",
    detail: `it has ${length} octets, of a CRL at most ${MAX_CRL_BYTES} are read`,
  };
}

/** As in `readPem` of `pem.ts`: one pass, a body ends at the next five hyphens. */
function readPem(text: string, most: number): readonly (Uint8Array | ParseProblem)[] {
  const crls: (Uint8Array | ParseProblem)[] = [];
  let other = "something else";
  for (let at = text.indexOf(BEGIN); at >= 0; ) {
    const labelEnd = text.indexOf(HYPHENS, at + BEGIN.length);
    if (labelEnd < 0) break;
    const label = text.slice(at + BEGIN.length, labelEnd);
    if (crls.length === most && CRL_LABELS.has(label))
      return [...crls, { problem: "too-large", detail: `it holds more CRLs than the ${most} that are read` }];
    const bodyEnd = text.indexOf(HYPHENS, labelEnd + HYPHENS.length);
    if (CRL_LABELS.has(label))
      crls.push(bodyEnd < 0 ? malformed(ENDLESS) : fromBase64(text.slice(labelEnd + 5, bodyEnd)));
    else other = labelled(label);
    at = bodyEnd < 0 ? -1 : text.indexOf(BEGIN, bodyEnd);
  }
  return crls.length > 0 ? crls : [malformed(`it is PEM with ${other} in it, not a CRL`)];
}

const ENDLESS = "it is PEM that is cut off: its END line is missing";

/** Strict, unlike Node's decoder: what it would leave out is damage, and is to be told as such. */
function fromBase64(body: string): Uint8Array | ParseProblem {
  if (/[^A-Za-z0-9+/=\s]/.test(body)) return malformed("it is PEM whose body is not base64");
  const der = Buffer.from(body, "base64");
  return der.length === 0 ? malformed("it is PEM with nothing in it") : withoutBlanks(der);
}

/** Labels are anybody's text; so much of them is told. */
function labelled(label: string): string {
  if (label.endsWith("CERTIFICATE")) return "a certificate";
  return label.endsWith("PRIVATE KEY") ? "a private key" : "something else";
}

function instead(text: string): string {
  if (/^[^<]{0,16}<(?:!doctype html|html|head|body|\?xml)\b/i.test(text.slice(0, 64)))
    return "it is an HTML page, not a CRL";
  return "it is neither DER nor PEM";
}

function withoutBlanks(der: Uint8Array): Uint8Array {
  const length = lengthOf(der);
  if (length === null || length >= der.length) return der;
  return der.subarray(length).every((octet) => BLANKS.has(octet)) ? der.subarray(0, length) : der;
}

/** Octets that the outermost element takes by its own word, more than there are when it is cut off; null: it says nothing. */
function lengthOf(der: Uint8Array): number | null {
  const octets = (der[1] ?? 0) & 0x7f;
  if (der[0] !== TAG.sequence || der.length < 2) return null;
  if (der[1] === octets) return 2 + octets;
  // X.690 §8.1.3.5; an indefinite length (0x80) says nothing, and more than four octets nobody can mean.
  if (octets === 0 || octets > 4 || der.length < 2 + octets) return null;
  return 2 + octets + der.subarray(2, 2 + octets).reduce((length, octet) => length * 256 + octet, 0);
}

function malformed(detail: string): ParseProblem {
  return { problem: "malformed", detail };
}
