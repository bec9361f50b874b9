import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { DerReader, TAG } from "../../src/pki/der.ts";
import { encode } from "../../src/pki/der-write.ts";
import { checkOcsp, isProblem, OID, parseOcspResponse, toPem } from "../../src/pki/index.ts";
import { hours, issueResponder, nonce, type ResponseSpec, respond, type Said } from "./ocsp-authority.ts";
import { Scratch } from "./openssl-scratch.ts";
import { extension, issue, issueCa, NOW } from "./path-authority.ts";

const root = issueCa({ subject: "Root" });
const ca = issueCa({ subject: "CA", issuer: root });
const alice = issue({ subject: "Alice", issuer: ca }).certificate;
const bob = issue({ subject: "Bob", issuer: ca }).certificate;
const about: Said = { certificate: alice, issuer: ca.certificate };
const whole = respond(ca, { answers: [about] });
const SENT = Buffer.alloc(32, 7);

/** The parts of that response, to put together again in other forms (RFC 6960 §4.2.1). */
const PARTS = (() => {
  const outer = new DerReader(whole).enter(TAG.sequence, "OCSPResponse");
  const status = outer.raw("status");
  const bytes = outer.enter(0xa0, "responseBytes").enter(TAG.sequence, "responseBytes");
  const type = bytes.raw("type");
  const basic = new DerReader(bytes.content(TAG.octetString, "response")).enter(TAG.sequence, "basic");
  const tbs = basic.raw("tbs");
  return { status, type, tbs, behind: basic.rest() };
})();

type Form = (tag: number, ...content: readonly Uint8Array[]) => Buffer;
const definite: Form = (tag, ...content) => encode.tagged(tag, ...content);
const indefinite: Form = (tag, ...content) =>
  Buffer.concat([Buffer.of(tag, 0x80), ...content, Buffer.of(0, 0)]);
/** The length in four octets, whatever it is. */
const long: Form = (tag, ...content) => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.reduce((sum, each) => sum + each.length, 0));
  return Buffer.concat([Buffer.of(tag, 0x84), length, ...content]);
};
const BLANK = Buffer.from("\r\n \t\n");

interface Forms {
  readonly outer?: Form;
  readonly explicit?: Form;
  readonly bytes?: Form;
  readonly octets?: (basic: Buffer) => Buffer;
  readonly basic?: Form;
  readonly tbs?: Form;
  /** Something behind the elements within. */
  readonly behind?: Buffer;
  readonly behindBasic?: Buffer;
}

function formed(forms: Forms): Buffer {
  const { outer = definite, explicit = definite, bytes = definite, basic = definite } = forms;
  const octets = forms.octets ?? ((content: Buffer) => encode.octetString(content));
  const { behind = Buffer.alloc(0), behindBasic = Buffer.alloc(0) } = forms;
  const tbs =
    forms.tbs === undefined
      ? PARTS.tbs
      : forms.tbs(TAG.sequence, new DerReader(PARTS.tbs).content(TAG.sequence, "tbs"));
  const response = Buffer.concat([basic(TAG.sequence, tbs, PARTS.behind), behindBasic]);
  const responseBytes = bytes(TAG.sequence, PARTS.type, octets(response));
  return outer(TAG.sequence, PARTS.status, explicit(0xa0, responseBytes), behind);
}

function pieces(basic: Buffer): Buffer {
  const [first, second] = [basic.subarray(0, 100), basic.subarray(100)].map((piece) =>
    encode.octetString(piece),
  );
  return indefinite(TAG.constructedOctetString, first ?? basic, second ?? basic);
}

const answers = (said: Partial<Said>, more: Partial<ResponseSpec> = {}): Buffer =>
  respond(ca, { answers: [{ ...about, ...said }], ...more });
const ODD = extension("1.2.3.4.5", encode.null());
const critical = (oid: string): Buffer => extension(oid, encode.null(), true);
const THIS = "20260601110000";

type OpensslSays = readonly [says: "good" | "nothing", because: string];

const ROWS: readonly (readonly [form: string, der: Buffer, found: string, openssl?: OpensslSays])[] = [
  ["blanks behind it", Buffer.concat([whole, BLANK]), "good"],
  [
    "a NUL behind it",
    Buffer.concat([whole, Buffer.of(0)]),
    "unreadable",
    ["good", "does not look behind what it has read"],
  ],
  [
    "text behind it",
    Buffer.concat([whole, Buffer.from("\nend")]),
    "unreadable",
    ["good", "does not look behind what it has read"],
  ],
  ["blanks behind responseBytes", formed({ behind: BLANK }), "unreadable"],
  [
    "blanks behind the BasicOCSPResponse",
    formed({ behindBasic: BLANK }),
    "unreadable",
    ["good", "does not look behind what it has read"],
  ],
  ["X.690 §8.1.3.6: indefinite length of the OCSPResponse", formed({ outer: indefinite }), "good"],
  ["X.690 §8.1.3.6: of responseBytes, both", formed({ explicit: indefinite, bytes: indefinite }), "good"],
  ["X.690 §8.1.3.6: of the BasicOCSPResponse", formed({ basic: indefinite }), "good"],
  ["X.690 §8.7.3: the response in pieces", formed({ octets: pieces }), "good"],
  [
    "X.690 §10.1: long lengths outside",
    formed({ outer: long, explicit: long, bytes: long, basic: long }),
    "good",
  ],
  [
    "X.690 §10.1: a long length of what is signed",
    formed({ tbs: long }),
    "unreadable",
    ["good", "encodes what is signed anew"],
  ],
  [
    "X.690 §8.1.3.6: indefinite length of what is signed",
    formed({ tbs: indefinite }),
    "unreadable",
    ["good", "encodes what is signed anew"],
  ],
  [
    "§4.2.1: certs that are empty",
    formed({ basic: (tag, ...all) => definite(tag, ...all, encode.tagged(0xa0, encode.sequence())) }),
    "good",
  ],
  ["§4.2.2.1: producedAt with a fraction", answers({}, { producedAtText: `${THIS}.123Z` }), "good"],
  ["§4.2.2.1: producedAt without seconds", answers({}, { producedAtText: "202606011100Z" }), "good"],
  ["§4.2.2.1: thisUpdate with a fraction", answers({ thisUpdateText: `${THIS}.5Z` }), "good"],
  ["§4.2.2.1: thisUpdate with a fraction behind a comma", answers({ thisUpdateText: `${THIS},5Z` }), "good"],
  ["§4.2.2.1: thisUpdate without seconds", answers({ thisUpdateText: "202606011100Z" }), "good"],
  [
    "§4.2.2.1: a fraction of a minute",
    answers({ thisUpdateText: "202606011100.5Z" }),
    "unreadable",
    ["good", "judges times apart"],
  ],
  [
    "§4.2.2.1: no such day",
    answers({ thisUpdateText: "202602301100Z" }),
    "unreadable",
    ["good", "judges times apart"],
  ],
  [
    "§4.2.2.1: an offset in place of Z",
    answers({ thisUpdateText: `${THIS}+0000` }),
    "unreadable",
    ["good", "judges times apart"],
  ],
  ["RFC 5280 §4.1: an empty list of extensions", answers({ extensions: [] }, { extensions: [] }), "good"],
  ["an extension twice", answers({ extensions: [ODD, ODD] }, { extensions: [ODD, ODD] }), "good"],
  [
    "RFC 8954 §2.1: two nonces, both that of the request",
    answers({}, { extensions: [nonce(SENT), nonce(SENT)] }),
    "good",
  ],
  [
    "RFC 8954 §2.1: two nonces, one of another request",
    answers({}, { extensions: [nonce(SENT), nonce(Buffer.alloc(32))] }),
    "nonce",
    ["good", "is not asked about nonces"],
  ],
  ["§4.4.4: a critical archiveCutoff", answers({ extensions: [critical(OID.ocspArchiveCutoff)] }), "good"],
  [
    "§4.4.8: a critical extendedRevoke",
    answers({}, { extensions: [critical(OID.ocspExtendedRevoke)] }),
    "good",
  ],
  ["24 certificates", answers({}, { certificates: Array.from({ length: 24 }, () => alice) }), "good"],
  [
    "1,000 answers",
    respond(ca, {
      answers: [...Array.from({ length: 999 }, () => ({ ...about, certificate: bob })), about],
    }),
    "good",
  ],
];

describe("the forms that a response is read in", () => {
  const scratch = new Scratch();
  for (const { certificate, subject } of [
    { certificate: root.certificate, subject: "root" },
    { certificate: ca.certificate, subject: "ca" },
    { certificate: alice, subject: "alice" },
  ]) {
    scratch.write(`${subject}.pem`, toPem(certificate.der, "CERTIFICATE"));
  }

  it.each(ROWS.map((row) => [row[0], row] as const))("%s", (_, [, der, found, openssl]) => {
    expect(judged(der)).toBe(found);
    const [says, because] = openssl ?? [found === "good" ? "good" : "nothing", "the same"];
    scratch.write("response.der", der);
    const { stdout, stderr } = spawnSync("openssl", OPENSSL, { cwd: scratch.folder, encoding: "utf8" });
    const theirs =
      stderr.includes("Response verify OK") && /^(?:alice\.pem: )?good$/m.test(stdout) ? "good" : "nothing";
    expect(theirs, `openssl: ${because}`).toBe(says);
  });

  it("a delegate behind 23 other certificates is found, and one behind 24 is not", () => {
    const responder = issueResponder({ issuer: ca });
    const behind = (count: number): Buffer =>
      respond(responder, {
        answers: [about],
        certificates: [...Array.from({ length: count }, () => alice), responder.certificate],
      });
    expect([judged(behind(23)), judged(behind(24))]).toEqual(["good", "unreadable"]);
  });
});

const OPENSSL = [
  ["ocsp", "-respin", "response.der", "-issuer", "ca.pem", "-cert", "alice.pem", "-CAfile", "root.pem"],
  ["-verify_other", "ca.pem", "-no_nonce", "-attime", String(NOW.getTime() / 1000)],
].flat();

function judged(der: Buffer): string {
  const response = parseOcspResponse(der);
  if (isProblem(response)) return "unreadable";
  const issuer = { certificate: ca.certificate, key: ca.certificate.publicKey };
  const input = { certificate: alice, issuer, response, nonce: SENT, at: hours(0) };
  const result = checkOcsp({ ...input, statusOfDelegate: () => "unknown" });
  return result.status === "unusable" ? result.fault : result.status;
}
