import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parseMime } from "../../src/mail/index.ts";
import { describeWith } from "../lab/available.ts";
import { alter, decryptMail, plainMail, selfSigned, signedMail } from "../lab/openssl.ts";
import { ROBOT } from "../lab/site.ts";
import {
  arrived,
  type Company,
  folderCounts,
  headerOf,
  openCompany,
  request,
  submission,
} from "./company.ts";

describeWith(["dovecot"], "one robot on real servers", () => {
  let company: Company;
  beforeAll(async () => {
    company = await openCompany({ addresses: ["carol@partner.example"] });
  });
  afterAll(() => company?.stop());

  it("harvests a signed mail: stored with its origin, the sender told, the mail filed", async () => {
    const { site, alice } = company;
    await site.sendFromPartner(submission(alice), [ROBOT]);
    await site.keybot(["poll"]);

    const [record] = (await site.keybot(["list", "--json"])).records() as [Record<string, unknown>];
    expect(record).toMatchObject({
      sha256: alice.sha256,
      status: "active",
      addresses: ["alice@partner.example"],
    });
    expect(await folderCounts(site)).toEqual({ Processed: 1 });
    const [reply] = await site.partnerInbox("alice@partner.example");
    const told = reply?.raw ?? Buffer.alloc(0);
    expect(headerOf(told, "Auto-Submitted")).toBe("auto-replied");
    expect(headerOf(told, "Return-Path")).toBe("<>");
    expect(headerOf(told, "In-Reply-To")).toBeDefined();
    expect(headerOf(told, "To")).toBe("alice@partner.example");
  });

  it("gives a certificate to which OpenSSL encrypts and that its owner decrypts", async () => {
    const { site, alice } = company;
    const folder = mkdtempSync(join(tmpdir(), "keybot-e2e-"));
    try {
      const pem = join(folder, "alice.pem");
      writeFileSync(pem, (await site.keybot(["lookup", "alice@partner.example"])).stdout);
      const encrypted = execFileSync("openssl", ["cms", "-encrypt", "-aes256", pem], {
        input: "for your eyes only",
      });
      expect(decryptMail(encrypted, alice).toString()).toContain("for your eyes only");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("answers a request for two mailboxes with each one's certificate", async () => {
    const { site, anna, claims } = company;
    const before = (await site.partnerInbox("bob@partner.example")).length;
    const to = ["anna@company.example", "claims@company.example"];
    await site.sendFromPartner(request("bob@partner.example", to.join(", ")), to, {
      from: "bob@partner.example",
    });
    await arrived(site, 2);
    await site.keybot(["poll"]);

    const replies = (await site.partnerInbox("bob@partner.example")).slice(before).map(({ raw }) => raw);
    expect(replies).toHaveLength(2);
    expect(replies.map(attachedCertificate).sort()).toEqual([anna.sha256, claims.sha256].sort());
    for (const reply of replies) {
      const { root } = parseMime(reply);
      expect(root.parts.map((part) => part.fileName?.replace(/^.*\./, ""))).toEqual([
        undefined,
        "p7b",
        "pem",
        "cer",
      ]);
    }
  });

  it.each([
    {
      name: "a stranger's certificate waits for a person",
      mail: (c: Company) =>
        signedMail({
          from: "carol@partner.example",
          to: ROBOT,
          signer: selfSigned(c.site.folder, { addresses: ["carol@partner.example"] }),
        }),
      from: "carol@partner.example",
      folder: "Pending",
    },
    {
      name: "an altered mail is refused",
      mail: (c: Company) => alter(submission(c.bob, { from: "bob@partner.example" })),
      from: "bob@partner.example",
      folder: "Rejected",
    },
    {
      name: "somebody else's signature is refused",
      mail: (c: Company) => submission(c.alice, { from: "bob@partner.example" }),
      from: "bob@partner.example",
      folder: "Rejected",
    },
    {
      name: "an ordinary mail is left alone",
      mail: () => plainMail({ from: "bob@partner.example", to: ROBOT, subject: "Hallo" }),
      from: "bob@partner.example",
      folder: "Unhandled",
    },
  ])("$name", async ({ mail, from, folder }) => {
    const { site } = company;
    const before = await folderCounts(site);
    await site.sendFromPartner(mail(company), [ROBOT], { from });
    await site.keybot(["poll"]);
    expect(await folderCounts(site)).toEqual({ ...before, [folder]: (before[folder] ?? 0) + 1 });
  });

  it.each([
    { name: "a vacation reply", headers: [["Auto-Submitted", "auto-replied"]], from: undefined },
    { name: "a list's mail", headers: [["List-Id", "<list.partner.example>"]], from: undefined },
    { name: "a mail with our loop mark", headers: [["X-Keybot-Loop", "abc"]], from: undefined },
    { name: "a bounce", headers: [], from: "" },
  ] as const)("never answers $name, though it asks for a certificate", async ({ headers, from }) => {
    const { site } = company;
    const before = (await site.partnerInbox("bob@partner.example")).length;
    const mail = plainMail({
      from: "bob@partner.example",
      to: "anna@company.example",
      subject: "[AXAZERTIFIKAT]",
      extraHeaders: headers,
    });
    await site.sendFromPartner(mail, ["anna@company.example"], { from: from ?? "bob@partner.example" });
    await arrived(site, 1);
    await site.keybot(["poll"]);
    expect(await site.partnerInbox("bob@partner.example")).toHaveLength(before);
    const [entry] = (await site.keybot(["log", "--json", "--limit", "1"])).records() as [
      { replies: unknown[] },
    ];
    expect(entry.replies).toEqual([]);
  });

  it("does not believe delivery headers that the sender wrote", async () => {
    const { site } = company;
    const forged = plainMail({
      from: "bob@partner.example",
      to: ROBOT,
      subject: "[AXAZERTIFIKAT]",
      extraHeaders: [
        ["Delivered-To", "anna@company.example"],
        ["X-Original-To", "anna@company.example"],
        [
          "Received",
          "from mx.company.example (localhost [127.0.0.1]) by mx.company.example (Postfix) for <anna@company.example>; Mon, 1 Jan 2024 00:00:00 +0000",
        ],
        ["X-Original-To", "anna@company.example"],
      ],
    });
    await site.sendFromPartner(forged, [ROBOT], { from: "bob@partner.example", helo: "mx.company.example" });
    await site.keybot(["poll"]);
    const [entry] = (await site.keybot(["log", "--json", "--limit", "1"])).records() as [
      { replies: { template: string }[] },
    ];
    // The robot itself was asked, and has published nothing.
    expect(entry.replies.map(({ template }) => template)).toEqual(["no-certificate"]);
  });

  it("bars a revoked key for good", async () => {
    const { site, alice } = company;
    await site.keybot(["revoke", "alice@partner.example", "--reason", "lost notebook", "--yes"]);
    await site.keybot(["lookup", "alice@partner.example"], { expectExit: 3 });
    await site.sendFromPartner(submission(alice), [ROBOT]);
    await site.keybot(["poll"]);
    await site.keybot(["lookup", "alice@partner.example"], { expectExit: 3 });
  });
});

/** SHA-256 of the certificate in the `.cer` of a reply, as OpenSSL reads it. */
function attachedCertificate(reply: Buffer): string {
  const { root } = parseMime(reply);
  const part = root.parts.find(({ fileName }) => fileName?.endsWith(".cer"));
  if (part === undefined) throw new Error("the reply has no .cer");
  const der = Buffer.from(reply.subarray(part.bodyStart, part.end).toString("latin1"), "base64");
  const printed = execFileSync("openssl", ["x509", "-inform", "DER", "-noout", "-fingerprint", "-sha256"], {
    input: der,
  });
  return printed.toString().split("=")[1]?.trim().replaceAll(":", "").toLowerCase() ?? "";
}
