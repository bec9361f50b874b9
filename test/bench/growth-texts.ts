/** Texts that a stranger can make long, and what reads them. */
import { inspectMessage } from "../../src/inspect/index.ts";
import { readCrlFile } from "../../src/pki/crl-file.ts";
import { contextConstructed } from "../../src/pki/der.ts";
import { encode } from "../../src/pki/der-write.ts";
import { OID, parseSignedData, readCertificates } from "../../src/pki/index.ts";
import { DEFAULT_POLICY } from "../../src/policy.ts";
import { readMessage } from "../../src/read/index.ts";
import { HEADER_SIZES, type Shape } from "./growth-shape.ts";

const NOW = new Date("2026-01-01T00:00:00Z");
const AS_DEFAULT = {
  policy: DEFAULT_POLICY.certificates,
  trust: { anchors: [], intermediates: [], crls: null },
};

/** Reads and inspects a mail. */
export function judging(raw: Uint8Array): () => void {
  return () => {
    const { facts, offer } = readMessage(raw, DEFAULT_POLICY);
    inspectMessage(facts, offer, { ...AS_DEFAULT, at: NOW, internalDate: null });
  };
}

/** So many octets of a repeated text. */
export function filled(text: string, octets: number): string {
  return text.repeat(Math.ceil(octets / text.length));
}

export function mail(header: string, body: string): Buffer {
  return Buffer.from(`${header}\r\nFrom: a@b.example\r\n\r\n${body}`, "utf8");
}

/** Fields that may be long. */
const FIELDS = [
  "From",
  "Sender",
  "Reply-To",
  "To",
  "Subject",
  "Received",
  "Return-Path",
  "Authentication-Results",
  "Content-Type",
  "Content-Disposition",
  "Content-Transfer-Encoding",
  "Message-ID",
  "References",
  "Date",
  "Auto-Submitted",
  "List-Id",
  "X-Envelope-To",
];

/** Fields that name addresses. */
const ADDRESSES = ["From", "To", "Return-Path", "X-Envelope-To"];

/** Characters that are all different, as far as there are so many. */
function ideographs(octets: number): string {
  return Array.from({ length: octets / 3 }, (_, at) =>
    String.fromCharCode(0x4e00 + ((at * 7) % 20_000)),
  ).join("");
}

const FILLINGS: readonly (readonly [string, string])[] = [
  ["open comments", "("],
  ["comments", "(a)"],
  ["blanks", " \t"],
  ["open brackets", "<"],
  ["quotes", '"'],
  ["backslashes", "\\("],
  ["at signs", "a@"],
  ["dots", "."],
  ["commas", "a@b.c,"],
  ["semicolons", ";a=b"],
  ["parameters", "; a*0=b; a*1*=c"],
  ["encoded words", " =?utf-8?q?a?="],
  ["open encoded words", "=?a?q?"],
  ["percent signs", "%"],
  ["combining marks", "\u0301\u0323"],
  ["square brackets", " ["],
  ["by clauses", " by a"],
  ["line folds", "\r\n a"],
  ["addresses", " <a@b.c>"],
  ["angle and blank", " ;"],
];

const BODIES: readonly (readonly [string, string])[] = [
  ["empty lines", "\r\n"],
  ["delimiters of nobody", "--x\r\n"],
  ["private keys that do not end", "-----BEGIN PRIVATE KEY-----\n"],
  ["certificates that do not end", "-----BEGIN CERTIFICATE-----\n"],
  ["PKCS #7 that does not end", "-----BEGIN PKCS7-----\n"],
  ["open tags", "<"],
  ["base64 lines", "MIIB7jCCAVegAwIBAgIBATANBgkqhkiG9w0BAQsFADA9\n"],
  ["quoted base64", "> MIIB7jCCAVegAwIBAgIBATANBgkqhkiG9w0BAQsFADA9 \n"],
  ["OpenPGP signatures", "-----BEGIN PGP SIGNATURE-----\na-"],
  ["equals signs", "="],
  ["quoted-printable", "=0D=0A "],
  ["blanks", " "],
  ["plist passwords", "<key>Password</key> <data>"],
  ["openpgp", "-----BEGIN PGP MESSAGE-----\n"],
  ["fields", "Message-ID: <a@b>\r\nTo: a@b.example\r\n"],
  ["entities", "&#45;&amp;"],
];

const TYPES = [
  "text/plain",
  "text/html",
  "application/octet-stream",
  "application/pkcs7-mime",
  "application/pem-certificate-chain",
  "multipart/mixed; boundary=x",
  "message/rfc822",
  "message/delivery-status",
];

export function nameOf(octets: number, value: string, rdns: number): Buffer {
  const each = Math.ceil(octets / rdns);
  const rdn = encode.setOf([
    encode.sequence(encode.oid(OID.commonName), encode.tagged(0x0c, Buffer.from(filled(value, each)))),
  ]);
  return encode.sequence(...Array.from({ length: rdns }, () => rdn));
}

/** A SignedData whose SignerInfo, so many times, names this issuer and has these signed attributes. */
export function signedBy(issuer: Buffer, attributes: readonly Buffer[] = [], times = 1): Buffer {
  const algorithm = (oid: string) => encode.sequence(encode.oid(oid));
  const signerInfo = encode.sequence(
    encode.integer(1),
    encode.sequence(issuer, encode.integer(1)),
    algorithm(OID.sha256),
    ...(attributes.length === 0 ? [] : [encode.tagged(contextConstructed(0), Buffer.concat(attributes))]),
    algorithm(OID.rsaEncryption),
    encode.octetString(Buffer.alloc(256)),
  );
  return contentInfo(
    encode.sequence(
      encode.integer(1),
      encode.setOf([algorithm(OID.sha256)]),
      encode.sequence(
        encode.oid(OID.data),
        encode.tagged(contextConstructed(0), encode.octetString(Buffer.from("a"))),
      ),
      encode.setOf(Array.from({ length: times }, () => signerInfo)),
    ),
  );
}

function contentInfo(signedData: Buffer): Buffer {
  return encode.sequence(encode.oid(OID.signedData), encode.tagged(contextConstructed(0), signedData));
}

export function opaque(cms: Buffer): Buffer {
  const base64 = cms.toString("base64").replace(/.{76}/g, "$&\r\n");
  return mail(
    "MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=signed-data\r\nContent-Transfer-Encoding: base64",
    base64,
  );
}

/** Indefinite lengths as deep as they go, or side by side. */
function streamed(octets: number): Buffer {
  return Buffer.from(`3080${filled("3080", octets)}`, "hex").subarray(0, octets);
}

export const TEXTS: readonly Shape[] = [
  ...FIELDS.flatMap((field) =>
    FILLINGS.map(([name, text]) => ({
      name: `${field}: ${name}`,
      prepare: (octets: number) => judging(mail(`${field}: x${filled(text, octets)}x`, "body")),
      sizes: HEADER_SIZES,
    })),
  ),
  ...ADDRESSES.flatMap((field) =>
    [
      ["combining marks", (octets: number) => filled("\u0301\u0323", octets)] as const,
      ["ideographs", ideographs] as const,
      ["labels", (octets: number) => filled("ä.", octets)] as const,
    ].map(([name, text]) => ({
      name: `${field}, a domain: ${name}`,
      prepare: (octets: number) => judging(mail(`${field}: a@a${text(octets)}.example`, "body")),
      sizes: HEADER_SIZES,
    })),
  ),
  {
    name: "Received: signs of a zone before a line separator",
    prepare: (octets) =>
      judging(mail(`Received: from x (${filled("%", octets)}\u2028) by a.example`, "body")),
    sizes: HEADER_SIZES,
  },
  ...TYPES.flatMap((type) =>
    BODIES.map(([name, text]) => ({
      name: `${type}: ${name}`,
      prepare: (octets: number) =>
        judging(mail(`MIME-Version: 1.0\r\nContent-Type: ${type}`, filled(text, octets))),
    })),
  ),
  ...(
    [
      ["combining marks", "\u0301\u0323", 1],
      ["ideographs of compatibility", "\uf900", 1],
      ["ligatures that grow", "\ufdfa", 1],
      ["blanks", " ", 1],
      ["parts", "a", 3_000],
      ["parts of marks", "\u0301\u0323", 30],
    ] as const
  ).map(([name, text, rdns]) => ({
    name: `issuer of a signer: ${name}`,
    prepare: (octets: number) => judging(opaque(signedBy(nameOf(octets, text, rdns)))),
  })),
  { name: "BER: open lengths", prepare: (octets) => of(streamed(octets), parseSignedData) },
  {
    name: "BER: a content in pieces",
    prepare: (octets) => {
      const pieces = Buffer.alloc(octets, Buffer.from("2480040161", "hex"));
      return of(
        Buffer.concat([Buffer.from("308006092a864886f70d010702a080", "hex"), pieces]),
        parseSignedData,
      );
    },
  },
  {
    name: "file: PEM certificates",
    prepare: (octets) =>
      of(
        Buffer.from(filled("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", octets)),
        readCertificates,
      ),
  },
  {
    name: "file: PEM CRLs that do not end",
    prepare: (octets) => of(Buffer.from(filled("-----BEGIN X509 CRL-----\nMAA=\n", octets)), readCrlFile),
  },
  {
    name: "multipart/signed: a signature of OpenPGP that does not end",
    prepare: (octets) =>
      judging(
        mail(
          "Content-Type: multipart/signed; boundary=b",
          `--b\r\n\r\nx\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\n-----BEGIN PGP SIGNATURE-----\r\n${filled("a-", octets)}\r\n--b--\r\n`,
        ),
      ),
  },
  {
    name: "multipart/mixed: signatures of documents",
    prepare: (octets) => {
      const part = (name: string) => `--b\r\nContent-Type: application/x; name="${name}"\r\n\r\nx\r\n`;
      const name = "a".repeat(octets / 1_000);
      const parts = part(`${name}.p7s`).repeat(450) + part(`${name}.x.bin`).repeat(450) + part(name);
      return judging(mail("Content-Type: multipart/mixed; boundary=b", `${parts}--b--\r\n`));
    },
  },
];

function of(input: Uint8Array, read: (input: Uint8Array) => unknown): () => void {
  return () => void read(input);
}
