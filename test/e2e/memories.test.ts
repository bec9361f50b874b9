import { afterAll, beforeAll, expect, it } from "vitest";
import { describeWith } from "../lab/available.ts";
import { alter, plainMail, selfSigned, signedMail } from "../lab/openssl.ts";
import { ROBOT, type Site, startSite } from "../lab/site.ts";

const ALICE = "alice@partner.example";
const BOB = "bob@partner.example";
const DORA = "dora@partner.example";
/** Who sends without a word of the border's filter, in other people's names too. */
const FORGER = "forger@elsewhere.example";
const TAG = "[AXAZERTIFIKAT]";
const HOSTS = Array.from({ length: 12 }, (_, n) => `m@h${n}.flood.example`);
const STRANGERS = Array.from({ length: 5 }, (_, n) => `m@h${n}.stranger.example`);

/** The name of each mail is its Message-ID. */
interface Entry {
  readonly messageId: string;
  readonly outcome: string;
  readonly reasons: readonly { readonly code: string; readonly detail: string | null }[];
  readonly replies: readonly { readonly template: string; readonly to: string; readonly state: string }[];
}

/** One mail of whoever forges, or owns many names, changes nothing of what another sender is due. */
describeWith(
  ["dovecot", "postfix"],
  "memories of forged and real mail, caps and budgets by organisation",
  () => {
    let site: Site;
    let entries: readonly Entry[];

    const vouched = ["partner.example", "flood.example"].map(
      (domain) => `{${domain} = PREPEND Authentication-Results: mx.company.example; dmarc=pass}`,
    );

    beforeAll(async () => {
      site = await startSite({
        wiring: "none",
        addresses: [DORA, FORGER, ...HOSTS, ...STRANGERS],
        postfixSettings: `smtpd_sender_restrictions = check_sender_access inline:{ ${vouched.join(", ")} }`,
        config: {
          trust: { pending_per_domain: 3 },
          requests: {
            authserv_id: "mx.company.example",
            budget: { per_domain: "5/hour", total: "20/hour", unauthenticated: "1000/hour" },
          },
        },
      });
      const alice = site.ca.issue({ addresses: [ALICE] });
      const outsider = (address: string) => selfSigned(site.folder, { addresses: [address] });

      // F9: three forged mails with a broken signature, then Alice's own, which fails for another reason.
      const broken = (id: string) =>
        alter(signedMail({ from: ALICE, to: ROBOT, signer: alice, messageId: `<${id}@x>` }));
      for (const id of ["forged 1", "forged 2", "forged 3"]) await send(broken(id), FORGER);
      await send(broken("Alice 1"), ALICE);
      await send(broken("Alice 2"), ALICE);
      // F9: invented local parts of her domain, then a colleague's own.
      for (let n = 0; n < 4; n++) {
        const from = `invented${n}@partner.example`;
        await send(signed(`invented ${n}`, from, outsider(from)), FORGER);
      }
      await send(signed("Bob", BOB, outsider(BOB)), BOB);
      // F8: one certificate from each name below one domain; nobody vouches for the first one's owner.
      for (const from of STRANGERS) await send(signed(`cap ${from}`, from, outsider(from)), FORGER);
      for (const from of HOSTS.slice(0, 4)) await send(signed(`cap ${from}`, from, outsider(from)), from);
      await site.keybot(["poll"], { expectExit: "any" });
      // F8: requests from each name below one domain, then an honest customer's.
      for (const from of HOSTS) await send(request(`flood ${from}`, from), from);
      await send(request("Dora", DORA), DORA);
      await site.keybot(["poll"], { expectExit: "any" });
      entries = (await site.keybot(["log", "--json"])).records() as Entry[];
    }, 180_000);
    afterAll(() => site?.stop());

    const send = (raw: Buffer, from: string) => site.sendFromPartner(raw, [ROBOT], { from });
    const signed = (id: string, from: string, signer: Parameters<typeof signedMail>[0]["signer"]) =>
      signedMail({ from, to: ROBOT, signer, messageId: `<${id}@x>` });
    const request = (id: string, from: string) =>
      plainMail({ from, to: ROBOT, subject: TAG, text: "", messageId: `<${id}@x>` });
    const entry = (name: string): Entry => {
      const found = entries.find(({ messageId }) => messageId === `<${name}@x>`);
      if (found === undefined) throw new Error(`the ledger has no mail "${name}"`);
      return found;
    };
    const codes = (name: string) => entry(name).reasons.map(({ code }) => code);
    const replies = (name: string) =>
      entry(name).replies.map(({ template, state }) => `${template} ${state}`);

    it("forged mails in Alice's name are told to her once, and do not silence the word on her own", () => {
      expect(["forged 1", "forged 2", "forged 3"].flatMap(replies)).toEqual(["rejected sent"]);
      expect(replies("Alice 1")).toEqual(["rejected sent"]);
      expect(replies("Alice 2")).toEqual([]);
      expect(codes("Alice 2")).toContain("no-reply.told-before");
    });

    it("forged certificates in a domain's name take no room from its real customers", () => {
      expect([0, 1, 2, 3].map((n) => entry(`invented ${n}`).outcome)).toEqual([
        "pending",
        "pending",
        "pending",
        "rejected",
      ]);
      expect(entry("Bob").outcome).toBe("pending");
    });

    it("all names below one domain share one cap", () => {
      expect(STRANGERS.map((from) => entry(`cap ${from}`).outcome)).toEqual([
        "pending",
        "pending",
        "pending",
        "rejected",
        "rejected",
      ]);
    });

    it("over the cap an authenticated sender's mail waits in the mailbox, and he is told so", async () => {
      const outcomes = HOSTS.slice(0, 4).map((from) => entry(`cap ${from}`).outcome);
      expect(outcomes).toEqual(["pending", "pending", "pending", "waiting"]);
      const last = `cap ${HOSTS[3]}`;
      expect(codes(last)).toContain("submission.over-cap");
      expect(entry(last).replies).toMatchObject([{ template: "pending", to: HOSTS[3] }]);
      const { INBOX = [] } = await site.robotFolders();
      expect(
        INBOX.map(({ raw }) => /^Message-ID: (.*)$/im.exec(raw.toString("latin1"))?.[1]?.trim()),
      ).toEqual([`<${last}@x>`]);
    });

    it("a flood from many names of one domain does not keep an honest customer waiting", () => {
      expect(replies("Dora")).toEqual(["no-certificate sent"]);
      expect(
        HOSTS.flatMap((from) => replies(`flood ${from}`)).filter((one) => one.endsWith("sent")).length,
      ).toBeLessThan(6);
    });
  },
);
