import type { Command } from "commander";
import {
  addAlias,
  addToMailbox,
  barredDoubts,
  findMailbox,
  parseOwnAddress,
  readPublication,
  removeAlias,
  removeFromMailbox,
  removeMailbox,
} from "../../admin/index.ts";
import { KeybotError } from "../../errors.ts";
import { escapeControl } from "../../log.ts";
import type { Mailbox } from "../../store/index.ts";
import { changeNow } from "../actor.ts";
import { unansweredWarning, withAskCa } from "../ask-ca.ts";
import type { Context } from "../context.ts";
import { examples } from "../examples.ts";
import { notConfirmed } from "../exit.ts";
import { readInputFile } from "../input-file.ts";
import { jsonLine } from "../json.ts";
import { printChange, printList, short } from "../result.ts";
import { withStore } from "../with-store.ts";
import { addedSentence, describeMailbox, mailboxListing, mailboxRecord } from "./mailbox-view.ts";

interface ReasonOption {
  readonly reason?: string;
}

/** `keybot mailbox`: what the company publishes. */
export function define(program: Command, context: Context): void {
  const mailbox = program
    .command("mailbox")
    .description("say which certificates the company publishes, and for which address")
    .helpCommand(false);
  mailbox
    .command("add")
    .argument("<address>", "an own address")
    .argument("<file...>", "its certificate and the CAs above it, PEM, DER or PKCS#7; no private key")
    .description("publish certificates for an own address")
    .option("--force", "also when the certificate names another address, or something else speaks against it")
    .option("--reason <text>", "why, for the audit trail")
    .addHelpText(
      "after",
      examples([
        "keybot mailbox add claims@company.example claims.pem",
        "what a request for this address is answered with",
      ]),
    )
    .action(
      (address: string, files: readonly string[], options: ReasonOption & { readonly force?: boolean }) =>
        add(address, files, options, context),
    );
  mailbox
    .command("list")
    .description("list the published mailboxes")
    .addHelpText("after", examples(["keybot mailbox list --json", "one JSON object a mailbox"]))
    .action(() => list(context));
  mailbox
    .command("show")
    .argument("<address>", "a mailbox or an alias of it")
    .description("show what is published for an address")
    .addHelpText(
      "after",
      examples(["keybot mailbox show claims@company.example", "each certificate and each alias"]),
    )
    .action((address: string) => show(address, context));
  mailbox
    .command("remove")
    .argument("<address>", "a mailbox")
    .argument("[sha256]", "one of its certificates, by the beginning of its SHA-256; else all of it")
    .description("publish a certificate, or a whole mailbox with its aliases, no longer")
    .option("--reason <text>", "why, for the audit trail")
    .option("--yes", "do not ask")
    .addHelpText("after", examples(["keybot mailbox remove claims@company.example 3f2a9c1d", "asks first"]))
    .action(
      (address: string, sha256: string | undefined, options: ReasonOption & { readonly yes?: boolean }) =>
        remove(address, sha256 ?? null, options, context),
    );
  mailbox
    .command("alias")
    .argument("<address>", "a mailbox")
    .argument("<alias>", "another own address, which is answered with the same certificates")
    .description("let another own address be answered as a mailbox")
    .option("--remove", "end it")
    .option("--reason <text>", "why, for the audit trail")
    .addHelpText(
      "after",
      examples([
        "keybot mailbox alias claims@company.example schaden@company.example",
        "both get the same answer",
      ]),
    )
    .action((address: string, alias: string, options: ReasonOption & { readonly remove?: boolean }) =>
      setAlias(address, alias, options, context),
    );
}

async function add(
  text: string,
  names: readonly string[],
  options: ReasonOption & { readonly force?: boolean },
  context: Context,
): Promise<void> {
  const files = await Promise.all(names.map((name) => readInputFile(name, context)));
  await withStore(context, "make", async (store, config) => {
    const { policy } = config;
    const address = parseOwnAddress(text, policy.domains);
    const change = changeNow(context, options.reason);
    const publication = readPublication(address, files, policy.certificates, change.at);
    const doubts = [...publication.doubts, ...(await barredDoubts(store, publication, change.at))];
    await confirmDoubts(address, doubts, options.force === true, context);
    const changes = await withAskCa(config, store, context, (ask) =>
      addToMailbox(store, address, publication, change, ask),
    );
    for (const certificate of publication.certificates) {
      const made = changes.find(({ sha256 }) => sha256 === certificate.sha256);
      const added = made?.added === true;
      const warning = made === undefined ? null : unansweredWarning(certificate.sha256, made.asked);
      if (warning !== null) context.terminal.err(`keybot: warning: ${escapeControl(warning)}\n`);
      printChange(context, addedSentence(address, certificate, added), {
        action: added ? "published" : "unchanged",
        address,
        certificate: certificate.sha256,
        ...(made === undefined ? {} : { revocation: made.asked.revocation }),
      });
    }
  });
}

/** Shows what speaks against it, and goes on only when a person wants it so. */
async function confirmDoubts(
  address: string,
  doubts: readonly string[],
  force: boolean,
  { terminal }: Context,
): Promise<void> {
  for (const doubt of doubts) terminal.err(`keybot: warning: ${escapeControl(doubt)}\n`);
  if (doubts.length === 0 || force) return;
  if (!terminal.interactive) {
    throw new KeybotError("usage", "cli.doubts", `nothing was published for ${address}`, {
      hint: "--force publishes it all the same",
    });
  }
  if (!(await terminal.confirm(`publish it for ${address} all the same?`, { yes: false })))
    throw notConfirmed();
}

async function list(context: Context): Promise<void> {
  const printed = await withStore(context, "read", async (store) => {
    const mailboxes = await store.listMailboxes();
    return printList(context, mailboxes, mailboxListing(mailboxes, context.now()));
  });
  if (printed === 0) context.note("no mailbox is published yet; keybot mailbox add ADDRESS FILE adds one");
}

async function show(address: string, context: Context): Promise<void> {
  const mailbox = await withStore(context, "read", (store) => findMailbox(store, address));
  const { terminal, options, now } = context;
  terminal.out(options.json ? jsonLine(mailboxRecord(mailbox)) : describeMailbox(mailbox, now()));
}

async function remove(
  address: string,
  sha256: string | null,
  options: ReasonOption & { readonly yes?: boolean },
  context: Context,
): Promise<void> {
  await withStore(context, "write", async (store) => {
    const mailbox = await findMailbox(store, address);
    const yes = options.yes === true;
    if (!(await context.terminal.confirm(removeQuestion(mailbox, sha256), { yes }))) throw notConfirmed();
    const change = changeNow(context, options.reason);
    if (sha256 !== null) {
      const removed = await removeFromMailbox(store, mailbox, sha256, change);
      printChange(context, `${mailbox.address} publishes ${short(removed)} no longer`, {
        action: "withdrawn",
        address: mailbox.address,
        certificate: removed,
      });
      return;
    }
    const removed = await removeMailbox(store, address, change);
    printChange(context, `removed the mailbox ${removed.address} with ${counted(removed)}`, {
      action: "removed",
      address: removed.address,
      certificates: removed.certificates.map((certificate) => certificate.sha256),
      aliases: removed.aliases,
    });
  });
}

function removeQuestion(mailbox: Mailbox, sha256: string | null): string {
  return sha256 === null
    ? `remove the mailbox ${mailbox.address} with ${counted(mailbox)}?`
    : `publish ${escapeControl(sha256)} for ${mailbox.address} no longer?`;
}

function counted({ certificates, aliases }: Mailbox): string {
  const published = certificates.length === 1 ? "one certificate" : `${certificates.length} certificates`;
  if (aliases.length === 0) return published;
  return `${published} and the ${aliases.length === 1 ? "alias" : "aliases"} ${aliases.join(", ")}`;
}

async function setAlias(
  address: string,
  alias: string,
  options: ReasonOption & { readonly remove?: boolean },
  context: Context,
): Promise<void> {
  await withStore(context, "write", async (store, { policy }) => {
    const change = changeNow(context, options.reason);
    if (options.remove === true) {
      const { mailbox, alias: name } = await removeAlias(store, address, alias, change);
      printChange(context, `${name} is no alias of ${mailbox} any more`, {
        action: "alias-removed",
        address: mailbox,
        alias: name,
      });
      return;
    }
    const { mailbox, alias: name, added } = await addAlias(store, address, alias, policy.domains, change);
    const sentence = added
      ? `${name} is answered as ${mailbox} now`
      : `${name} was an alias of ${mailbox} already`;
    printChange(context, sentence, {
      action: added ? "alias-added" : "unchanged",
      address: mailbox,
      alias: name,
    });
  });
}
