import { afterAll, beforeAll, expect, it } from "vitest";
import { describeWith } from "../lab/available.ts";
import { type Identity, plainMail, selfSigned, signedMail } from "../lab/openssl.ts";
import { ROBOT, type Site, startSite } from "../lab/site.ts";
import { headerOf, request } from "./company.ts";
import { inboxes, type Party, robots, untilQuiet } from "./parties.ts";

/** How a ticket system acknowledges each mail: as another plus form of itself each time, and without any mark. */
interface Desk {
  readonly name: string;
  /** Who signs the mail of this number; null: nobody. */
  readonly signer: (site: Site, address: string, number: number) => Identity | null;
  /** It names the mail that it acknowledges. */
  readonly refers: boolean;
  /** What begins it: the desk's own signed mail, or a request in its name. */
  readonly begins: "itself" | "request";
  /** Mails of the robot that it has in the end. */
  readonly answers: number;
}

/** One certificate that names every form of the address. */
const oneForAll = (): Desk["signer"] => {
  let signer: Identity | undefined;
  return (site, address) => {
    const forms = Array.from({ length: 20 }, (_, n) => address.replace(/\+.*@/, `+${n}@`));
    signer ??= site.ca.issue({ addresses: forms, key: "P-256" });
    return signer;
  };
};
const oneEach: Desk["signer"] = (site, address) => site.ca.issue({ addresses: [address], key: "P-256" });
const unknownCa: Desk["signer"] = (site, address) =>
  selfSigned(site.folder, { addresses: [address], key: "P-256" });
const wrongAddress: Desk["signer"] = (site) =>
  site.ca.issue({ addresses: ["tickets@partner.example"], key: "P-256" });
const nobody: Desk["signer"] = () => null;

const DESKS: readonly Desk[] = [
  { name: "one certificate for all forms", signer: oneForAll(), refers: true, begins: "itself", answers: 1 },
  { name: "the same, names no mail", signer: oneForAll(), refers: false, begins: "itself", answers: 1 },
  { name: "a fresh key each time", signer: oneEach, refers: true, begins: "itself", answers: 1 },
  { name: "a fresh key, names no mail", signer: oneEach, refers: false, begins: "itself", answers: 1 },
  { name: "a fresh key, asked for", signer: oneEach, refers: true, begins: "request", answers: 1 },
  // Nothing tells the first acknowledgement from a partner who sends his certificate after he got ours.
  {
    name: "a fresh key, asked for, names no mail",
    signer: oneEach,
    refers: false,
    begins: "request",
    answers: 2,
  },
  { name: "an unknown CA", signer: unknownCa, refers: true, begins: "itself", answers: 1 },
  { name: "an unknown CA, names no mail", signer: unknownCa, refers: false, begins: "itself", answers: 1 },
  {
    name: "a certificate of another address",
    signer: wrongAddress,
    refers: false,
    begins: "itself",
    answers: 1,
  },
  { name: "no signature", signer: nobody, refers: true, begins: "request", answers: 1 },
  { name: "no signature, authenticated", signer: nobody, refers: false, begins: "itself", answers: 1 },
];

function deskAddress(index: number, number: number | null): string {
  return `tickets${index}${number === null ? "" : `+${number}`}@partner.example`;
}

/** A mail of the desk, as it leaves it. */
function write(site: Site, desk: Desk, index: number, number: number, answered: Buffer | null): Buffer {
  const from = deskAddress(index, number);
  const signer = desk.signer(site, from, number);
  const parent = answered === null ? undefined : headerOf(answered, "Message-ID");
  const mail = {
    from: `Ticket desk <${from}>`,
    to: ROBOT,
    subject: `[Ticket#${number}] We have received your message`,
    text: "Thank you.\r\n",
    extraHeaders: parent === undefined || !desk.refers ? [] : [["In-Reply-To", parent] as const],
  };
  return signer === null ? plainMail(mail) : signedMail({ ...mail, signer });
}

/** Acknowledges what is new in its mailbox. */
function deskParty(site: Site, desk: Desk, index: number): Party {
  let read = 0;
  return async () => {
    const fresh = (await site.partnerInbox(deskAddress(index, null))).slice(read);
    for (const { raw } of fresh) {
      read += 1;
      const envelope = { from: deskAddress(index, read) };
      await site.sendFromPartner(write(site, desk, index, read, raw), [ROBOT], envelope);
    }
    return fresh.length;
  };
}

describeWith(["dovecot", "postfix"], "a ticket system that acknowledges every mail, unmarked", () => {
  let site: Site;
  let got: Record<string, number>;
  beforeAll(async () => {
    const says = "Authentication-Results: mx.company.example; dmarc=pass header.from=partner.example";
    site = await startSite({
      wiring: "none",
      addresses: DESKS.map((_, index) => deskAddress(index, null)),
      // Every mail of the domain passes DMARC: what a real ticket system has.
      postfixSettings: `smtpd_sender_restrictions = check_sender_access inline:{ {partner.example = PREPEND ${says}} }`,
    });
    await site.keybot(["trust", "add", site.root.identity.certFile, "--any-domain"]);
    for (const [index, desk] of DESKS.entries()) {
      const from = deskAddress(index, 0);
      const first = desk.begins === "itself" ? write(site, desk, index, 0, null) : request(from, ROBOT);
      await site.sendFromPartner(first, [ROBOT], { from });
    }
    await untilQuiet(robots(site.configFile), ...DESKS.map((desk, index) => deskParty(site, desk, index)));
    got = await inboxes(
      site,
      DESKS.map((_, index) => deskAddress(index, null)),
    );
  }, 120_000);
  afterAll(() => site?.stop());

  it.each(DESKS.map((desk, index) => ({ ...desk, index })))("dies out: $name", ({ index, answers }) => {
    expect(got[deskAddress(index, null)]).toBe(answers);
  });

  it("and every certificate that it sent is stored: silence is not deafness", async () => {
    const stored = (
      await site.keybot(["list", "--address", "tickets2+*@partner.example", "--json"])
    ).records();
    expect(stored).toHaveLength(2);
  });
});
