import { afterAll, beforeAll, expect, it } from "vitest";
import { unseenIn } from "../hostile/texts.ts";
import { describeWith } from "../lab/available.ts";
import { ROBOT } from "../lab/site.ts";
import { arrived, type Company, folderCounts, openCompany, submission } from "./company.ts";

const SIGNED = 'multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="b"';
const mail = (header: string, body = "") =>
  Buffer.from(`${header.replaceAll("\n", "\r\n")}\r\n\r\n${body.replaceAll("\n", "\r\n")}`, "latin1");
const signedBody = (signature: string) =>
  `--b\nContent-Type: text/plain\n\nhello\n--b\nContent-Type: application/pkcs7-signature; name="smime.p7s"\nContent-Transfer-Encoding: base64\n\n${signature}\n--b--\n`;
const FROM = "From: bob@partner.example\nTo: key-management@company.example";

/** Mails that nobody should send, each with the folder in which it ends and what the ledger says. */
const CASES: readonly {
  readonly name: string;
  readonly raw: Buffer;
  readonly folder: string;
  readonly kind: string;
}[] = [
  {
    name: "a multipart without a boundary",
    raw: mail(`${FROM}\nContent-Type: multipart/mixed`, "--x\n\n--x--\n"),
    folder: "Unhandled",
    kind: "unreadable",
  },
  { name: "MIME nested 10,000 deep", raw: nested(10_000), folder: "Unhandled", kind: "unreadable" },
  {
    name: "100,000 parts",
    raw: mail(`${FROM}\nContent-Type: multipart/mixed; boundary=b`, "--b\n\nx\n".repeat(100_000)),
    folder: "Unhandled",
    kind: "unreadable",
  },
  {
    name: "broken base64 in the signature",
    raw: mail(`${FROM}\nContent-Type: ${SIGNED}`, signedBody("!!!! not base64 ????")),
    folder: "Rejected",
    kind: "submission",
  },
  {
    name: "broken DER in the signature",
    raw: mail(`${FROM}\nContent-Type: ${SIGNED}`, signedBody("MIIFfwYJKoZIhvcNAQcCoIIFcDCC")),
    folder: "Rejected",
    kind: "submission",
  },
  {
    name: "an empty signature",
    raw: mail(`${FROM}\nContent-Type: ${SIGNED}`, signedBody("")),
    folder: "Rejected",
    kind: "submission",
  },
  {
    name: "no From",
    raw: mail("To: key-management@company.example\nSubject: [AXAZERTIFIKAT]"),
    folder: "Unhandled",
    kind: "request",
  },
  {
    name: "two From fields",
    raw: mail(`${FROM}\nFrom: eve@partner.example\nSubject: [AXAZERTIFIKAT]`),
    folder: "Unhandled",
    kind: "request",
  },
  {
    name: "a NUL in the subject",
    raw: mail(`${FROM}\nSubject: [AXA\u0000ZERTIFIKAT] \u0000`),
    folder: "Unhandled",
    kind: "near-miss",
  },
  {
    name: "terminal escapes in the subject",
    raw: mail(`${FROM}\nSubject: =?utf-8?Q?=1B]0;owned=07=1B[31mred?= \u001b[2J`),
    folder: "Unhandled",
    kind: "other",
  },
  {
    name: "bidi, OSC 8, C1 and line ends in a subject, a name, a Message-ID and a file's path",
    raw: mail(
      `From: =?utf-8?Q?Bob=0D=0ABcc:_x=E2=80=AE=C2=9B2J?= <bob@partner.example>\nTo: key-management@company.example\nMessage-ID: <\u001b]8;;http://evil.example\u001b\\@x>\nSubject: =?utf-8?B?${Buffer.from("\u202efdp.exe\u200b\r\nBcc: x\u001b]8;;http://evil.example\u0007").toString("base64")}?=\nContent-Type: application/pkix-cert\nContent-Disposition: attachment; filename="../../etc/\u001b[2J.cer"`,
      "not a certificate",
    ),
    folder: "Unhandled",
    kind: "other",
  },
  {
    name: "a header line of 200,000 characters",
    raw: mail(`${FROM}\nSubject: ${"x".repeat(200_000)}`),
    folder: "Unhandled",
    kind: "other",
  },
  { name: "an empty body", raw: mail(FROM), folder: "Unhandled", kind: "other" },
];

function nested(depth: number): Buffer {
  const open = Array.from(
    { length: depth },
    (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\n\n--b${i}\n`,
  ).join("");
  return mail(FROM, "").subarray(0, -4).length === 0
    ? Buffer.alloc(0)
    : Buffer.from(`${FROM}\n${open}\n`.replaceAll("\n", "\r\n"));
}

describeWith(["dovecot"], "bad input on real servers", () => {
  let company: Company;
  beforeAll(async () => {
    company = await openCompany();
  });
  afterAll(() => company?.stop());

  it.each(CASES)("$name: filed, in the ledger, and nothing printed raw", async ({ raw, folder, kind }) => {
    const { site } = company;
    const before = await folderCounts(site);
    // By LMTP: a border that refuses such a mail would prove nothing about the robot.
    await site.dovecot.deliver(ROBOT, raw);
    await arrived(site, 1);
    const run = await site.keybot(["poll", "--verbose"]);
    expect(await folderCounts(site)).toEqual({ ...before, [folder]: (before[folder] ?? 0) + 1 });
    const log = await site.keybot(["log", "--limit", "1"]);
    for (const text of [run.stdout, run.stderr, log.stdout]) expect(unseenIn(text)).toEqual([]);
    const [entry] = (await site.keybot(["log", "--json", "--limit", "1"])).records() as [
      { kind: string; folder: string; reasons: unknown[] },
    ];
    expect(entry).toMatchObject({ kind, folder });
    expect(entry.reasons).not.toEqual([]);
  });

  it("a mail of 50 MB is judged, and one over the limit is set aside by its header alone", async () => {
    const { site, alice } = company;
    const before = await folderCounts(site);
    const attachment = {
      name: "film.bin",
      type: "application/octet-stream",
      bytes: Buffer.alloc(37 * 1024 * 1024, "keybot"),
    };
    await site.dovecot.deliver(ROBOT, submission(alice, { attachment }));
    await site.dovecot.deliver(
      ROBOT,
      Buffer.concat([mail(FROM), Buffer.alloc(70 * 1024 * 1024, "0123456789\r\n")]),
    );
    const summary = JSON.parse((await site.keybot(["poll", "--json"], { timeout: 120_000 })).stdout);
    expect(summary).toMatchObject({ seen: 2, stored: 1, unhandled: 1, failed: 0 });
    expect(await folderCounts(site)).toEqual({
      ...before,
      Processed: (before.Processed ?? 0) + 1,
      Unhandled: (before.Unhandled ?? 0) + 1,
    });
  }, 180_000);
});
