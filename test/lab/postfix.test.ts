import { afterAll, beforeAll, expect, it } from "vitest";
import { describeWith } from "./available.ts";
import { plainMail, requestMail } from "./openssl.ts";
import type { Wiring } from "./postfix.ts";
import { ROBOT, type Site, startSite } from "./site.ts";

const ALICE = "alice@partner.example";
const ANNA = "anna@company.example";

describeWith(["dovecot", "postfix"], "a private Postfix", () => {
  let site: Site;
  beforeAll(async () => {
    site = await startSite({ wiring: "none" });
  });
  afterAll(() => site.stop());

  it("writes the addressed mailbox and the client's address on top of what the sender wrote", async () => {
    const forged = [["X-Original-To", "claims@company.example"]] as const;
    await site.sendFromPartner(plainMail({ from: ALICE, to: ANNA, extraHeaders: forged }), [ANNA]);
    const [mail] = await site.dovecot.messages(ANNA);
    expect(delivery(mail?.raw)).toEqual([
      `Return-Path: <${ALICE}>`,
      `Delivered-To: ${ANNA}`,
      "Received: from mx.company.example by imap.company.example with LMTP",
      `X-Original-To: ${ANNA}`,
      `Delivered-To: ${ANNA}`,
      "Received: from mail.partner.example (unknown [127.0.0.2]) by mx.company.example (Postfix) with ESMTP",
      "X-Original-To: claims@company.example",
    ]);
  });

  it("takes a mail with the null sender on its submission port, after TLS and AUTH", async () => {
    const mail = { from: "", to: [ALICE], raw: plainMail({ from: ROBOT, to: ALICE }) };
    const user = { user: ROBOT, password: site.passwordOf(ROBOT) };
    expect((await site.postfix?.submit({ ...mail, ...user }))?.map(({ code }) => code)).toEqual([250]);
    const [reply] = await site.partnerInbox(ALICE);
    expect(delivery(reply?.raw)).toContain("Return-Path: <>");
    expect(delivery(reply?.raw).join("\n")).toContain("with ESMTPSA");
    const wrong = { user: ROBOT, password: "guess" };
    await expect(site.postfix?.submit({ ...mail, ...wrong })).rejects.toThrow(/535/);
  });

  it("refuses unknown mailboxes and other people's mail at RCPT", async () => {
    const to = ["nobody@company.example", "somebody@elsewhere.example"];
    const replies = await site.postfix?.send({ from: ALICE, to, raw: plainMail({ from: ALICE, to }) });
    expect(replies?.map(({ code }) => code)).toEqual([550, 554]);
  });

  it("can be told to fail", async () => {
    await site.postfix?.configure([
      "smtpd_end_of_data_restrictions = check_client_access static:{451 4.3.0 disk full}",
    ]);
    const send = { from: ALICE, to: [ANNA], raw: plainMail({ from: ALICE, to: ANNA }) };
    await expect.poll(async () => (await site.postfix?.send(send))?.[0]?.code).toBe(451);
  });
});

// What the robot's copy of a request to anna@ names, from the top; the documentation promises it for each wiring.
const wirings: [Wiring, readonly string[], number][] = [
  ["sieve", [`X-Original-To: ${ROBOT}`, `X-Sieve-Redirected-From: ${ANNA}`, `X-Original-To: ${ANNA}`], 1],
  ["alias", [`X-Original-To: ${ANNA}`], 1],
  ["redirect", [`X-Original-To: ${ANNA}`], 0],
  ["filter", [`X-Original-To: ${ANNA}`], 0],
];

describeWith(["dovecot", "postfix"], "a wiring", () => {
  it.each(wirings)("%s brings the robot a copy that names the mailbox", async (wiring, names, kept) => {
    const site = await startSite({ wiring, stripForged: true });
    try {
      const forged = [["X-Original-To", "claims@company.example"]] as const;
      await site.sendFromPartner(requestMail({ from: ALICE, to: ANNA, extraHeaders: forged }), [ANNA]);
      const { INBOX = [] } = await site.robotFolders();
      const found = delivery(INBOX[0]?.raw).filter((field) =>
        /^X-(Original-To|Sieve-Redirected-From)/.test(field),
      );
      expect(found).toEqual(names);
      expect(await site.dovecot.messages(ANNA)).toHaveLength(kept);
    } finally {
      await site.stop();
    }
  });
});

/** The fields above the sender's Date, unfolded, without ids and times. */
function delivery(raw: Buffer | undefined): string[] {
  const text = raw?.toString("latin1") ?? "";
  return text
    .slice(0, text.indexOf("\r\nDate: "))
    .replace(/\r\n[ \t]+/g, " ")
    .split("\r\n")
    .map((field) => field.replace(/ id .*$/, ""));
}
