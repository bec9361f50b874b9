import type { Command } from "commander";
import {
  type AddedTrust,
  addTrust,
  findTrust,
  readTrustFile,
  removeTrust,
  switchTrust,
} from "../../admin/index.ts";
import { escapeControl } from "../../log.ts";
import type { TrustEntry } from "../../store/index.ts";
import { changeNow } from "../actor.ts";
import type { Context } from "../context.ts";
import { examples } from "../examples.ts";
import { notConfirmed } from "../exit.ts";
import { readInputFile } from "../input-file.ts";
import { repeated } from "../repeated.ts";
import { printChange, short } from "../result.ts";
import { withStore } from "../with-store.ts";
import { defineList } from "./trust-list.ts";
import { defineUpdate } from "./trust-update.ts";

interface AddOptions {
  readonly domain?: readonly string[];
  readonly anyDomain?: boolean;
  readonly anchor?: boolean;
  readonly replace?: boolean;
  readonly reason?: string;
}

interface SwitchOptions {
  readonly reason?: string;
}

interface RemoveOptions {
  readonly reason?: string;
  readonly yes?: boolean;
}

/** `keybot trust`: the CAs that may vouch for partners. */
export function define(program: Command, context: Context): void {
  const trust = program
    .command("trust")
    .description("say which CAs may vouch for partners")
    .helpCommand(false);
  defineAdd(trust, context);
  defineUpdate(trust, context);
  defineList(trust, context);
  defineRemove(trust, context);
  defineSwitch(
    trust,
    context,
    "disable",
    "switch a CA off: it vouches for nobody, and no update brings it back",
  );
  defineSwitch(trust, context, "enable", "switch a CA on again");
}

function defineAdd(trust: Command, context: Context): void {
  trust
    .command("add")
    .argument("<file>", "CA certificates, PEM, DER or PKCS#7")
    .description(
      "trust the CAs of a file: a self-signed one is an anchor, another an intermediate; a known anchor gets further domains",
    )
    .option(
      "--domain <name>",
      "a mail domain that they may speak for, with its subdomains (repeatable)",
      repeated,
    )
    .option("--any-domain", "they may speak for every domain")
    .option("--anchor", "take CAs that are not self-signed as anchors too")
    .option("--replace", "what is said now takes the place of what is known of these CAs")
    .option("--reason <text>", "why, for the audit trail")
    .addHelpText(
      "after",
      examples(
        [
          "keybot trust add broker-ca.pem --domain broker.example",
          "vouches for this domain; a known one for this too",
        ],
        [
          "keybot trust add broker-ca.pem --domain broker.example --replace",
          "vouches for this domain alone from now on",
        ],
        ["keybot trust add issuing-ca.pem", "an intermediate: it only helps to find a path"],
      ),
    )
    .action((file: string, options: AddOptions) => add(file, options, context));
}

function defineRemove(trust: Command, context: Context): void {
  trust
    .command("remove")
    .argument("<sha256>", "a CA, by the beginning of its SHA-256")
    .description("trust a CA no longer; what was accepted under it stays")
    .option("--reason <text>", "why, for the audit trail")
    .option("--yes", "do not ask")
    .addHelpText("after", examples(["keybot trust remove 3f2a9c1d", "asks first"]))
    .action((sha256: string, options: RemoveOptions) => remove(sha256, options, context));
}

function defineSwitch(trust: Command, context: Context, verb: "enable" | "disable", does: string): void {
  trust
    .command(verb)
    .argument("<sha256>", "a CA, by the beginning of its SHA-256")
    .description(does)
    .option("--reason <text>", "why, for the audit trail")
    .addHelpText("after", examples([`keybot trust ${verb} 3f2a9c1d`, "keybot trust list shows which are on"]))
    .action((sha256: string, options: SwitchOptions) => flip(sha256, verb === "enable", options, context));
}

async function add(name: string, options: AddOptions, context: Context): Promise<void> {
  const file = await readInputFile(name, context);
  await withStore(context, "make", async (store, { policy }) => {
    const change = changeNow(context, options.reason);
    const said = {
      domains: options.domain ?? [],
      anyDomain: options.anyDomain === true,
      anchor: options.anchor === true,
    };
    const proposals = readTrustFile(file, said, policy.certificates, change.at);
    for (const warning of proposals.flatMap(({ warnings }) => warnings)) {
      context.terminal.err(`keybot: warning: ${escapeControl(warning)}\n`);
    }
    for (const added of await addTrust(store, proposals, options.replace === true, change)) {
      printAdded(added, context);
    }
  });
}

function printAdded({ proposal, item, before }: AddedTrust, context: Context): void {
  const { certificate } = proposal;
  const now = roleOf(item);
  const was = before === null ? null : `${roleOf(before)}${before.enabled ? "" : ", switched off"}`;
  const name = `${certificate.subject.text} (${short(certificate.sha256)})`;
  const sentence =
    was === null
      ? `added ${name} as ${now}`
      : was === now
        ? `${name} was ${now} already`
        : `${name} is ${now} now, was ${was}`;
  if (item !== proposal.item && was === now && roleOf(proposal.item) !== now) {
    context.note(`it stays so; to make it ${roleOf(proposal.item)} alone, add --replace`);
  }
  printChange(context, sentence, {
    action: was === null ? "added" : was === now ? "unchanged" : "changed",
    sha256: certificate.sha256,
    kind: item.kind,
    domains: item.domains,
    subject: certificate.subject.text,
  });
}

function roleOf({ kind, origin, domains }: Pick<TrustEntry, "kind" | "origin" | "domains">): string {
  if (kind === "intermediate") return "intermediate";
  return `${origin === "public" ? "public " : ""}anchor for ${domains === null ? "every domain" : domains.join(", ")}`;
}

async function flip(text: string, enabled: boolean, options: SwitchOptions, context: Context): Promise<void> {
  await withStore(context, "write", async (store) => {
    const ca = await findTrust(store, text);
    const changed = await switchTrust(store, ca.sha256, enabled, changeNow(context, options.reason));
    const now = enabled ? "enabled" : "disabled";
    printChange(context, `${ca.subject} (${short(ca.sha256)}) is ${now}${changed ? "" : " already"}`, {
      action: changed ? now : "unchanged",
      sha256: ca.sha256,
      subject: ca.subject,
      enabled,
    });
    if (changed && !enabled) context.note(`what was accepted under it stays active; ${FIND_ISSUED}`);
  });
}

const FIND_ISSUED = "keybot list --issuer finds it";

async function remove(text: string, options: RemoveOptions, context: Context): Promise<void> {
  await withStore(context, "write", async (store) => {
    const ca = await findTrust(store, text);
    const question = escapeControl(`trust ${ca.subject} (${short(ca.sha256)}) no longer?`);
    if (!(await context.terminal.confirm(question, { yes: options.yes === true }))) throw notConfirmed();
    await removeTrust(store, ca.sha256, changeNow(context, options.reason));
    printChange(context, `removed ${ca.subject} (${short(ca.sha256)}), ${roleOf(ca)} before`, {
      action: "removed",
      sha256: ca.sha256,
      kind: ca.kind,
      domains: ca.domains,
      subject: ca.subject,
    });
    context.note(`what was accepted under it stays active; ${FIND_ISSUED}`);
    if (ca.origin === "public") {
      context.note("the next keybot trust update brings it back; keybot trust disable keeps it off");
    }
  });
}
