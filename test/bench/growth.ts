import { performance } from "node:perf_hooks";
import { inspectMessage } from "../../src/inspect/index.ts";
import { readCrlFile } from "../../src/pki/crl-file.ts";
import { contextConstructed } from "../../src/pki/der.ts";
import { encode } from "../../src/pki/der-write.ts";
import { OID, parseSignedData, readCertificates } from "../../src/pki/index.ts";
import { DEFAULT_POLICY } from "../../src/policy.ts";
import { readMessage } from "../../src/read/index.ts";
import type { Figure } from "./figure.ts";

/** Octets of the inputs that are compared. A header ends at 1 MiB (`MAIL_LIMITS.headerBytes`): beyond it nothing is read. */
const SIZES = [10_000, 100_000, 1_000_000, 10_000_000];
const HEADER_SIZES = SIZES.slice(0, 3);

/** What a stranger can make long, and what reads it: every loop, pattern and sort of the pure rooms is under one of these. */
interface Shape {
  readonly name: string;
  readonly input: (octets: number) => Uint8Array;
  readonly read: (input: Uint8Array) => void;
  readonly sizes?: readonly number[];
}

/** One shape, measured. */
interface Growth {
  readonly name: string;
  /** Milliseconds of each size. */
  readonly times: readonly number[];
}

const NOW = new Date("2026-01-01T00:00:00Z");
const AS_DEFAULT = {
  policy: DEFAULT_POLICY.certificates,
  trust: { anchors: [], intermediates: [], crls: null },
};

function judge(raw: Uint8Array): void {
  const { facts, offer } = readMessage(raw, DEFAULT_POLICY);
  inspectMessage(facts, offer, { ...AS_DEFAULT, at: NOW, internalDate: null });
}

/** So many octets of a repeated text. */
function filled(text: string, octets: number): string {
  return text.repeat(Math.ceil(octets / text.length));
}

function mail(header: string, body: string): Buffer {
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

function nameOf(octets: number, value: string, rdns: number): Buffer {
  const each = Math.ceil(octets / rdns);
  const rdn = encode.setOf([
    encode.sequence(encode.oid(OID.commonName), encode.tagged(0x0c, Buffer.from(filled(value, each)))),
  ]);
  return encode.sequence(...Array.from({ length: rdns }, () => rdn));
}

/** A SignedData whose SignerInfo names this issuer. */
function signedBy(issuer: Buffer): Buffer {
  const algorithm = (oid: string) => encode.sequence(encode.oid(oid));
  const signerInfo = encode.sequence(
    encode.integer(1),
    encode.sequence(issuer, encode.integer(1)),
    algorithm(OID.sha256),
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
      encode.setOf([signerInfo]),
    ),
  );
}

function contentInfo(signedData: Buffer): Buffer {
  return encode.sequence(encode.oid(OID.signedData), encode.tagged(contextConstructed(0), signedData));
}

function opaque(cms: Buffer): Buffer {
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

const SHAPES: readonly Shape[] = [
  ...FIELDS.flatMap((field) =>
    FILLINGS.map(([name, text]) => ({
      name: `${field}: ${name}`,
      input: (octets: number) => mail(`${field}: x${filled(text, octets)}x`, "body"),
      read: judge,
      sizes: HEADER_SIZES,
    })),
  ),
  ...TYPES.flatMap((type) =>
    BODIES.map(([name, text]) => ({
      name: `${type}: ${name}`,
      input: (octets: number) => mail(`MIME-Version: 1.0\r\nContent-Type: ${type}`, filled(text, octets)),
      read: judge,
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
    input: (octets: number) => opaque(signedBy(nameOf(octets, text, rdns))),
    read: judge,
  })),
  { name: "BER: open lengths", input: streamed, read: (der) => void parseSignedData(der) },
  {
    name: "BER: a content in pieces",
    input: (octets) =>
      Buffer.concat([
        Buffer.from("308006092a864886f70d010702a080", "hex"),
        Buffer.alloc(octets, Buffer.from("2480040161", "hex")),
      ]),
    read: (der) => void parseSignedData(der),
  },
  {
    name: "file: PEM certificates",
    input: (octets) =>
      Buffer.from(filled("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", octets)),
    read: (file) => void readCertificates(file),
  },
  {
    name: "file: PEM CRLs that do not end",
    input: (octets) => Buffer.from(filled("-----BEGIN X509 CRL-----\nMAA=\n", octets)),
    read: (file) => void readCrlFile(file, "crls.pem"),
  },
];

/** How the time of each shape grows with its octets; each the shorter of two runs. */
function growths(): readonly Growth[] {
  return SHAPES.map(({ name, input, read, sizes = SIZES }) => {
    const times: number[] = [];
    for (const octets of sizes) {
      const bytes = input(octets);
      const once = () => {
        const start = performance.now();
        read(bytes);
        return performance.now() - start;
      };
      const time = Math.min(once(), once());
      times.push(time);
      // A square is seen long before it is waited for.
      if (time > 5_000) break;
    }
    return { name, times };
  });
}

/** Milliseconds under which the clock and the collector say more than the code. */
const NOISE = 20;

/** The steepest step of a shape against the growth of its octets: 1 is in proportion, 10 a square. */
function steepness({ times }: Growth): number {
  const steps = times.slice(1).map((time, index) => {
    const octets = (SIZES[index + 1] ?? 1) / (SIZES[index] ?? 1);
    return time < NOISE ? 0 : time / Math.max(times[index] ?? 0, NOISE / 10) / octets;
  });
  return Math.max(0, ...steps);
}

/** The steepest shapes and the slowest one, as lines of the bench. */
export function growthFigures(): Figure[] {
  const all = growths();
  const steepest = [...all].sort((left, right) => steepness(right) - steepness(left)).slice(0, 3);
  const slowest = [...all]
    .sort((left, right) => Math.max(...right.times) - Math.max(...left.times))
    .slice(0, 1);
  return [...new Set([...steepest, ...slowest])].map((growth) => ({
    name: `growth to 10 MB: ${growth.name}`,
    goal: null,
    measured: `${growth.times.map((time) => time.toFixed(1)).join(", ")} ms; ${steepness(growth).toFixed(1)} × linear`,
  }));
}
