import { isBarred, keysOf } from "../decide/index.ts";
import { KeybotError } from "../errors.ts";
import type { RevocationJudgement } from "../inspect/index.ts";
import type { Mailbox, MailboxCertificate, Store } from "../store/index.ts";
import { parseAddress, parseOwnAddress, sameStored } from "./address.ts";
import { type AskCa, type AskedBefore, askBefore, askedBefore, noteAnswered } from "./ask-ca.ts";
import type { Change } from "./change.ts";
import { ambiguous, parseFingerprint } from "./find-certificate.ts";
import type { Publication } from "./publication.ts";

/** One certificate of a mailbox that a change was about. */
export interface PublishedChange {
  readonly sha256: string;
  /** False: it was published already. */
  readonly added: boolean;
  /** What its CA said just before. */
  readonly asked: AskedBefore;
}

/**
 * Publishes certificates for a mailbox, which is made when it is new. The CA of each is asked first; without an answer it is
 * published, and asked about again at once.
 * @param address as `parseOwnAddress` returned it
 * @param ask null: nobody is asked
 * @throws KeybotError `usage` when the address is an alias, or when a CA says that it has revoked one of them, or has said so
 *   before and does not take it back; then nothing is published
 */
export async function addToMailbox(
  store: Store,
  address: string,
  { certificates }: Publication,
  change: Change,
  ask: AskCa | null,
): Promise<readonly PublishedChange[]> {
  const before = await store.mailbox(address);
  const said = new Map<string, RevocationJudgement | null>();
  for (const { sha256, der, chain } of certificates) {
    const refusal = { undone: "nothing was published", hint: "publish a certificate that is not revoked" };
    const judgement = await askBefore(ask, { sha256, der, chain, address }, refusal);
    const known = before?.certificates.find((one) => one.sha256 === sha256);
    if (known !== undefined) refuseRevoked(known, judgement);
    said.set(sha256, judgement);
  }
  await store.addMailbox(address, certificates, change);
  const known = new Set(
    before?.certificates.filter(({ revoked }) => revoked === null).map(({ sha256 }) => sha256),
  );
  for (const judgement of said.values()) await noteAnswered(store, judgement, change.at);
  return certificates.map(({ sha256 }) => ({
    sha256,
    added: !known.has(sha256),
    asked: askedBefore(said.get(sha256) ?? null),
  }));
}

/** RFC 5280 §5.3.1: only a suspension is ever lifted, and only its CA can say that it was. */
function refuseRevoked({ sha256, revoked }: MailboxCertificate, judgement: RevocationJudgement | null): void {
  if (revoked === null || judgement?.answer?.status === "good") return;
  throw new KeybotError(
    "usage",
    "admin.revoked",
    `the CA of ${sha256.slice(0, 16)} has revoked it (${revoked.why}); nothing was published`,
    { hint: "publish a certificate that is not revoked" },
  );
}

/** What the directory says against publishing, in sentences: keys that were revoked here. */
export async function barredDoubts(
  store: Store,
  { certificates }: Publication,
  at: Date,
): Promise<readonly string[]> {
  const spkis = certificates.flatMap(keysOf);
  const nobody = { from: null, authenticated: false, pendingOf: null };
  const { barred } = await store.view(
    { ...nobody, mailboxes: [], spkis, references: [], returned: [], buckets: [] },
    at,
  );
  return certificates
    .filter((certificate) => isBarred(certificate, barred))
    .map(({ sha256 }) => `${sha256.slice(0, 16)} has a public key that was revoked here`);
}

/**
 * A mailbox by its address or an alias.
 * @throws KeybotError `not-found`
 */
export async function findMailbox(store: Store, text: string): Promise<Mailbox> {
  const address = parseAddress(text);
  const mailbox = await store.mailbox(address);
  if (mailbox !== null) return mailbox;
  throw new KeybotError("not-found", "admin.no-mailbox", `there is no mailbox ${address}`, {
    hint: "keybot mailbox list names all",
  });
}

/**
 * Withdraws everything of a mailbox, and the mailbox with its aliases.
 * @throws KeybotError `not-found`; `usage` for an alias
 */
export async function removeMailbox(store: Store, text: string, change: Change): Promise<Mailbox> {
  const mailbox = await mailboxItself(store, text);
  if (await store.removeMailbox(mailbox.address, change)) return mailbox;
  throw new KeybotError("not-found", "admin.no-mailbox", `there is no mailbox ${mailbox.address}`);
}

/**
 * Withdraws one certificate of a mailbox.
 * @param text SHA-256 or the beginning of it, of at least 8 digits
 * @returns the SHA-256 in full
 * @throws KeybotError `not-found` when the mailbox does not publish it; `usage` when the beginning fits several
 */
export async function removeFromMailbox(
  store: Store,
  mailbox: Mailbox,
  text: string,
  change: Change,
): Promise<string> {
  const prefix = parseFingerprint(text);
  const found = mailbox.certificates
    .map(({ sha256 }) => sha256)
    .filter((sha256) => sha256.startsWith(prefix));
  if (found.length > 1) throw ambiguous(prefix, found);
  const [sha256] = found;
  if (sha256 === undefined || !(await store.removeMailboxCertificate(mailbox.address, sha256, change))) {
    throw new KeybotError(
      "not-found",
      "admin.no-certificate",
      `${mailbox.address} publishes no certificate ${prefix}`,
    );
  }
  return sha256;
}

/**
 * Lets another own address be answered with a mailbox's certificates.
 * @returns the mailbox and the alias, and whether it was new
 * @throws KeybotError `not-found` without the mailbox; `usage` when the alias is foreign or taken
 */
export async function addAlias(
  store: Store,
  address: string,
  alias: string,
  domains: readonly string[],
  change: Change,
): Promise<{ readonly mailbox: string; readonly alias: string; readonly added: boolean }> {
  const name = parseOwnAddress(alias, domains);
  const mailbox = await findMailbox(store, address);
  const added = !mailbox.aliases.some((known) => sameStored(known, name));
  await store.addAlias(mailbox.address, name, change);
  return { mailbox: mailbox.address, alias: name, added };
}

/**
 * Removes an alias of a mailbox.
 * @throws KeybotError `not-found`
 */
export async function removeAlias(
  store: Store,
  address: string,
  alias: string,
  change: Change,
): Promise<{ readonly mailbox: string; readonly alias: string }> {
  const name = parseAddress(alias);
  const mailbox = await findMailbox(store, address);
  const known = mailbox.aliases.find((one) => sameStored(one, name));
  if (known !== undefined && (await store.removeAlias(known, change))) {
    return { mailbox: mailbox.address, alias: known };
  }
  throw new KeybotError("not-found", "admin.no-alias", `${name} is no alias of ${mailbox.address}`);
}

/** A mailbox by its own address: what is removed must be named, not reached through an alias. */
async function mailboxItself(store: Store, text: string): Promise<Mailbox> {
  const mailbox = await findMailbox(store, text);
  if (sameStored(mailbox.address, parseAddress(text))) return mailbox;
  throw new KeybotError("usage", "admin.alias", `${parseAddress(text)} is an alias of ${mailbox.address}`, {
    hint: `keybot mailbox alias ${mailbox.address} ${parseAddress(text)} --remove ends the alias alone`,
  });
}
