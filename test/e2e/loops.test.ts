import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeWith } from "../lab/available.ts";
import { runKeybot } from "../lab/keybot.ts";
import { siteConfiguration } from "../lab/keybot-configuration.ts";
import { type Identity, plainMail } from "../lab/openssl.ts";
import { ROBOT, type Site, startSite } from "../lab/site.ts";
import { headerOf, request } from "./company.ts";
import { inboxes, robots, untilQuiet } from "./parties.ts";

// Nothing here is a stand-in: the machines on the other side answer through the same Postfix and Dovecot as the robot.

const OTHER_ROBOT = "robot@partner.example";
const HOLIDAY = "holiday@partner.example";
const FORWARDER = "forwarder@partner.example";
const PERSON = "alice@partner.example";

describeWith(["dovecot", "postfix"], "a keybot and another automaton end after one exchange", () => {
  let site: Site;
  let here: string;
  let theirs: Identity;
  /** The robot's mails, its folders included, as `From: Auto-Submitted`. */
  let ours: readonly string[];
  let others: Record<string, number>;

  beforeAll(async () => {
    site = await startSite({
      wiring: "none",
      addresses: [OTHER_ROBOT, HOLIDAY, FORWARDER],
      sieve: {
        [HOLIDAY]: `require ["vacation"];\nvacation :days 1 :addresses ["${HOLIDAY}"] "I am on holiday.";\n`,
        [FORWARDER]: `require ["copy"];\nredirect :copy "${ROBOT}";\n`,
      },
    });
    theirs = site.ca.issue({ addresses: [OTHER_ROBOT], key: "P-256" });
    here = installation(site, "here", ROBOT, site.ca.issue({ addresses: [ROBOT], key: "P-256" }));
    const there = installation(site, "there", OTHER_ROBOT, theirs);
    const trust = ["trust", "add", site.root.identity.certFile, "--any-domain"];
    await Promise.all([here, there].map((file) => runKeybot(file, trust)));

    // Somebody asks each robot in the other one's name.
    await send(request(OTHER_ROBOT, ROBOT), OTHER_ROBOT, ROBOT);
    await send(request(ROBOT, OTHER_ROBOT), ROBOT, OTHER_ROBOT);
    // Who is on holiday has asked; and gets a mail of a person, and one in the robot's name without any mark.
    await send(request(HOLIDAY, ROBOT), HOLIDAY, ROBOT);
    await send(plainMail({ from: PERSON, to: HOLIDAY, subject: "Hello" }), PERSON, HOLIDAY);
    await send(plainMail({ from: ROBOT, to: HOLIDAY, subject: "Hello" }), ROBOT, HOLIDAY);
    await send(request(FORWARDER, ROBOT), FORWARDER, ROBOT);
    await untilQuiet(robots(here, there));

    ours = (await mailsOf(site, ROBOT)).map(described);
    others = await inboxes(site, [HOLIDAY, FORWARDER, PERSON]);
  }, 120_000);
  afterAll(() => site?.stop());

  const send = (raw: Buffer, from: string, to: string) => site.sendFromPartner(raw, [to], { from });
  const from = (address: string) => ours.filter((mail) => mail.startsWith(`${address}: `)).sort();

  it("two keybots, each with the other's address: one answer to each forged request, and silence", async () => {
    const theirMails = (await mailsOf(site, OTHER_ROBOT)).map(described).sort();
    expect(from(OTHER_ROBOT)).toEqual([`${OTHER_ROBOT}: auto-replied`, `${OTHER_ROBOT}: no mark`]);
    expect(theirMails).toEqual([`${ROBOT}: auto-replied`, `${ROBOT}: no mark`]);
  });

  it("the signed answer of the other keybot is harvested all the same (PRODUCT §3)", async () => {
    const known = (await runKeybot(here, ["list", "--address", OTHER_ROBOT, "--json"])).records();
    expect(known).toMatchObject([{ sha256: theirs.sha256, addresses: [OTHER_ROBOT], status: "active" }]);
  });

  it("a Sieve vacation: neither answers the other, though each answers people", () => {
    expect(others[PERSON]).toBe(1); // the notice: the vacation is alive
    expect(from(HOLIDAY)).toEqual([`${HOLIDAY}: auto-replied`, `${HOLIDAY}: no mark`]); // the notice, the request
    expect(others[HOLIDAY]).toBe(3); // the two mails, and the robot's answer to the request
  });

  it("a mailbox that forwards everything back: the answer comes back and is left alone", () => {
    expect(from(FORWARDER)).toEqual([`${FORWARDER}: no mark`]);
    expect(from(ROBOT)).toEqual([`${ROBOT}: auto-replied`]);
    expect(others[FORWARDER]).toBe(1);
  });

  it("and that is all that there is in the robot's mailbox", () => {
    expect(ours).toHaveLength(6);
  });
});

/** Mails of a robot's mailbox, its folders included. */
async function mailsOf(site: Site, address: string): Promise<Buffer[]> {
  const folders = await site.dovecot.folders(address);
  const mails = await Promise.all(folders.map((folder) => site.dovecot.messages(address, folder)));
  return mails.flat().map(({ raw }) => raw);
}

function described(raw: Buffer): string {
  const sender = headerOf(raw, "From")?.replace(/^.*<(.*)>$/, "$1");
  return `${sender}: ${headerOf(raw, "Auto-Submitted")?.replace(/ .*/, "") ?? "no mark"}`;
}

/** An installation of this robot on the site's servers, with a signing identity: its replies offer a certificate. */
function installation(site: Site, name: string, address: string, signer: Identity): string {
  const home = join(site.folder, "k");
  const domain = address.slice(address.indexOf("@") + 1);
  const password = join(home, "secrets", name);
  writeFileSync(password, `${site.passwordOf(address)}\n`, { mode: 0o600 });
  const chained = join(home, `${name}.pem`);
  writeFileSync(chained, signer.pem + site.ca.identity.pem);
  const places = {
    robot: address,
    imapPort: site.dovecot.imapsPort,
    smtpPort: site.postfix?.submissionPort ?? 0,
    caFile: site.serverCa.certFile,
  };
  const overrides = {
    "": { domains: [domain], state_dir: `state-${name}` },
    imap: { password_file: password },
    smtp: { password_file: password },
    // The two share one border: what the other submits there comes from outside.
    requests: { own_networks: ["10.0.0.0/8"] },
    admin: { address: `postmaster@${domain}`, contact: `postmaster@${domain}` },
    signing: { certificate_file: chained, key_file: signer.keyFile },
  };
  const file = join(home, `${name}.toml`);
  writeFileSync(file, siteConfiguration(places, overrides), { mode: 0o600 });
  return file;
}
