import { type Identity, requestMail, signedMail } from "../lab/openssl.ts";
import { ROBOT, type Site, type SiteOptions, startSite } from "../lab/site.ts";

/** A company with its robot set up as an admin sets it up: the CA trusted, two mailboxes published. */
export interface Company {
  readonly site: Site;
  readonly alice: Identity;
  readonly bob: Identity;
  readonly anna: Identity;
  readonly claims: Identity;
  stop(): Promise<void>;
}

export async function openCompany(options: SiteOptions = {}): Promise<Company> {
  const site = await startSite(options);
  try {
    const anna = site.ca.issue({ addresses: ["anna@company.example"] });
    const claims = site.ca.issue({ addresses: ["claims@company.example"] });
    await site.keybot(["trust", "add", site.root.identity.certFile, "--any-domain"]);
    for (const [address, identity] of [
      ["anna@company.example", anna],
      ["claims@company.example", claims],
    ] as const) {
      await site.keybot(["mailbox", "add", address, identity.certFile, ...identity.chain]);
    }
    return {
      site,
      alice: site.ca.issue({ addresses: ["alice@partner.example"] }),
      bob: site.ca.issue({ addresses: ["bob@partner.example"] }),
      anna,
      claims,
      stop: () => site.stop(),
    };
  } catch (error) {
    await site.stop();
    throw error;
  }
}

/**
 * Waits until the robot mailbox has so many mails: a copy by Sieve comes a moment after the original. What a busy server
 * has put off, Postfix would try again in minutes only.
 */
export async function arrived(site: Site, count: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const { INBOX = [] } = await site.robotFolders();
    if (INBOX.length >= count) return;
    if (tries % 50 === 49) await site.postfix?.postfix(["flush"]);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${count} mails were expected in the robot mailbox`);
}

/**
 * How many mails lie in each folder; empty ones are left out. The server's own count: it may be taken while a robot moves
 * them.
 */
export async function folderCounts(site: Site): Promise<Record<string, number>> {
  const status = await site.dovecot.doveadm(["-f", "tab", "mailbox", "status", "-u", ROBOT, "messages", "*"]);
  const [, ...rows] = status.stdout.toString("utf8").trimEnd().split("\n");
  return Object.fromEntries(
    rows.flatMap((row) => {
      const [name = "", messages] = row.split("\t");
      return Number(messages) === 0 ? [] : [[name, Number(messages)]];
    }),
  );
}

/** Alice's signed mail to the robot. */
export function submission(alice: Identity, more: Partial<Parameters<typeof signedMail>[0]> = {}): Buffer {
  return signedMail({ from: "alice@partner.example", to: ROBOT, signer: alice, ...more });
}

/** A request to a mailbox of the company. */
export function request(from: string, to: string): Buffer {
  return requestMail({ from, to });
}

/** A header field of a mail, unfolded; undefined when it is not there. */
export function headerOf(raw: Buffer, name: string): string | undefined {
  const header = raw.toString("latin1").split(/\r?\n\r?\n/, 1)[0] ?? "";
  const unfolded = header.replace(/\r?\n[ \t]+/g, " ");
  return new RegExp(`^${name}: (.*)$`, "im").exec(unfolded)?.[1];
}
