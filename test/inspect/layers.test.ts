/**
 * The layers of a mail (PRODUCT §3): which signature counts, what is around it and what stands in it. Every entity is
 * made and signed here, and judged as the robot judges it.
 */
import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isProblem, parseCertificate, signDetached } from "../../src/pki/index.ts";
import { explainMessage } from "../../src/robot/explain.ts";
import { open, setContent } from "../attacks/cms-surgery.ts";
import { oidNode, writeDer } from "../attacks/der-tree.ts";
import { certificateFile } from "../attacks/recipe.ts";
import { ALICE, type Cast, openStage, ROBOT, received, type Stage, WORDS } from "../attacks/stage.ts";
import { type LabFolder, openFolder } from "../lab/folder.ts";

let folder: LabFolder;
let stage: Stage;
beforeAll(() => {
  folder = openFolder();
  stage = openStage(folder.path);
});
afterAll(() => folder.remove());

/** A MIME entity, made when the stage stands. */
type Make = () => string;

const text =
  (words: string, more = ""): Make =>
  () =>
    `Content-Type: text/plain${more}\r\n\r\n${words}\r\n`;
const HELLO = text("Guten Tag");
const FOOTER = text("Diese E-Mail ist vertraulich.");

let boundaries = 0;
function multipart(type: string, parts: readonly Make[], { preamble = "", epilogue = "" } = {}): Make {
  return () => {
    const boundary = `b${boundaries++}`;
    const body = parts.map((part) => `--${boundary}\r\n${part()}\r\n`).join("");
    return `Content-Type: ${type}; boundary="${boundary}"\r\n\r\n${preamble}${body}--${boundary}--\r\n${epilogue}`;
  };
}
const mixed = (...parts: readonly Make[]): Make => multipart("multipart/mixed", parts);

/** A SignedData over the entity, by its signer. */
function cmsOver(entity: string, who: keyof Cast, daysAgo = 0): Buffer {
  const identity = stage[who];
  const certificate = parseCertificate(identity.der);
  const issuer = parseCertificate(stage.issuer.der);
  if (isProblem(certificate) || isProblem(issuer)) throw new Error("a certificate of the stage");
  return signDetached({
    content: Buffer.from(entity.replace(/\r?\n/g, "\r\n"), "latin1"),
    certificate,
    key: createPrivateKey(readFileSync(identity.keyFile)),
    intermediates: [issuer],
    signingTime: new Date(stage.now.getTime() - daysAgo * 86_400_000),
  });
}

const base64 = (bytes: Buffer) => bytes.toString("base64").replace(/.{1,76}/g, "$&\r\n");
const P7S = 'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\n';
const part =
  (header: string, bytes: Buffer, behind = ""): Make =>
  () =>
    `${header}Content-Transfer-Encoding: base64\r\n\r\n${base64(bytes)}${behind}`;

interface Detached {
  readonly daysAgo?: number;
  readonly header?: string;
  readonly more?: readonly Make[];
  readonly epilogue?: string;
  /** What becomes of the CMS. */
  readonly cms?: (made: Buffer, entity: string) => Buffer;
  /** What becomes of the content once it is signed. */
  readonly change?: (entity: string) => string;
}

/** multipart/signed around an entity. */
function signed(who: keyof Cast, content: Make, options: Detached = {}): Make {
  const { daysAgo = 0, header = P7S, more = [], epilogue = "", cms = (made) => made } = options;
  return () => {
    const entity = content();
    const made = cms(cmsOver(entity, who, daysAgo), entity);
    const shown = options.change?.(entity) ?? entity;
    return multipart(
      'multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256',
      [() => shown, part(header, made), ...more],
      { epilogue },
    )();
  };
}

/** The same with the content inside. */
function withContent(cms: Buffer, entity: string | null, contentType?: string): Buffer {
  const opened = open(cms);
  setContent(opened, entity === null ? null : Buffer.from(entity, "latin1"));
  if (contentType !== undefined) opened.encapsulated.children?.splice(0, 1, oidNode(contentType));
  return writeDer(opened.root);
}

interface Opaque {
  readonly behind?: string;
  readonly header?: string;
  readonly contentType?: string;
  readonly cms?: (made: Buffer) => Buffer;
  readonly empty?: boolean;
}

const P7M = 'Content-Type: application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"\r\n';

/** application/pkcs7-mime with an entity in it. */
function opaque(who: keyof Cast, content: Make, options: Opaque = {}): Make {
  const { behind = "", header = P7M, contentType, cms = (made) => made, empty = false } = options;
  return () => {
    const entity = content();
    const made = withContent(cmsOver(empty ? "" : entity, who), empty ? null : entity, contentType);
    return part(header, cms(made), behind)();
  };
}

const PGP_SIGNATURE = `-----BEGIN PGP SIGNATURE-----\r\n\r\n${"iQEz".repeat(12)}\r\n=abcd\r\n-----END PGP SIGNATURE-----\r\n`;
const pgp = (content: Make, signature = PGP_SIGNATURE, epilogue = ""): Make =>
  multipart(
    'multipart/signed; protocol="application/pgp-signature"; micalg=pgp-sha256',
    [content, () => `Content-Type: application/pgp-signature; name="signature.asc"\r\n\r\n${signature}`],
    { epilogue },
  );

/** A part that calls itself CMS and holds MIME text. */
const exchange = (content: Make, change: (mime: string) => string = (mime) => mime): Make => {
  return () => part(P7M, Buffer.from(change(content()), "latin1"))();
};

const AUTHENTICATED = `Authentication-Results: mx.company.example; dmarc=pass header.from=partner.example`;

function mailOf(entity: string, { subject = "my key", from = `Alice <${ALICE}>` } = {}): Buffer {
  const header = [
    AUTHENTICATED,
    `Received: ${received(stage.now)}`,
    `From: ${from}`,
    `To: ${ROBOT}`,
    `Subject: ${subject}`,
    `Date: ${stage.now.toUTCString()}`,
    "Message-ID: <1@partner.example>",
    "MIME-Version: 1.0",
  ];
  return Buffer.from(`${header.join("\r\n")}\r\n${entity}`, "latin1");
}

interface Became {
  readonly judged: Readonly<Record<string, readonly string[]>>;
  readonly folder: string | undefined;
  readonly replies: readonly string[];
}

async function became(make: Make, options?: { subject?: string; from?: string }): Promise<Became> {
  const { plan } = await explainMessage(mailOf(make(), options), stage.bench(0));
  const nameOf = (sha256: string) =>
    (Object.keys(stage) as (keyof Cast)[]).find((who) => stage[who]?.sha256 === sha256) ?? "other";
  const judged = plan.judged.map(({ certificate, verdict, findings }) => {
    const grave = findings.filter(({ severity }) => severity !== "info").map(({ code }) => code);
    return [nameOf(certificate), [verdict, ...[...new Set(grave)].sort()]] as const;
  });
  return {
    judged: Object.fromEntries(judged),
    folder: plan.actions.flatMap((action) => (action.action === "file" ? [action.folder] : []))[0],
    replies: plan.actions.flatMap((action) => (action.action === "reply" ? [action.template] : [])),
  };
}

const ALICES = { judged: { alice: ["accepted"] }, folder: "Processed", replies: ["accepted"] };
const partly = {
  judged: { alice: ["pending", "signature.partial"] },
  folder: "Pending",
  replies: ["pending"],
};
const refused = (...codes: string[]) => ({
  judged: { alice: ["rejected", ...codes] },
  folder: "Rejected",
  replies: ["rejected"],
});
const gateway = { judged: { mallory: ["rejected", "address.mismatch"] }, folder: "Rejected" };
const hers = signed("alice", HELLO);
const hersOpaque = opaque("alice", HELLO);
const byGateway = (content: Make, options?: Detached) => signed("mallory", content, options);

describe("the sender's own layer counts, whole where nothing else is shown (FC-47)", () => {
  const rows: readonly (readonly [string, Make])[] = [
    ["a gateway around a detached one", byGateway(hers)],
    ["a gateway around an opaque one", byGateway(hersOpaque)],
    ["an opaque gateway around a detached one", opaque("mallory", hers)],
    ["an opaque gateway around an opaque one", opaque("mallory", hersOpaque)],
    ["two gateways", byGateway(opaque("mallory", byGateway(hers)))],
    ["a gateway with the certificate of the domain (RFC 3183)", signed("wholeDomain", hers)],
    ["OpenPGP around", pgp(hers)],
    ["OpenPGP around an opaque one", pgp(hersOpaque)],
    ["OpenPGP around a gateway around", pgp(byGateway(hers))],
    ["a gateway around OpenPGP around", byGateway(pgp(hers))],
    ["a lone multipart", mixed(hers)],
    ["a lone multipart around an opaque one", mixed(hersOpaque)],
    ["a lone multipart of another subtype", multipart("multipart/related", [hers])],
    ["two lone multiparts", mixed(mixed(hers))],
    ["a lone multipart in a gateway's", byGateway(mixed(hers))],
    ["a gateway in a lone multipart", mixed(byGateway(hers))],
    ["a lone multipart with a preamble", multipart("multipart/mixed", [hers], { preamble: "MIME\r\n" })],
    [
      "a gateway that sent octets behind its signature",
      byGateway(hers, { cms: (made) => Buffer.concat([made, Buffer.from("xyz")]) }),
    ],
    ["Exchange's text in a smime.p7m", exchange(hers)],
    ["the same with a byte order mark", exchange(hers, (mime) => `\xef\xbb\xbf${mime}`)],
    ["the same with bare LF", exchange(hers, (mime) => mime.replaceAll("\r\n", "\n"))],
    ["the same behind MIME-Version", exchange(hers, (mime) => `MIME-Version: 1.0\r\n${mime}`)],
    ["a gateway around it", byGateway(exchange(hers))],
    ["it in a lone multipart", mixed(exchange(hers))],
  ];
  it.each(rows)("%s", async (_, make) => expect(await became(make)).toEqual(ALICES));

  const guards: readonly (readonly [string, Make])[] = [
    ["a disclaimer beside it in a gateway's", byGateway(mixed(hers, FOOTER))],
    ["a disclaimer beside an opaque one in a gateway's", byGateway(mixed(hersOpaque, FOOTER))],
    ["a disclaimer in an opaque gateway's", opaque("mallory", mixed(hers, FOOTER))],
    ["a text above it", byGateway(mixed(FOOTER, hers))],
    ["an epilogue of the gateway's", byGateway(hers, { epilogue: WORDS })],
    ["an epilogue of the lone multipart", multipart("multipart/mixed", [hers], { epilogue: WORDS })],
    ["an epilogue of OpenPGP's", pgp(hers, PGP_SIGNATURE, WORDS)],
    ["a third part of the gateway's", byGateway(hers, { more: [FOOTER] })],
    ["words in the place of OpenPGP's signature", pgp(hers, WORDS)],
    ["words behind OpenPGP's signature", pgp(hers, `${PGP_SIGNATURE}\r\n${WORDS}`)],
    ["a gateway's signature that cannot be read", byGateway(hers, { cms: (made) => made.subarray(0, 300) })],
    [
      "a gateway's signature with words of its own in it",
      byGateway(hers, { cms: (made) => withContent(made, WORDS) }),
    ],
    [
      "octets behind an opaque gateway's",
      opaque("mallory", hers, { cms: (made) => Buffer.concat([made, Buffer.from("xyz")]) }),
    ],
    ["a footer behind an opaque gateway's", opaque("mallory", hers, { behind: `${WORDS}!\r\n` })],
    ["the gateway around text and Exchange's part", byGateway(mixed(FOOTER, exchange(hers)))],
    ["a gateway's layer beside a text, hers inside", mixed(byGateway(hers), FOOTER)],
  ];
  it.each(guards)("partly, and pending: %s", async (_, make) => expect(await became(make)).toEqual(partly));

  it("hers is broken: rejected, whoever signed around it", async () => {
    const broken = signed("alice", HELLO, { change: (entity) => entity.replace("Tag", "Abend") });
    expect(await became(byGateway(broken))).toEqual(refused("signature.digest-mismatch"));
  });
  it("hers is old, the layer around it of today: it stays a replay", async () => {
    const found = await became(byGateway(signed("alice", HELLO, { daysAgo: 40 })));
    expect(found.judged).toEqual({ alice: ["pending", "signature.replay"] });
  });
  it("From names somebody else: nothing of hers is accepted", async () => {
    const found = await became(byGateway(hers), { from: "Bob <bob@partner.example>" });
    expect(found.replies).toEqual(["rejected"]);
  });
  it("a forwarded mail is no layer", async () => {
    const forwarded: Make = () => `Content-Type: message/rfc822\r\n\r\nFrom: ${ALICE}\r\n${hers()}`;
    expect(await became(byGateway(forwarded))).toMatchObject(gateway);
    expect((await became(opaque("mallory", forwarded))).judged).toEqual(gateway.judged);
  });
  it("who only names her around hers counts, for he is outermost", async () => {
    const { judged } = await became(signed("fake", hers));
    expect(judged).toEqual({
      fake: ["pending", "path.self-signed"],
      alice: ["pending", "signature.none"],
    });
  });
  it("a part that two programs read in two ways is no layer", async () => {
    const twice: Make = () => `Content-Type: text/html\r\n${hers()}`;
    for (const make of [byGateway(twice), opaque("mallory", twice)])
      expect(Object.values((await became(make)).judged).flat()).not.toContain("accepted");
    expect((await became(mixed(twice))).judged.alice?.[0]).not.toBe("accepted");
    expect((await became(twice)).folder).toBe("Unhandled");
  });
  it("layers have a limit", async () => {
    let make = hers;
    for (let depth = 0; depth < 9; depth++) make = opaque("mallory", make);
    expect((await became(make)).judged.alice).toBeUndefined();
  });
});

describe("a defect inside the signed content is none of the mail (PRODUCT §3)", () => {
  const inside: readonly (readonly [string, Make])[] = [
    ["no boundary", () => "Content-Type: multipart/alternative\r\n\r\n--x\r\n\r\nHi\r\n--x--\r\n"],
    ["no boundary, deeper", mixed(HELLO, () => "Content-Type: multipart/related\r\n\r\nx\r\n")],
    ["two Content-Types", () => `Content-Type: text/html\r\n${HELLO()}`],
    ["two Content-Types, deeper", mixed(() => `Content-Type: text/html\r\n${HELLO()}`)],
    [
      "two boundaries",
      () => "Content-Type: multipart/mixed; boundary=a; boundary=b\r\n\r\n--a\r\n\r\nx\r\n--a--\r\n",
    ],
    [
      "a boundary that is too long",
      () => `Content-Type: multipart/mixed; boundary=${"x".repeat(201)}\r\n\r\nx\r\n`,
    ],
  ];
  it.each(inside)("%s", async (_, make) => {
    expect(await became(signed("alice", make))).toEqual(ALICES);
    expect(await became(opaque("alice", make))).toEqual(ALICES);
    expect(await became(byGateway(signed("alice", make)))).toEqual(ALICES);
  });
  it.each(inside)("in a request: %s", async (_, make) => {
    const tag = { subject: "[AXAZERTIFIKAT]" };
    expect((await became(make, tag)).replies).toEqual(["no-certificate"]);
    expect((await became(mixed(make), tag)).replies).toEqual(["no-certificate"]);
  });
  it("of the signature's own part: what is beside the signed content is not agreed on", async () => {
    const header = `Content-Type: text/html\r\n${P7S}`;
    expect(await became(signed("alice", HELLO, { header }))).toEqual(partly);
  });
  it.each([
    ["octet-stream without a name", "Content-Type: application/octet-stream\r\n"],
    ["octet-stream with another name", 'Content-Type: application/octet-stream; name="ATT00001.bin"\r\n'],
    ["application/pkcs7-mime", P7M],
    ["text/plain", "Content-Type: text/plain\r\n"],
    ["no type", "X-Gateway: 1\r\n"],
  ])("the second part of multipart/signed is the signature, as %s", async (_, header) => {
    expect(await became(signed("alice", HELLO, { header }))).toEqual(ALICES);
  });
});

describe("a CMS structure ends where its length says (X.690 §8.1.3)", () => {
  const footers = [
    "Diese Nachricht ist vertraulich.",
    "Sent from my phone",
    "-- \r\nlist",
    "Impressum",
    "äö",
  ];
  const lengths = [0, 1, 2, 3].flatMap((more) => footers.map((footer) => [more, footer] as const));
  it.each(lengths)("%d octets more, and %j behind an opaque mail", async (more, footer) => {
    const make = opaque("alice", text(`Guten Tag${"x".repeat(more)}`), { behind: `${footer}\r\n` });
    expect(await became(make)).toEqual(partly);
  });
  const paddings = [0, 1, 2].flatMap((more) =>
    ["AAAA", "AAAAAAAA\r\nAAAA", "ICAgIA==", "DQogAAAA"].map((rest) => [more, rest] as const),
  );
  it.each(paddings)(
    "%d octets more, and %j, which is NUL and blanks, behind it show nothing",
    async (more, rest) => {
      const make = opaque("alice", text(`Guten Tag${"x".repeat(more)}`), { behind: `${rest}\r\n` });
      expect(await became(make)).toEqual(ALICES);
      const words = opaque("alice", text(`Guten Tag${"x".repeat(more)}`), { behind: `${rest}\r\nxyzw\r\n` });
      expect(await became(words)).toEqual(partly);
    },
  );
  it.each([
    ["words", Buffer.from("xyz")],
    ["DER", Buffer.from("3003020101", "hex")],
  ])("%s behind a detached one are nothing, behind an opaque one not the whole mail", async (_, rest) => {
    const cms = (made: Buffer) => Buffer.concat([made, rest]);
    expect(await became(signed("alice", HELLO, { cms }))).toEqual(ALICES);
    expect(await became(opaque("alice", HELLO, { cms }))).toEqual(partly);
  });
  it("NUL and blanks are padding", async () => {
    const cms = (made: Buffer) => Buffer.concat([made, Buffer.from("\0\0\r\n ")]);
    expect(await became(opaque("alice", HELLO, { cms }))).toEqual(ALICES);
  });
  it("an opaque mail without content is refused, also with a right signature over nothing (D6)", async () => {
    expect(await became(opaque("alice", HELLO, { empty: true }))).toEqual(refused("signature.no-content"));
  });
});

const REPORT = multipart("multipart/report; report-type=delivery-status", [
  HELLO,
  () => "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n",
]);
const NOTIFICATION: Make = () =>
  "Content-Type: message/disposition-notification\r\n\r\nDisposition: x; displayed\r\n";
const FEEDBACK: Make = () => "Content-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n";

describe("what a mail shows decides whether it is automatic (FC-45, FC-46)", () => {
  const reports: readonly (readonly [name: string, make: Make, who?: "alice"])[] = [
    ["a report", REPORT],
    ["a notification alone", NOTIFICATION],
    ["a feedback report alone", FEEDBACK],
    ["a report with a disclaimer behind", mixed(REPORT, FOOTER)],
    ["a notification with two texts behind", mixed(NOTIFICATION, FOOTER, FOOTER)],
    ["a signed report", signed("alice", REPORT), "alice"],
    ["a signed notification", signed("alice", NOTIFICATION), "alice"],
    ["an opaque report", opaque("alice", REPORT), "alice"],
    ["a report with a disclaimer, signed", signed("alice", mixed(REPORT, FOOTER)), "alice"],
    ["a report in an opaque one, signed by a gateway", byGateway(opaque("alice", REPORT)), "alice"],
    ["a report by OpenPGP", pgp(REPORT)],
  ];
  it.each(reports.map(([name, make, who]) => ({ name, make, who })))("$name", async ({ make, who }) => {
    const found = await became(make);
    expect(found.replies).toEqual([]);
    expect(found.judged).toEqual(who === undefined ? {} : { alice: ["accepted"] });
  });
  it("a footer behind a signed one: harvested as far as it may, and silent", async () => {
    for (const report of [signed("alice", REPORT), opaque("alice", REPORT)])
      expect((await became(mixed(report, FOOTER))).replies).toEqual([]);
  });
  it("a signed receipt is silent and offers nothing (RFC 2634 §2)", async () => {
    const receipt = opaque("alice", text("x"), { contentType: "1.2.840.113549.1.9.16.1.1" });
    expect(await became(receipt)).toEqual({ judged: {}, folder: "Unhandled", replies: [] });
    expect((await became(byGateway(receipt))).replies).toEqual([]);
  });
  it("another content than a mail is named, and offers nothing", async () => {
    const stamp = opaque("alice", text("x"), { contentType: "1.2.840.113549.1.9.16.1.4" });
    expect(await became(stamp)).toEqual({ judged: {}, folder: "Rejected", replies: ["rejected"] });
  });
  const forwarded: Make = () => `Content-Type: message/rfc822\r\n\r\nFrom: x@y.example\r\n${REPORT()}`;
  const persons: readonly (readonly [string, Make])[] = [
    ["a forwarded report", mixed(HELLO, forwarded)],
    ["a forwarded report alone", forwarded],
    ["a report behind a text", mixed(HELLO, REPORT)],
    ["a report with a file behind", mixed(REPORT, text("x", '; name="a.txt"'))],
  ];
  it.each(persons)("a person's: %s", async (_, make) => {
    expect(await became(signed("alice", make))).toEqual(ALICES);
    expect(await became(opaque("alice", make))).toEqual(ALICES);
  });
});

describe("signed documents beside a text are no submission (FC-40)", () => {
  const PDF = () => "%PDF-1.7 words";
  const named = (name: string, type = "application/pkcs7-mime") =>
    `Content-Type: ${type}; name="${name}"\r\nContent-Disposition: attachment; filename="${name}"\r\n`;
  const document = (name: string, type?: string) => opaque("alice", PDF, { header: named(name, type) });
  const signature = (name: string): Make => {
    return () => part(named(name, "application/pkcs7-signature"), cmsOver(PDF(), "aliceRsa"))();
  };
  const file = (name: string): Make => part(named(name, "application/octet-stream"), Buffer.from("words"));
  const rows: readonly (readonly [string, Make])[] = [
    ["vertrag.pdf.p7m", mixed(HELLO, document("vertrag.pdf.p7m"))],
    ["VERTRAG.DOCX.P7M", mixed(HELLO, document("VERTRAG.DOCX.P7M", "application/octet-stream"))],
    ["Rechnung.p7m, by its content", mixed(HELLO, document("Rechnung.p7m"))],
    ["rechnung.xml.p7m before the text", mixed(document("rechnung.xml.p7m"), HELLO)],
    ["vertrag.pdf.p7s", mixed(HELLO, signature("vertrag.pdf.p7s"))],
    ["vertrag.p7s beside vertrag.pdf", mixed(HELLO, file("vertrag.pdf"), signature("vertrag.p7s"))],
  ];
  it.each(rows)("%s", async (_, make) => {
    expect(await became(make)).toEqual({ judged: {}, folder: "Unhandled", replies: ["not-usable"] });
    const tag = { subject: "[AXAZERTIFIKAT]" };
    expect((await became(make, tag)).replies).toEqual(["no-certificate"]);
    expect(await became(signed("alice", make))).toEqual(ALICES);
    expect(await became(opaque("alice", make))).toEqual(ALICES);
  });
  it.each([
    ["smime.p7m", mixed(HELLO, opaque("alice", HELLO)), "alice"],
    [
      "a mail that was saved as message.p7m",
      mixed(HELLO, opaque("alice", HELLO, { header: named("message.p7m") })),
      "alice",
    ],
    ["a forwarded smime.p7s", mixed(HELLO, signature("smime.p7s")), "aliceRsa"],
    ["max.mustermann.p7s", mixed(HELLO, signature("max.mustermann.p7s")), "aliceRsa"],
  ])("but %s is an offer, for a person to decide", async (_, make, who) => {
    const { judged, folder: filed } = await became(make);
    expect([Object.keys(judged), filed]).toEqual([[who], "Pending"]);
  });
});

describe("a certificate as a file in the content that its holder signed (FIELD 3.9)", () => {
  const FILE: Make = () => certificateFile(stage.aliceSpare);
  const rows: readonly (readonly [string, Make, string])[] = [
    ["in a detached one", signed("alice", mixed(HELLO, FILE)), "signature.other-key"],
    ["in an opaque one", opaque("alice", mixed(HELLO, FILE)), "signature.other-key"],
    ["in hers inside a gateway's", byGateway(signed("alice", mixed(HELLO, FILE))), "signature.other-key"],
    ["beside hers in a gateway's", byGateway(mixed(hers, FILE)), "signature.none"],
    ["beside hers", mixed(hers, FILE), "signature.none"],
    ["in a stranger's", byGateway(mixed(HELLO, FILE)), "signature.none"],
    [
      "in hers, broken",
      signed("alice", mixed(HELLO, FILE), { change: (entity) => entity.replace("Tag", "Abend") }),
      "signature.none",
    ],
  ];
  it.each(rows)("%s", async (_, make, code) => {
    expect((await became(make)).judged.aliceSpare).toEqual(["pending", "path.issuer-missing", code]);
  });
});

describe("OpenPGP's private key is told (FC-49)", () => {
  const block = `-----BEGIN PGP PRIVATE KEY BLOCK-----\r\n\r\n${"lQOYBF".repeat(10)}\r\n-----END PGP PRIVATE KEY BLOCK-----`;
  const key = text(block);
  it.each<[string, Make, readonly string[], string?]>([
    ["alone", key, ["not-usable"]],
    ["in a request", key, ["no-certificate", "not-usable"], "[AXAZERTIFIKAT]"],
    ["in a file beside a text", mixed(HELLO, () => part("", Buffer.from(block))()), ["not-usable"]],
  ])("%s", async (_, make, replies, subject = "my key") => {
    expect(await became(make, { subject })).toMatchObject({ judged: {}, replies });
  });
  it("in a signed mail: her certificate is not that key's", async () => {
    expect(await became(signed("alice", key))).toEqual(ALICES);
    expect(await became(opaque("alice", key))).toEqual(ALICES);
  });
});
