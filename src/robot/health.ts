import { isRobot } from "../decide/index.ts";
import { KeybotError, messageOf } from "../errors.ts";
import { formsPath } from "../inspect/index.ts";
import type { Policy } from "../policy.ts";
import type { Mailbox, OutboxEntry } from "../store/index.ts";
import { checkResults } from "./check-results.ts";
import { checkSigning } from "./check-signing.ts";
import { FOLDERS, type Robot } from "./robot.ts";
import { unansweredBefore } from "./tell-admin.ts";

/** One thing that `run` needs, and how it is. */
export interface Check {
  readonly name: string;
  /** `fault`: the robot cannot work, or what it remembers is not to be believed. `warning`: it works, but not as most want it. */
  readonly state: "ok" | "warning" | "fault";
  readonly says: string;
  /** What to do about it, or null. */
  readonly mend: string | null;
}

/** Looks at everything that a round needs, in the order of its path; changes nothing but missing folders. */
export async function* checkHealth(robot: Robot): AsyncGenerator<Check> {
  yield* checkReading(robot.policy);
  yield await checked("imap", async () => {
    const session = await robot.connect();
    try {
      const waiting = (await session.list()).length;
      const folders = await session.ensureFolders(FOLDERS.map((folder) => robot.folders[folder]));
      return ok(
        "imap",
        `logged in; ${waiting} ${waiting === 1 ? "mail waits" : "mails wait"} in the mailbox; files into ${folders.join(", ")}`,
      );
    } finally {
      await session.close();
    }
  });
  if (robot.policy.border.ownHosts?.length !== 0) yield await checked("results", () => checkResults(robot));
  yield await checked("smtp", async () => {
    await robot.mailer.verify(robot.sender);
    const { envelopeFrom } = robot.sender;
    return ok(
      "smtp",
      `logged in; takes mails from ${envelopeFrom === "" ? "the null sender" : envelopeFrom}`,
    );
  });
  const signing = await checkSigning(robot);
  if (signing !== null) yield signing;
  yield await checkTrust(robot);
  yield await checkMailboxes(robot);
  yield* checkPaths(robot);
  yield* checkAnswers(robot);
  yield await checkQueues(robot);
  yield checkAdmin(robot);
  yield await checkAudit(robot);
}

/** What the policy believes of delivery headers (PRODUCT §4). */
function* checkReading({ border, certificates }: Policy): Generator<Check> {
  yield border.ownHosts !== null && border.ownHosts.length === 0
    ? warning(
        "own hosts",
        "requests.own_hosts is empty: no delivery header is believed, so a request is answered by its To and Cc alone",
        "name your servers as their Received lines do; docs/WIRING.md shows how to find out",
      )
    : ok("own hosts", (border.ownHosts ?? []).join(", "));
  yield border.authservIds.length === 0
    ? warning(
        "authentication",
        "requests.authserv_id is empty: every sender counts as not authenticated, and all share one small budget",
        "name the authserv-id that your mail server writes into Authentication-Results",
      )
    : ok("authentication", border.authservIds.join(", "));
  yield certificates.revocation === "off"
    ? warning(
        "revocation",
        'trust.revocation is "off": a certificate that its CA has revoked is accepted, and stays in use',
        '"hard-fail" asks the CA; it must be reachable over HTTP, by network.proxy if need be',
      )
    : ok("revocation", `CAs are asked (CRL, OCSP), ${certificates.revocation}`);
}

/** Mozilla publishes a list with about every second release of NSS; after half a year CAs have come and gone. */
const LIST_DAYS = 180;

/** The anchors that count, and how old the list of the public ones is. */
export async function checkTrust({
  store,
  policy,
  now,
}: Pick<Robot, "store" | "policy" | "now">): Promise<Check> {
  const { publicRoots } = policy.certificates;
  const anchors = (await store.listTrust()).filter(
    ({ kind, enabled, origin }) => kind === "anchor" && enabled && (publicRoots || origin === "own"),
  );
  if (anchors.length === 0) {
    return warning(
      "trust",
      "no CA is trusted: every certificate waits for a person",
      publicRoots
        ? "keybot trust update loads the public e-mail CAs, keybot trust add CA.pem --domain NAME a partner's own"
        : "keybot trust add CA.pem --domain NAME",
    );
  }
  const says = `${anchors.length} trust anchors`;
  const list = publicRoots ? await store.lastTrustList("public") : null;
  if (list === null) return ok("trust", says);
  const since = list.dated ?? list.loadedAt;
  const days = Math.floor((now().getTime() - since.getTime()) / 86_400_000);
  const aged = `${says}; the list of the public ones (${list.name}) is ${days} days old`;
  if (days <= LIST_DAYS) return ok("trust", aged);
  return warning(
    "trust",
    aged,
    "keybot trust update FILE|URL takes Mozilla's newest one; docs/TRUST.md says where it is",
  );
}

/** Whether something is published, and as it should be. */
export async function checkMailboxes({ store, now }: Pick<Robot, "store" | "now">): Promise<Check> {
  const mailboxes = await store.listMailboxes();
  if (mailboxes.length === 0) {
    return warning(
      "mailboxes",
      "nothing is published: every request is told that there is no certificate",
      "keybot mailbox add ADDRESS FILE",
    );
  }
  const at = now();
  const revoked = checkRevoked(mailboxes, at);
  if (revoked !== null) return revoked;
  const broken = mailboxes.filter(({ certificates }) =>
    certificates.some(({ der, chain }) => !formsPath(der, chain)),
  );
  if (broken.length > 0) {
    return warning(
      "mailboxes",
      `published without CA certificates, because those that are stored are not its path: ${named(broken)}`,
      GIVE_AGAIN,
    );
  }
  const lapsed = mailboxes.filter(({ certificates }) => certificates.every(({ notAfter }) => notAfter < at));
  if (lapsed.length > 0) {
    return warning(
      "mailboxes",
      `expired: ${named(lapsed)}`,
      "keybot mailbox add ADDRESS FILE adds a new certificate",
    );
  }
  const alone = mailboxes.filter(({ certificates }) => certificates.some(lacksIssuer));
  if (alone.length === 0) return ok("mailboxes", `${mailboxes.length} published`);
  return warning(
    "mailboxes",
    `published without the certificate of its CA, which a partner's mail program may not have: ${named(alone)}`,
    GIVE_AGAIN,
  );
}

/**
 * Certificates of our own that their CA has revoked; null when there is none. A fault where a mailbox has no other to hand
 * out: its requests are answered as if nothing were published.
 */
function checkRevoked(mailboxes: readonly Mailbox[], at: Date): Check | null {
  const hit = mailboxes.filter(({ certificates }) => certificates.some(({ revoked }) => revoked !== null));
  const [first] = hit;
  if (first === undefined) return null;
  const isBare = hit.some(({ certificates }) =>
    certificates.every(({ revoked, notAfter }) => revoked !== null || notAfter < at),
  );
  const why = first.certificates.find(({ revoked }) => revoked !== null)?.revoked?.why ?? "";
  return {
    name: "mailboxes",
    state: isBare ? "fault" : "warning",
    says: `revoked by their CA and not handed out: ${named(hit)} (${why})`,
    mend: isBare
      ? "keybot mailbox add ADDRESS FILE publishes a new certificate, keybot mailbox remove ADDRESS SHA256 forgets the old one"
      : "keybot mailbox remove ADDRESS SHA256 forgets it; another certificate is handed out",
  };
}

const GIVE_AGAIN = "keybot mailbox add ADDRESS FILE CA-FILE gives it together with those of its CA";

function named(mailboxes: readonly { readonly address: string }[]): string {
  const names = mailboxes.slice(0, 3).map(({ address }) => address);
  return `${names.join(", ")}${mailboxes.length > 3 ? " and more" : ""}`;
}

/** Nothing stands above a certificate that its own holder issued. */
function lacksIssuer({ chain, subject, issuer }: Mailbox["certificates"][number]): boolean {
  return chain.length === 0 && subject !== issuer;
}

/** Certificates in use of which nobody can be asked; nothing is said where there are none. */
export async function* checkPaths({ store, now }: Pick<Robot, "store" | "now">): AsyncGenerator<Check> {
  const { count, items } = await store.withoutPath(now(), 3);
  if (count === 0) return;
  const some = items.map(({ sha256, addresses, code }) => {
    return `${sha256.slice(0, 16)} of ${addresses[0] ?? "nobody"} (${code})`;
  });
  yield warning(
    "paths",
    `${count} ${count === 1 ? "certificate in use leads" : "certificates in use lead"} to no trusted CA, so nobody can be asked about ${count === 1 ? "its" : "their"} revocation: ${some.join(", ")}${count > items.length ? " and more" : ""}`,
    "a signed mail of the partner that brings the CA's certificate along, keybot trust add for its CA, or keybot revoke; keybot show tells more",
  );
}

/** Certificates in use about which CAs have not answered for `trust.unanswered_days`; nothing is said where there are none. */
export async function* checkAnswers({
  store,
  policy,
  now,
}: Pick<Robot, "store" | "policy" | "now">): AsyncGenerator<Check> {
  if (policy.certificates.revocation === "off") return;
  const at = now();
  const { count, items } = await store.unanswered({ now: at, before: unansweredBefore(policy, at) }, 3);
  if (count === 0) return;
  const some = items.map(({ sha256, addresses, since }) => {
    return `${sha256.slice(0, 16)} of ${addresses[0] ?? "nobody"} since ${since.toISOString().slice(0, 10)}`;
  });
  const last = items[0] === undefined ? "" : `; the last try said: ${items[0].why}`;
  yield warning(
    "answers",
    `no CA says whether ${count} ${count === 1 ? "certificate" : "certificates"} in use ${count === 1 ? "is" : "are"} revoked: ${some.join(", ")}${count > items.length ? " and more" : ""}${last}`,
    "let this machine reach the CA's servers, by network.proxy if need be; keybot show tells more",
  );
}

/** What waits, what was given up and what came back. */
export async function checkQueues({ store }: Pick<Robot, "store">): Promise<Check> {
  const failed = await store.outboxEntries({ state: "failed", limit: COUNTED });
  const bounced = await store.outboxEntries({ state: "bounced", limit: COUNTED });
  const waiting = await store.outboxEntries({ state: "waiting", limit: 1000 });
  const last = waiting.find(({ lastError }) => lastError !== null);
  const state = [
    `${waiting.length} mails wait`,
    ...(last === undefined ? [] : [`the last try said: ${last.lastError ?? ""}`]),
    ...(failed.length === 0
      ? []
      : [`${counted(failed)} were refused for good, the last to ${lastOf(failed)}`]),
    ...(bounced.length === 0 ? [] : [`${counted(bounced)} came back, the last from ${lastOf(bounced)}`]),
  ].join("; ");
  if (failed.length > 0) {
    const mend =
      "keybot outbox list shows them; keybot outbox retry --all sends them again, outbox drop gives them up";
    return warning("outbox", state, mend);
  }
  return last === undefined ? ok("outbox", state) : warning("outbox", state, "keybot outbox list shows them");
}

/** More failed mails than this are not counted. */
const COUNTED = 100;

function counted({ length }: readonly unknown[]): string {
  return length < COUNTED ? String(length) : `${COUNTED} or more`;
}

function lastOf([last]: readonly OutboxEntry[]): string {
  return last === undefined ? "nobody" : `${last.to} (${last.lastError ?? "no reason given"})`;
}

/** Whether somebody is told of what needs a person. */
export function checkAdmin({ adminAddress, policy }: Pick<Robot, "adminAddress" | "policy">): Check {
  if (adminAddress === null) {
    return warning(
      "admin",
      "admin.address is not set: nobody is told of pending certificates and failed replies",
      "name who looks after keybot",
    );
  }
  if (!isRobot(adminAddress, policy)) return ok("admin", adminAddress);
  return warning(
    "admin",
    `admin.address is the robot's own (${adminAddress}): what it is told ends in its folder Unhandled`,
    "name a mailbox that a person reads",
  );
}

/** A look in passing; a million rows would take seconds, and `keybot audit verify` is there for them. */
const LAST_CHANGES = 1_000;

/** The newest rows of the audit trail. */
export async function checkAudit({ store }: Pick<Robot, "store">): Promise<Check> {
  const { entries, fault } = await store.verifyAudit({ last: LAST_CHANGES });
  if (fault === null)
    return ok("audit trail", `the newest ${entries} ${entries === 1 ? "entry holds" : "entries hold"}`);
  return {
    name: "audit trail",
    state: "fault",
    says: `entry ${fault.id}: ${fault.sentence}`,
    mend: "keybot audit verify checks all of it; docs/OPERATIONS.md says what then",
  };
}

async function checked(name: string, look: () => Promise<Check>): Promise<Check> {
  try {
    return await look();
  } catch (error) {
    return fault(name, error);
  }
}

/** What an error means to the health of something. */
export function fault(name: string, error: unknown): Check {
  return {
    name,
    state: "fault",
    says: messageOf(error),
    mend: error instanceof KeybotError ? error.hint : null,
  };
}

export function ok(name: string, says: string): Check {
  return { name, state: "ok", says, mend: null };
}

function warning(name: string, says: string, mend: string | null): Check {
  return { name, state: "warning", says, mend };
}
