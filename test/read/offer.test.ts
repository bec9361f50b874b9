import { describe, expect, it } from "vitest";
import type { Carries, ReadMessage } from "../../src/read/index.ts";
import { contentOf, isOpenPgpPrivateKey } from "../../src/read/index.ts";
import { ALICE, FROM_OUTSIDE, read } from "./kit.ts";

/** What stands where a CMS structure or a certificate would: here only the MIME structure is asked. */
const CMS = "MAMCAQE=";
const TEXT = "Content-Type: text/plain\r\n\r\nHello";
const SIGNATURE = `Content-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\n${CMS}`;
const SIGNED_TYPE =
  'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=s';

/** A multipart body of these parts. */
function multipart(boundary: string, parts: readonly string[], epilogue = ""): string {
  return `${parts.map((part) => `--${boundary}\r\n${part}\r\n`).join("")}--${boundary}--\r\n${epilogue}`;
}

const SIGNED = multipart("s", [TEXT, SIGNATURE]);
const SIGNED_PART = `${SIGNED_TYPE}\r\n\r\n${SIGNED}`;

function attachment(type: string, name: string, body = CMS): string {
  return `Content-Type: ${type}\r\nContent-Disposition: attachment; filename="${name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n${body}`;
}

function message(type: string, body: string): ReadMessage {
  return read([FROM_OUTSIDE, ...ALICE, "MIME-Version: 1.0", ...type.split("\r\n")], undefined, body);
}

function mixed(...parts: readonly string[]): ReadMessage {
  return message("Content-Type: multipart/mixed; boundary=m", multipart("m", parts));
}

interface Shape {
  readonly form: string | null;
  readonly whole: boolean | null;
  readonly files: number;
  readonly carries: Carries;
}

function shapeOf({ offer, facts }: ReadMessage): Shape {
  const { files } = offer;
  const [signed] = offer.signed;
  return {
    form: signed?.form ?? null,
    whole: signed?.whole ?? null,
    files: files.length,
    carries: facts.carries,
  };
}

const DETACHED = { form: "detached", whole: true, files: 0, carries: "signed" } as const;
const OPAQUE = { form: "opaque", whole: true, files: 0, carries: "signed" } as const;
const RICH_TEXT = { form: null, whole: null, files: 0, carries: "rich-text" } as const;
const NOTHING = { form: null, whole: null, files: 0, carries: "nothing" } as const;
const P7M = (more: string) => `Content-Type: ${more}\r\nContent-Transfer-Encoding: base64`;
const CER = attachment("application/pkix-cert", "me.cer");

type Row = [name: string, mail: ReadMessage, expected: Shape];

/** The CMS without a transfer encoding. */
const bare = (body: string) => `Content-Type: application/pkcs7-signature; name=smime.p7s\r\n\r\n${body}`;
const pem = (label: string, body = CMS) =>
  `-----BEGIN ${label}-----\r\n${body}\r\n-----END ${label}-----\r\n`;
const inBase64 = (text: string) => Buffer.from(text).toString("base64");
/** What Exchange makes of a multipart/signed: the entity as the content of a smime.p7m. */
const HOLDING = inBase64(SIGNED_PART);
const P7M_PART = (body: string) => attachment("application/pkcs7-mime", "smime.p7m", body);

const FORMS: readonly Row[] = [
  ["a p7s as PEM", message(SIGNED_TYPE, multipart("s", [TEXT, bare(pem("PKCS7"))])), DETACHED],
  ["a p7s as PEM of CMS", message(SIGNED_TYPE, multipart("s", [TEXT, bare(pem("CMS"))])), DETACHED],
  ["a p7s as bare base64", message(SIGNED_TYPE, multipart("s", [TEXT, bare(CMS)])), DETACHED],
  ["a p7m as PEM", message("Content-Type: application/pkcs7-mime", pem("PKCS7")), OPAQUE],
  [
    "a p7m as PEM with words before it",
    message("Content-Type: application/pkcs7-mime", `Hello\r\n${pem("PKCS7")}`),
    { ...OPAQUE, whole: false },
  ],
  ["a p7m as bare base64", message("Content-Type: application/pkcs7-mime", CMS), OPAQUE],
  [
    "a p7m as bare base64 with a footer",
    message("Content-Type: application/pkcs7-mime", `${CMS}\r\n-- \r\nA list`),
    { ...OPAQUE, whole: false },
  ],
  ["a p7m that holds a multipart/signed", message(P7M("application/pkcs7-mime"), HOLDING), DETACHED],
  ["the same as an attachment", mixed(TEXT, P7M_PART(HOLDING)), { ...DETACHED, whole: false }],
  [
    "a p7m that holds a p7m that holds it",
    message(P7M("application/pkcs7-mime"), inBase64(P7M_PART(HOLDING))),
    DETACHED,
  ],
  ["a p7m that holds text", message(P7M("application/pkcs7-mime"), inBase64(TEXT)), NOTHING],
  [
    "a certificate beside a p7m that holds text",
    mixed(P7M_PART(inBase64(TEXT)), CER),
    { ...NOTHING, files: 1, carries: "certificate-file" },
  ],
  ["winmail.dat", message("Content-Type: application/ms-tnef; name=winmail.dat", CMS), RICH_TEXT],
  ["winmail.dat by its name", mixed(TEXT, attachment("application/octet-stream", "WINMAIL.DAT")), RICH_TEXT],
  [
    "a signed mail with a winmail.dat in it",
    message(SIGNED_TYPE, multipart("s", [attachment("application/ms-tnef", "winmail.dat"), SIGNATURE])),
    DETACHED,
  ],
  [
    "message.rpmsg",
    mixed(TEXT, attachment("application/x-microsoft-rpmsg-message", "message.rpmsg")),
    { ...NOTHING, carries: "rights-protected" },
  ],
  ["multipart/signed", message(SIGNED_TYPE, SIGNED), DETACHED],
  ["the old x-pkcs7-signature", message(SIGNED_TYPE, SIGNED.replace("pkcs7-sig", "x-pkcs7-sig")), DETACHED],
  [
    "a signature by file name only",
    message(SIGNED_TYPE, multipart("s", [TEXT, attachment("application/octet-stream", "smime.p7s")])),
    DETACHED,
  ],
  ["a preamble for programs without MIME", message(SIGNED_TYPE, `This is S/MIME.\r\n${SIGNED}`), DETACHED],
  [
    "application/pkcs7-mime",
    message(P7M("application/pkcs7-mime; smime-type=signed-data; name=smime.p7m"), CMS),
    OPAQUE,
  ],
  ["the old x-pkcs7-mime", message(P7M("application/x-pkcs7-mime; name=smime.p7m"), CMS), OPAQUE],
  ["smime.p7m by file name only", message(P7M('application/octet-stream; name="smime.p7m"'), CMS), OPAQUE],
  [
    "certs-only",
    message(P7M("application/pkcs7-mime; smime-type=certs-only"), CMS),
    { ...OPAQUE, carries: "certs-only" },
  ],
  [
    "enveloped",
    message(P7M("application/pkcs7-mime; smime-type=enveloped-data"), CMS),
    { ...OPAQUE, carries: "encrypted" },
  ],
  [
    "enveloped with authentication (RFC 8551 §3.4)",
    message(P7M("application/pkcs7-mime; smime-type=authEnveloped-data"), CMS),
    { ...OPAQUE, carries: "encrypted" },
  ],
];

const ALTERED: readonly Row[] = [
  ["a list footer in multipart/mixed", mixed(SIGNED_PART, TEXT), { ...DETACHED, whole: false }],
  ["a disclaimer above it", mixed(TEXT, SIGNED_PART), { ...DETACHED, whole: false }],
  ["wrapped alone in multipart/mixed", mixed(SIGNED_PART), DETACHED],
  [
    "a footer as epilogue",
    message(SIGNED_TYPE, `${SIGNED}-- \r\nSent by a list\r\n`),
    { ...DETACHED, whole: false },
  ],
  ["blank lines as epilogue are nothing", message(SIGNED_TYPE, `${SIGNED}\r\n\r\n`), DETACHED],
  [
    "a third part inside multipart/signed",
    message(SIGNED_TYPE, multipart("s", [TEXT, SIGNATURE, TEXT])),
    { ...DETACHED, whole: false },
  ],
  [
    "signed as one alternative of several",
    message("Content-Type: multipart/alternative; boundary=m", multipart("m", [TEXT, SIGNED_PART])),
    { ...DETACHED, whole: false },
  ],
  [
    "an opaque part as an attachment",
    mixed(TEXT, attachment("application/pkcs7-mime", "smime.p7m")),
    { ...OPAQUE, whole: false },
  ],
  [
    "two signed parts: neither is whole",
    mixed(SIGNED_PART, SIGNED_PART.replaceAll("boundary=s", "boundary=t").replaceAll("--s", "--t")),
    { ...DETACHED, whole: false },
  ],
  [
    "a signed part inside the signed content: the outer comes first",
    message(SIGNED_TYPE.replace("boundary=s", "boundary=o"), multipart("o", [SIGNED_PART, SIGNATURE])),
    DETACHED,
  ],
  [
    "forwarded as message/rfc822: nothing",
    mixed(TEXT, `Content-Type: message/rfc822\r\n\r\nFrom: x@y.example\r\n${SIGNED_PART}`),
    NOTHING,
  ],
  [
    "signed around a forwarded signed mail: the outer alone",
    message(
      SIGNED_TYPE.replace("boundary=s", "boundary=o"),
      multipart("o", [`Content-Type: message/rfc822\r\n\r\n${SIGNED_PART}`, SIGNATURE]),
    ),
    DETACHED,
  ],
  ["multipart/signed with one part only", message(SIGNED_TYPE, multipart("s", [TEXT])), NOTHING],
  ["multipart/signed whose second part is text", message(SIGNED_TYPE, multipart("s", [TEXT, TEXT])), NOTHING],
];

const FILES: readonly Row[] = [
  ...["cer", "crt", "der", "pem", "p7b", "p7c", "P12", "pfx", "key"].map(
    (ending): Row => [
      `a file .${ending} by its name`,
      mixed(TEXT, attachment("application/octet-stream", `me.${ending}`)),
      { ...NOTHING, files: 1, carries: "certificate-file" },
    ],
  ),
  ...[
    "application/pkix-cert",
    "application/x-x509-user-cert",
    "application/x-x509-ca-cert",
    "application/x-pkcs12",
  ].map(
    (type): Row => [
      `a file by its type ${type}`,
      mixed(TEXT, attachment(type, "me")),
      { ...NOTHING, files: 1, carries: "certificate-file" },
    ],
  ),
  ["a file of another kind", mixed(TEXT, attachment("application/pdf", "me.pdf")), NOTHING],
  ["an empty file", mixed(TEXT, attachment("application/pkix-cert", "me.cer", "")), NOTHING],
  [
    "a file inside the signed content",
    message(
      SIGNED_TYPE,
      multipart("s", [
        `Content-Type: multipart/mixed; boundary=m\r\n\r\n${multipart("m", [TEXT, CER])}`,
        SIGNATURE,
      ]),
    ),
    { ...DETACHED, files: 1 },
  ],
  ["a file beside the signed part", mixed(SIGNED_PART, CER), { ...DETACHED, whole: false, files: 1 }],
  ["a file in a forwarded mail", mixed(TEXT, `Content-Type: message/rfc822\r\n\r\n${CER}`), NOTHING],
  [
    "at most twenty files",
    mixed(...Array.from({ length: 30 }, () => CER)),
    { ...NOTHING, files: 20, carries: "certificate-file" },
  ],
  [
    "a file too large to be a certificate",
    mixed(TEXT, attachment("application/pkix-cert", "me.cer", "QUFB\r\n".repeat(120_000))),
    NOTHING,
  ],
];

const PGP = "-----BEGIN PGP PUBLIC KEY BLOCK-----\r\n\r\nxx\r\n-----END PGP PUBLIC KEY BLOCK-----\r\n";
const OPENPGP = { ...NOTHING, carries: "openpgp" } as const;

const OTHERS: readonly Row[] = [
  [
    "PGP/MIME signed (RFC 3156)",
    message(
      'Content-Type: multipart/signed; protocol="application/pgp-signature"; boundary=s',
      multipart("s", [TEXT, "Content-Type: application/pgp-signature\r\n\r\nxx"]),
    ),
    OPENPGP,
  ],
  [
    "an attached OpenPGP key",
    mixed(TEXT, "Content-Type: application/pgp-keys; name=key.asc\r\n\r\nxx"),
    OPENPGP,
  ],
  ["OpenPGP armour in the text", message("Content-Type: text/plain", PGP), OPENPGP],
  [
    "OpenPGP armour quoted in a sentence",
    message("Content-Type: text/plain", `> ${PGP.split("\r\n")[0]}\r\n`),
    NOTHING,
  ],
  [
    "S/MIME beside an OpenPGP key",
    mixed(SIGNED_PART, "Content-Type: application/pgp-keys\r\n\r\nxx"),
    { ...DETACHED, whole: false },
  ],
  ["HTML only", message("Content-Type: text/html", "<p>Hello</p>"), NOTHING],
  ["a calendar", mixed("Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR"), NOTHING],
  ["no MIME at all", read([FROM_OUTSIDE, ...ALICE]), NOTHING],
];

const KEY_BLOCK = (kind: string, type = "KEY BLOCK") =>
  `-----BEGIN PGP ${kind} ${type}-----\r\n\r\n${"mQENBF".repeat(10)}\r\n=abcd\r\n-----END PGP ${kind} ${type}-----\r\n`;
const ARMOUR = KEY_BLOCK("PUBLIC");
/** An Ed25519 key of version 4 in one packet (RFC 9580 §5.5.2): type, length, version, time, algorithm, key. */
const packet = (header: string) => Buffer.from(`${header}04650000001600${"00".repeat(44)}`, "hex");
const encoded = (type: string, bytes: string | Buffer, name?: string) =>
  `Content-Type: ${type}${name === undefined ? "" : `; name="${name}"`}\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from(bytes).toString("base64")}`;
const quotedPrintable = (text: string) =>
  `Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n${text.replaceAll("=", "=3D")}`;

const WRAPPED: readonly Row[] = [
  ["armour in base64", mixed(encoded("text/plain", `Hello\r\n${ARMOUR}`)), OPENPGP],
  ["armour in quoted-printable", mixed(quotedPrintable(ARMOUR)), OPENPGP],
  ["armour far down", mixed(encoded("text/plain", `${"Hello\r\n".repeat(2000)}${ARMOUR}`)), OPENPGP],
  ["armour behind a byte order mark", mixed(encoded("text/plain", `\ufeff${ARMOUR}`)), OPENPGP],
  ["armour in HTML", mixed(encoded("text/html", `<pre>${ARMOUR}</pre>`)), OPENPGP],
  [
    "armour as octet-stream without a name",
    mixed(TEXT, encoded("application/octet-stream", ARMOUR)),
    OPENPGP,
  ],
  [
    "a signature as octet-stream",
    mixed(
      TEXT,
      encoded("application/octet-stream", KEY_BLOCK("SIGNATURE", "").replaceAll(" -----", "-----")),
    ),
    OPENPGP,
  ],
  ["a file .asc", mixed(TEXT, encoded("application/octet-stream", ARMOUR, "0x1.asc")), OPENPGP],
  ["a file .gpg of another type", mixed(TEXT, encoded("application/x-foo", "xx", "me.gpg")), OPENPGP],
  ["a file .PGP", mixed(TEXT, encoded("application/octet-stream", "xx", "MESSAGE.PGP")), OPENPGP],
  ["a text .asc with armour", mixed(TEXT, encoded("text/plain", ARMOUR, "key.asc")), OPENPGP],
  ["a key's packet, new form", mixed(TEXT, encoded("application/octet-stream", packet("c633"))), OPENPGP],
  ["a key's packet, old form", mixed(TEXT, encoded("application/octet-stream", packet("990033"))), OPENPGP],
  ["a secret key's packet", mixed(TEXT, encoded("application/octet-stream", packet("c533"))), OPENPGP],
  ["a private key block", message("Content-Type: text/plain", KEY_BLOCK("PRIVATE")), OPENPGP],
  [
    "multipart/encrypted that became mixed",
    mixed(
      TEXT,
      encoded("application/octet-stream", KEY_BLOCK("MESSAGE", "").replaceAll(" -----", "-----"), "x.dat"),
    ),
    OPENPGP,
  ],
  ["a text .asc that is none", mixed(TEXT, encoded("text/plain", "= A document", "notes.asc")), NOTHING],
  ["other octets", mixed(TEXT, encoded("application/octet-stream", packet("c833"))), NOTHING],
  [
    "words about armour",
    mixed(encoded("text/plain", "It begins with -----BEGIN PGP MESSAGE-----.")),
    NOTHING,
  ],
  [
    "a forwarded mail with armour",
    mixed(TEXT, `Content-Type: message/rfc822\r\n\r\n${encoded("text/plain", ARMOUR)}`),
    NOTHING,
  ],
  [
    "armour in a signed mail",
    mixed(SIGNED_PART, encoded("text/plain", ARMOUR)),
    { ...DETACHED, whole: false },
  ],
];

describe("OpenPGP in every wrapping (FC-49)", () => {
  it.each(WRAPPED)("%s", (_, found, expected) => expect(shapeOf(found)).toEqual(expected));

  it.each<[string, string | Buffer, boolean]>([
    ["a private block", `Hello\r\n${KEY_BLOCK("PRIVATE")}`, true],
    ["an old secret block", KEY_BLOCK("SECRET"), true],
    ["a quoted private block", `Hello\r\n${KEY_BLOCK("PRIVATE")}`.replace(/^/gm, "> "), true],
    ["a secret key's packet, new form", packet("c533"), true],
    ["a secret key's packet, old form", packet("950033"), true],
    ["a public block", ARMOUR, false],
    ["a public key's packet", packet("c633"), false],
    ["a packet that is cut", packet("c534"), false],
    [
      "words about one",
      "-----BEGIN PGP PRIVATE KEY BLOCK-----\r\n(here)\r\n-----END PGP PRIVATE KEY BLOCK-----",
      false,
    ],
    ["a beginning alone", "-----BEGIN PGP PRIVATE KEY BLOCK-----", false],
    ["nothing", "", false],
  ])("private key: %s", (_, bytes, expected) => {
    expect(isOpenPgpPrivateKey(Buffer.from(bytes))).toBe(expected);
  });
});

describe("what a mail offers, by its structure (PRODUCT §3)", () => {
  it.each(FORMS)("%s", (_, found, expected) => expect(shapeOf(found)).toEqual(expected));
  it.each(ALTERED)("altered or nested: %s", (_, found, expected) => expect(shapeOf(found)).toEqual(expected));
  it.each(FILES)("%s", (_, found, expected) => expect(shapeOf(found)).toEqual(expected));
  it.each(OTHERS)("%s", (_, found, expected) => expect(shapeOf(found)).toEqual(expected));
});

describe("the signed bytes (RFC 8551 §3.5.3)", () => {
  it("are the part exactly as it was sent, without the line end before the delimiter", () => {
    const odd =
      "Content-Type: text/plain;\r\n\tformat=flowed \r\n\r\n trailing blanks  \r\n\r\n.\r\n\xe4\r\n";
    const [signed] = message(SIGNED_TYPE, multipart("s", [odd, SIGNATURE])).offer.signed;
    expect(signed?.form === "detached" && Buffer.from(signed.content).toString()).toBe(odd);
  });

  it("are the same with bare LF line ends, as they are", () => {
    const [signed] = message(SIGNED_TYPE, multipart("s", ["A: b\n\nc\nd", SIGNATURE])).offer.signed;
    expect(signed?.form === "detached" && Buffer.from(signed.content).toString()).toBe("A: b\n\nc\nd");
  });

  it("carry their CMS structure decoded, and tell when its base64 was damaged", () => {
    const [good] = message(SIGNED_TYPE, SIGNED).offer.signed;
    const [damaged] = message(SIGNED_TYPE, SIGNED.replace(CMS, "MAMC*QE=")).offer.signed;
    expect(Buffer.from(good?.cms ?? []).toString("hex")).toBe("3003020101");
    expect([good?.damaged, damaged?.damaged]).toEqual([false, true]);
  });

  it("of an opaque content are searched for certificate files too", () => {
    const content = `Content-Type: multipart/mixed; boundary=m\r\n\r\n${multipart("m", [TEXT, CER])}`;
    expect(contentOf(Buffer.from(content)).offer.files.map(({ name }) => name)).toEqual(["me.cer"]);
    expect(contentOf(Buffer.from("\x00\xff garbage")).offer.files).toEqual([]);
  });
});
