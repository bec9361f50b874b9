import { afterAll, beforeAll, expect, it } from "vitest";
import { openStore } from "../../src/store/index.ts";
import { describeWith } from "../lab/available.ts";
import { plainMail } from "../lab/openssl.ts";
import { ROBOT, type Site, startSite } from "../lab/site.ts";

const DAY = 86_400_000;
const ALICE = "alice@partner.example";
const BOB = "bob@partner.example";
const DORA = "dora@partner.example";
const CROWD = Array.from({ length: 6 }, (_, n) => `crowd${n}@partner.example`);
const TAG = "[AXAZERTIFIKAT]";
const PASS = "mx.company.example; dmarc=pass header.from=partner.example";

/** The name of each mail is its Message-ID. */
interface Entry {
  readonly messageId: string;
  readonly reasons: readonly { readonly code: string; readonly detail: string | null }[];
  readonly replies: readonly { readonly template: string; readonly to: string; readonly state: string }[];
}

describeWith(["dovecot", "postfix"], "who is answered, and how often", () => {
  let site: Site;
  let entries: readonly Entry[];

  beforeAll(async () => {
    site = await startSite({
      wiring: "none",
      addresses: [DORA, ...CROWD],
      // The border's filter, as far as the robot sees it: who comes with Alice's envelope passes DMARC.
      postfixSettings: `smtputf8_enable = no
smtpd_sender_restrictions = check_sender_access inline:{ {${ALICE} = PREPEND Authentication-Results: ${PASS}}, {${DORA} = PREPEND Authentication-Results: ${PASS}} }`,
      config: {
        requests: {
          authserv_id: "mx.company.example",
          budget: { per_address: "2/day", unauthenticated: "6/hour" },
        },
      },
    });
    // Bob forges what Alice's mail has by right: our border's line, and its word below and above it.
    const received =
      "from mail.partner.example (mail.partner.example [192.0.2.1]) by mx.company.example (Postfix) with ESMTPS id 1; Mon, 1 Jun 2026 12:00:00 +0000";
    const forged = [
      ["Authentication-Results", PASS],
      ["Received", received],
      ["Authentication-Results", PASS],
      ["Received", received.replace("192.0.2.1", "127.0.0.1")],
      ["Authentication-Results", PASS],
    ] as const;
    await send("forged", BOB, { subject: "Hello", extraHeaders: forged });
    await send("by right", ALICE, { subject: "Hello" });

    await send("umlaut", CROWD[0], { from: "ä@partner.example" });
    await send("source route", CROWD[0], { from: `<@relay.example:${CROWD[0]}>` });
    await send("quoted", BOB, { from: '"a b"@partner.example' });
    await send("line end", BOB, { from: '"\r\n "@partner.example' });
    await send("group", BOB, { from: `friends: ${BOB};` });
    // A flood in many names, and Alice behind it.
    for (const [number, address] of CROWD.entries()) await send(`flood ${number}`, address);
    await send("Alice 1", ALICE);
    // One of our mailboxes, which has no certificate, and an address that nobody has: of one length.
    for (const to of ["claims@company.example", "nobody@company.example"])
      await send("which exists?", DORA, { to });
    await site.keybot(["poll"]);
    // Another process, so what it knows of the budget comes out of the database.
    await send("Alice 2", ALICE, { from: "alice+spam@partner.example" });
    await send("Alice 3", ALICE, { from: "Alice@partner.example" });
    await send("Alice 4", ALICE, { from: "ALICE+x@partner.example" });
    await send("flood 6", CROWD[0]);
    await site.keybot(["poll"]);
    entries = (await site.keybot(["log", "--json"])).records() as Entry[];
  }, 120_000);
  afterAll(() => site?.stop());

  const send = (name: string, envelope = BOB, change: Partial<Parameters<typeof plainMail>[0]> = {}) =>
    site.sendFromPartner(
      plainMail({ from: envelope, to: ROBOT, subject: TAG, text: "", messageId: `<${name}@x>`, ...change }),
      [ROBOT],
      { from: envelope },
    );
  const entry = (name: string): Entry => {
    const found = entries.find(({ messageId }) => messageId === `<${name}@x>`);
    if (found === undefined) throw new Error(`the ledger has no mail "${name}"`);
    return found;
  };
  const codes = (name: string) => entry(name).reasons.map(({ code }) => code);
  const replies = (name: string) => entry(name).replies.map(({ template, state }) => `${template} ${state}`);

  it("a forged Received of our host with a pass below it gains nothing; the border's own word does", () => {
    expect(codes("forged")).toContain("no-reply.not-authenticated");
    expect(replies("forged")).toEqual([]);
    expect(replies("by right")).toEqual(["not-usable sent"]);
  });

  it("a flood of those whom nobody vouches for fills their own bucket, and the rest of it waits", () => {
    const states = CROWD.map((_, number) => replies(`flood ${number}`));
    // Two of the six were used up by the umlaut and the source route.
    expect(states.filter(([state]) => state === "no-certificate sent")).toHaveLength(4);
    expect(states.filter(([state]) => state === "no-certificate waiting")).toHaveLength(2);
    expect(codes("flood 5")).toContain("reply.delayed");
  });

  it("who is authenticated is answered at once behind it", () => {
    expect(replies("Alice 1")).toEqual(["no-certificate sent"]);
    expect(codes("Alice 1")).not.toContain("reply.delayed");
  });

  it("a person's budget is one for all spellings of the address, and outlives the process", () => {
    expect(["Alice 2", "Alice 3"].map(replies)).toEqual([
      ["no-certificate waiting"],
      ["no-certificate waiting"],
    ]);
    expect(replies("Alice 4")).toEqual([]);
    expect(codes("Alice 4")).toContain("no-reply.over-budget");
    expect(codes("flood 6")).toContain("reply.delayed");
  });

  it("what waits leaves within 24 hours", async () => {
    const store = await openStore({ stateDir: site.stateFolder, readOnly: true });
    try {
      const waiting = await store.outboxEntries({ state: "waiting" });
      expect(waiting).toHaveLength(5);
      const waits = waiting.map(({ nextAttempt, createdAt }) => nextAttempt.getTime() - createdAt.getTime());
      expect(Math.max(...waits)).toBeLessThanOrEqual(DAY);
      expect(Math.min(...waits)).toBeGreaterThan(0);
      expect(await store.dueMails(new Date(), 100)).toEqual([]);
      expect(await store.dueMails(new Date(Date.now() + DAY), 100)).toHaveLength(5);
    } finally {
      await store.close();
    }
  });

  it("what a stranger learns of an address: the same bytes whether it exists or not", async () => {
    const answers = (await site.partnerInbox(DORA)).map(({ raw }) => {
      const text = raw.toString("latin1");
      // Above our From stands what the servers on the way have written.
      return text
        .slice(text.indexOf("From: Key Management"))
        .replace(/^(Date|Message-ID): .*$/gm, "$1: …")
        .replace(/(claims|nobody)@company\.example/g, "ADDRESS");
    });
    expect(answers).toHaveLength(2);
    expect(answers[0]).toContain("ADDRESS");
    expect(answers[0]).toBe(answers[1]);
  });

  it("an address that the server cannot write is not lost silently: the ledger has the failure", () => {
    expect(entry("umlaut").replies).toMatchObject([
      { template: "no-certificate", to: "ä@partner.example", state: "failed" },
    ]);
  });

  it("a source route is left out, as RFC 5321 §4.1.1.3 has it: the mailbox is answered", async () => {
    expect(entry("source route").replies).toMatchObject([{ to: CROWD[0], state: "sent" }]);
    // This one and the first of the flood.
    expect(await site.partnerInbox(CROWD[0] ?? "")).toHaveLength(2);
  });

  it.each(["quoted", "line end", "group"])("an address that is no person's is not answered: %s", (name) => {
    expect(codes(name)).toContain("no-reply.from");
    expect(replies(name)).toEqual([]);
  });
});
