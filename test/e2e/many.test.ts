import { afterAll, beforeAll, expect, it } from "vitest";
import { describeWith } from "../lab/available.ts";
import { alter, plainMail, requestMail, selfSigned, signedMail } from "../lab/openssl.ts";
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

/** Ten mails of different kinds; with a Message-ID each, so that every one is a mail of its own. */
function mixed(company: Company): readonly ((id: string) => Buffer)[] {
  const { alice, bob, site } = company;
  const stranger = selfSigned(site.folder, { addresses: ["carol@partner.example"] });
  const from = "bob@partner.example";
  const signed = [
    submission(alice),
    submission(alice, { form: "opaque" }),
    alter(submission(bob, { from })),
    submission(alice, { from }),
    signedMail({ from: "carol@partner.example", to: ROBOT, signer: stranger }),
  ];
  const plain = [
    plainMail({ from, to: ROBOT, subject: "Hallo" }),
    plainMail({
      from,
      to: ROBOT,
      subject: "[AXAZERTIFIKAT]",
      extraHeaders: [["Auto-Submitted", "auto-replied"]],
    }),
    plainMail({ from, to: ROBOT, subject: "axazertifikat" }),
    Buffer.from("no mail at all\r\n"),
  ];
  // Below the border nothing may be equal, or two of them would be one mail that came twice.
  const numbered = [...signed, ...plain].map(
    (raw) => (id: string) => Buffer.concat([Buffer.from(`X-Lab: ${id}\r\n`), raw]),
  );
  // One asker for all would soon be over his budget.
  return [...numbered, (id: string) => requestMail({ from: asker(id), to: ROBOT })];
}

const asker = (id: string) => `asker${id}@partner.example`;

describeWith(["dovecot"], "many mails", () => {
  let company: Company;
  beforeAll(async () => {
    company = await openCompany({ addresses: Array.from({ length: 300 }, (_, n) => asker(`${n}`)) });
  });
  afterAll(() => company?.stop());

  it("handles 300 mixed mails, a second poll does nothing, and the log accounts for each", async () => {
    const { site } = company;
    const kinds = mixed(company);
    for (let n = 0; n < 300; n++)
      await site.dovecot.deliver(ROBOT, kinds[n % kinds.length]?.(`${n}`) ?? Buffer.alloc(0));
    const first = JSON.parse((await site.keybot(["poll", "--json"], { timeout: 120_000 })).stdout);
    expect(first).toMatchObject({
      seen: 300,
      stored: 1,
      failed: 0,
      pending: 30,
      rejected: 60,
      unhandled: 120,
    });
    expect(await folderCounts(site)).toEqual({ Processed: 90, Pending: 30, Rejected: 60, Unhandled: 120 });

    const second = JSON.parse((await site.keybot(["poll", "--json"])).stdout);
    expect(second).toEqual({
      seen: 0,
      stored: 0,
      answered: 0,
      pending: 0,
      rejected: 0,
      unhandled: 0,
      failed: 0,
      givenUp: 0,
      senderRefused: false,
    });

    const entries = (await site.keybot(["log", "--json", "--limit", "1000"])).records() as {
      key: string;
      folder: string;
    }[];
    expect(new Set(entries.map(({ key }) => key)).size).toBe(300);
  }, 180_000);

  it("lets run and poll work at the same time: each mail once, each reply once", async () => {
    const { site, bob } = company;
    const before = await folderCounts(site);
    const inbox = (await site.partnerInbox("bob@partner.example")).length;
    const daemon = site.keybotDaemon(["run"]);
    await daemon.says("daemon.ready");
    const sends = Array.from({ length: 20 }, (_, n) =>
      site.dovecot.deliver(
        ROBOT,
        Buffer.concat([
          Buffer.from(`X-Lab: together ${n}\r\n`),
          submission(bob, { from: "bob@partner.example" }),
        ]),
      ),
    );
    const polls = Array.from({ length: 4 }, () => site.keybot(["poll", "--json"]));
    await Promise.all([...sends, ...polls]);
    await site.keybot(["poll"]);
    expect(await daemon.stop()).toBe(0);

    expect(await folderCounts(site)).toEqual({ ...before, Processed: (before.Processed ?? 0) + 20 });
    const replies = (await site.partnerInbox("bob@partner.example"))
      .slice(inbox)
      .map(({ raw }) => headerOf(raw, "Message-ID"));
    // The first one stored the certificate and was answered; the others changed nothing.
    expect(replies).toHaveLength(1);
  }, 120_000);

  it("answers within a moment of the announcement, and ends at once when told to", async () => {
    const { site } = company;
    const daemon = site.keybotDaemon(["run"]);
    await daemon.says("daemon.ready");
    const before = (await site.partnerInbox("alice@partner.example")).length;
    await site.sendFromPartner(request("alice@partner.example", "anna@company.example"), [
      "anna@company.example",
    ]);
    await daemon.says("mail.sent", 10_000);
    expect(await site.partnerInbox("alice@partner.example")).toHaveLength(before + 1);
    expect(await daemon.stop()).toBe(0);
    await arrived(site, 0);
  }, 60_000);
});
