/** Mails that are made to cost whoever reads them: time, memory, or his stack. Each is refused for a reason of its own. */

import { encode } from "../../src/pki/der-write.ts";
import { OID } from "../../src/pki/oid.ts";
import { type Issued, issue, ofCa, signerFiles, type Who, who } from "../lab/bomb-authority.ts";
import { runSync } from "../lab/command.ts";
import { bits, extension, nameDer, rfc822Name, subjectAltName } from "../pki/forge.ts";

const SENDER = "alice@partner.example";
const MEGABYTE = 1024 * 1024;

export interface Bomb {
  readonly name: string;
  /** With a Message-ID of its own, by which the ledger knows it. */
  readonly raw: Buffer;
  readonly folder: "Unhandled" | "Rejected" | "Pending" | "Processed";
  /** A text in the reasons of its ledger row. */
  readonly reason: string;
}

type Draft = Omit<Bomb, "raw"> & { readonly raw: (header: string) => Buffer };

/** The name of the bomb, which is its Message-ID too. */
export function idOf(name: string): string {
  return `<${name.replace(/[^A-Za-z0-9]+/g, "-")}@bomb.example>`;
}

function mail(header: string, ...body: readonly (Buffer | string)[]): Buffer {
  return Buffer.concat([header, "\r\n", ...body].map((part) => Buffer.from(part as string, "latin1")));
}

const text = "Content-Type: text/plain\r\n\r\nhello\r\n";

// ── MIME and header ────────────────────────────────────────────────────────────────────────────────────────────────

function unread(name: string, problem: string, raw: Draft["raw"]): Draft {
  return { name, folder: "Unhandled", reason: problem, raw };
}

/** A mail of nothing but a header that costs: it is read, and offers nothing. */
function costly(name: string, field: string): Draft {
  return unread(name, "nothing-offered", (header) => mail(`${header}${field}\r\n`, "hello\r\n"));
}

/** The head of a multipart and the delimiter of its only part. */
function multipart(level: number): string {
  return `Content-Type: multipart/mixed; boundary=b${level}\r\n\r\n--b${level}\r\n`;
}

const inMime: readonly Draft[] = [
  unread("MIME nested 10,000 deep", "mime.too-deep", (header) =>
    mail(header.slice(0, -2), ...Array.from({ length: 10_000 }, (_, level) => multipart(level))),
  ),
  unread("100,000 parts", "mime.too-many-parts", (header) =>
    mail(`${header}Content-Type: multipart/mixed; boundary=b\r\n`, "--b\r\n\r\nx\r\n".repeat(100_000)),
  ),
  unread("a header of 50 MB in one field", "mime.header-too-large", (header) =>
    mail(`${header}X-Long: ${"x".repeat(50 * MEGABYTE)}\r\n`),
  ),
  unread("a header of 50 MB in a million fields", "mime.too-many-fields", (header) =>
    mail(`${header}${`X-A: ${"x".repeat(44)}\r\n`.repeat(MEGABYTE)}`),
  ),
  unread("100,000 fields of a few letters", "mime.too-many-fields", (header) =>
    mail(`${header}${"X: y\r\n".repeat(100_000)}`),
  ),
  unread("encoded words of 10 MB", "mime.header-too-large", (header) =>
    mail(`${header}Subject: ${"=?utf-8?q?a?= ".repeat((10 * MEGABYTE) / 14)}\r\n`),
  ),
  unread("a million addresses", "mime.header-too-large", (header) =>
    mail(`${header}Cc: ${"a@b.example, ".repeat(1_000_000)}c@d.example\r\n`),
  ),
  // What the budget of the header lets through.
  costly("a subject of almost 1 MB", `Subject: ${"x".repeat(1_000_000)}`),
  costly("encoded words of almost 1 MB", `Subject: ${"=?utf-8?b?YQ==?= ".repeat(58_000)}`),
  costly("70,000 addresses", `Cc: ${"a@b.example, ".repeat(70_000)}c@d.example`),
  costly("comments nested 100,000 deep", `Cc: ${"(".repeat(100_000)}${")".repeat(100_000)} a@b.example`),
  costly("a date of comments", `X-Date: 1\r\nReceived: from ${"(".repeat(400_000)}; ${"(".repeat(400_000)}`),
  costly("references of 1 MB", `References: ${"<a@b> ".repeat(160_000)}`),
  costly(
    "an authentication result of 1 MB",
    `Authentication-Results: mx.company.example; ${"dkim=pass ".repeat(90_000)}`,
  ),
  costly("parameters of 1 MB", `Content-Disposition: attachment; ${"a*0*=utf-8''b; ".repeat(60_000)}`),
  costly("a quoted string that never ends", `Reply-To: "${'\\"'.repeat(450_000)}`),
  unread("60 MB of base64 that is no signature", "submission.rejected", (header) =>
    mail(
      `${header}Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n`,
      `${"A".repeat(76)}\r\n`.repeat(Math.floor((60 * MEGABYTE) / 78)),
    ),
  ),
  unread("soft line breaks and escapes of 30 MB", "nothing-offered", (header) =>
    mail(
      `${header}Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n`,
      "=\r\n".repeat(5 * MEGABYTE),
      "=3D".repeat(5 * MEGABYTE),
    ),
  ),
  unread("20 MB of blanks in a quoted-printable signature", "submission.rejected", (header) =>
    mail(
      `${header}Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\nContent-Transfer-Encoding: quoted-printable\r\n`,
      " ".repeat(20 * MEGABYTE),
    ),
  ),
].map((draft) =>
  draft.reason === "submission.rejected" ? { ...draft, folder: "Rejected" as const } : draft,
);

// ── CMS ────────────────────────────────────────────────────────────────────────────────────────────────────────────

const SHA256 = encode.sequence(encode.oid(OID.sha256));

interface SignedDataParts {
  readonly contentType?: Uint8Array;
  readonly certificates?: readonly Uint8Array[];
  readonly signers?: readonly Uint8Array[];
}

function signedData({
  contentType = encode.oid(OID.data),
  certificates = [],
  signers = [],
}: SignedDataParts): Buffer {
  const body = encode.sequence(
    encode.integer(1),
    encode.setOf([SHA256]),
    encode.sequence(contentType),
    encode.tagged(0xa0, Buffer.concat(certificates)),
    encode.tagged(0x31, Buffer.concat(signers)),
  );
  return encode.sequence(encode.oid(OID.signedData), encode.tagged(0xa0, body));
}

function signerInfo(
  serial: Uint8Array = Buffer.of(1),
  algorithm: Uint8Array = encode.oid(OID.ecdsaWithSha256),
): Buffer {
  return encode.sequence(
    encode.integer(1),
    encode.sequence(nameDer(self.name), encode.tagged(2, serial)),
    SHA256,
    encode.sequence(algorithm),
    encode.octetString(Buffer.alloc(8)),
  );
}

/** `levels` constructed elements inside each other, each with a length of four octets. */
function nest(levels: number): Buffer {
  const heads = Buffer.alloc(levels * 6);
  for (let level = 0; level < levels; level++) {
    heads[level * 6] = 0x30;
    heads[level * 6 + 1] = 0x84;
    heads.writeUInt32BE((levels - level - 1) * 6 + 2, level * 6 + 2);
  }
  return Buffer.concat([heads, Buffer.of(5, 0)]);
}

function detached(header: string, cms: Buffer): Buffer {
  return mail(
    `${header}Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=b\r\n`,
    `--b\r\n${text}\r\n--b\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\n`,
    "Content-Transfer-Encoding: base64\r\n\r\n",
    cms.toString("base64").replace(/.{1,76}/g, "$&\r\n"),
    "--b--\r\n",
  );
}

function broken(name: string, cms: () => Buffer): Draft {
  return {
    name,
    folder: "Rejected",
    reason: "submission.rejected",
    raw: (header) => detached(header, cms()),
  };
}

/** An RSA key: its numbers are of so many bits. */
function rsaKey(modulusBits: number, exponentBits: number): Buffer {
  const number = (count: number) => Buffer.concat([Buffer.of(0), Buffer.alloc(count / 8, 0xff)]);
  const key = encode.sequence(
    encode.tagged(2, number(modulusBits)),
    encode.tagged(2, exponentBits === 17 ? Buffer.of(1, 0, 1) : number(exponentBits)),
  );
  return encode.sequence(encode.sequence(encode.oid(OID.rsaEncryption), encode.null()), bits(key));
}

const self = who("Bomb");
const withKey = (spki: Uint8Array): Buffer => issue(self, self, [], { spki, serial: 1 }).der;

const inCms: readonly Draft[] = [
  broken("CMS nested a million deep", () => nest(1_000_000)),
  broken("CMS of a million open indefinite lengths", () => Buffer.alloc(2_000_000, Buffer.of(0x30, 0x80))),
  broken("CMS with a length of 2^32-1", () =>
    Buffer.from("3084ffffffff06092a864886f70d010702a084ffffffff", "hex"),
  ),
  broken("CMS with a length of 2^1000", () =>
    Buffer.concat([Buffer.of(0x30, 0xfd), Buffer.alloc(125, 0xff)]),
  ),
  broken("100,000 SignerInfos", () => signedData({ signers: Array(100_000).fill(signerInfo()) })),
  broken("100,000 certificates", () =>
    signedData({ certificates: Array(100_000).fill(issue(self, self, []).der), signers: [signerInfo()] }),
  ),
  broken("an object identifier of 5 MB", () =>
    signedData({ contentType: encode.tagged(6, Buffer.alloc(5 * MEGABYTE, 0xff)), signers: [signerInfo()] }),
  ),
  broken("a serial number of 5 MB", () =>
    signedData({ signers: [signerInfo(Buffer.alloc(5 * MEGABYTE, 0x7f))] }),
  ),
  broken("an algorithm of 5 MB", () =>
    signedData({ signers: [signerInfo(Buffer.of(1), encode.tagged(6, Buffer.alloc(5 * MEGABYTE, 0x81)))] }),
  ),
  broken("RSA keys of a million bits", () =>
    signedData({ certificates: [withKey(rsaKey(1 << 20, 1 << 20))], signers: [signerInfo()] }),
  ),
  broken("fifty RSA keys of 200,000 bits", () =>
    signedData({
      certificates: Array.from({ length: 50 }, () => withKey(rsaKey(200_000, 200_000))),
      signers: [signerInfo()],
    }),
  ),
  broken("sixteen signers with keys of 16,384 bits", () => {
    const certificate = withKey(rsaKey(16_384, 64));
    return signedData({ certificates: [certificate], signers: Array(16).fill(signerInfo()) });
  }),
];

// ── certification paths ────────────────────────────────────────────────────────────────────────────────────────────

const alice = subjectAltName(rfc822Name(SENDER));

/** Each of these CAs has certified each other one. */
function mesh(size: number): { readonly leaf: Issued; readonly beside: readonly Issued[] } {
  const cas = Array.from({ length: size }, (_, index) => who(`Mesh ${index}`));
  const [first = self] = cas;
  const beside = cas.flatMap((by) => cas.filter((of) => of !== by).map((of) => issue(by, of, ofCa)));
  return { leaf: issue(first, who("alice"), [alice]), beside };
}

/** One CA that has certified its own name again and again, with its own key or with others. */
function twins(
  count: number,
  keyOf: (ca: Who) => Who,
): { readonly leaf: Issued; readonly beside: readonly Issued[] } {
  const ca = who("Twins");
  const beside = Array.from({ length: count }, () => issue(ca, keyOf(ca), ofCa));
  return { leaf: issue(ca, who("alice"), [alice]), beside };
}

/** Two thousand constraints above nine hundred names. */
function constrained(root: Who): { readonly leaf: Issued; readonly beside: readonly Issued[] } {
  const ca = who("Constrained");
  const subtree = (text: string) => encode.sequence(rfc822Name(text));
  const excluded = Array.from({ length: 2_000 }, (_, index) => subtree(`u${index}@other.example`));
  const constraints = encode.sequence(
    encode.tagged(0xa0, subtree("partner.example")),
    encode.tagged(0xa1, Buffer.concat(excluded)),
  );
  const names = Array.from({ length: 900 }, (_, index) => rfc822Name(`u${index}@partner.example`));
  return {
    leaf: issue(ca, who("alice"), [subjectAltName(rfc822Name(SENDER), ...names)]),
    beside: [issue(root, ca, [...ofCa, extension(OID.nameConstraints, constraints, true)])],
  };
}

/** Every CA of the path names hundreds of policies and maps each to many of the next one's. */
function policed(root: Who): { readonly leaf: Issued; readonly beside: readonly Issued[] } {
  const policy = (level: number, index: number) => encode.oid(`1.3.6.1.4.1.99999.${level}.${index}`);
  const count = 600;
  const policies = (level: number) =>
    extension(
      OID.certificatePolicies,
      encode.sequence(...Array.from({ length: count }, (_, index) => encode.sequence(policy(level, index)))),
    );
  const mappings = (level: number) =>
    extension(
      OID.policyMappings,
      encode.sequence(
        ...Array.from({ length: 1_500 }, (_, index) =>
          encode.sequence(policy(level, index % count), policy(level + 1, (index * 7) % count)),
        ),
      ),
    );
  const beside: Issued[] = [];
  let above = root;
  for (let level = 0; level < 9; level++) {
    const ca = who(`Policed ${level}`);
    beside.push(issue(above, ca, [...ofCa, policies(level), mappings(level)]));
    above = ca;
  }
  return { leaf: issue(above, who("alice"), [alice, policies(9)]), beside };
}

/** The bombs; some of them only go off below a trusted root. */
export function makeBombs(folder: string, root: Who): Bomb[] {
  const header = (name: string): string =>
    `From: ${SENDER}\r\nTo: key-management@company.example\r\nMessage-ID: ${idOf(name)}\r\n`;
  const onPath = (
    name: string,
    path: { readonly leaf: Issued; readonly beside: readonly Issued[] },
    folderName: Bomb["folder"],
    reason: string,
  ): Draft => ({
    name,
    folder: folderName,
    reason,
    raw: (head) => {
      const { certFile, keyFile, chain } = signerFiles(
        folder,
        name.replace(/\W+/g, "-"),
        path.leaf,
        path.beside,
      );
      const signed = runSync(
        "openssl",
        [
          "cms",
          "-sign",
          "-binary",
          "-crlfeol",
          "-outform",
          "SMIME",
          "-md",
          "sha256",
          "-signer",
          certFile,
          "-inkey",
          keyFile,
        ].concat(path.beside.length > 0 ? ["-certfile", chain[0] ?? ""] : []),
        { input: Buffer.from(text) },
      ).stdout;
      return Buffer.concat([
        Buffer.from(head),
        Buffer.from(signed.toString("latin1").replace(/\r?\n/g, "\r\n"), "latin1"),
      ]);
    },
  });
  const onPaths: readonly Draft[] = [
    onPath("eight CAs that have certified each other", mesh(8), "Rejected", "path.budget"),
    onPath(
      "sixty certificates of one CA for itself",
      twins(60, (ca) => ca),
      "Pending",
      "submission.pending",
    ),
    onPath(
      "sixty keys of one CA for itself",
      twins(60, (ca) => who(ca.name)),
      "Pending",
      "submission.pending",
    ),
    onPath("2,000 name constraints over 900 names", constrained(root), "Rejected", "path.budget"),
    onPath("nine CAs of 600 policies each", policed(root), "Rejected", "path.budget"),
  ];
  return [...inMime, ...inCms, ...onPaths].map(({ name, folder: to, reason, raw }) => ({
    name,
    folder: to,
    reason,
    raw: raw(header(name)),
  }));
}
