import type { Command } from "commander";
import {
  addTrust,
  findTrust,
  listTrust,
  readTrustFile,
  removeTrust,
  type TrustedCa,
  type TrustProposal,
} from "../../admin/index.ts";
import { escapeControl } from "../../log.ts";
import type { TrustEntry } from "../../store/index.ts";
import { changeNow } from "../actor.ts";
import type { Context } from "../context.ts";
import { examples } from "../examples.ts";
import { notConfirmed } from "../exit.ts";
import { readInputFile } from "../input-file.ts";
import { isoTime } from "../json.ts";
import { repeated } from "../repeated.ts";
import { day, type Listing, printChange, printList, short } from "../result.ts";
import { withStore } from "../with-store.ts";

interface AddOptions {
  readonly domain?: readonly string[];
  readonly anyDomain?: boolean;
  readonly anchor?: boolean;
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
  trust
    .command("add")
    .argument("<file>", "CA certificates, PEM, DER or PKCS#7")
    .description("trust the CAs of a file: a self-signed one is an anchor, another an intermediate")
    .option(
      "--domain <name>",
      "a mail domain that they may speak for, with its subdomains (repeatable)",
      repeated,
    )
    .option("--any-domain", "they may speak for every domain")
    .option("--anchor", "take CAs that are not self-signed as anchors too")
    .option("--reason <text>", "why, for the audit trail")
    .addHelpText(
      "after",
      examples(
        ["keybot trust add broker-ca.pem --domain broker.example", "vouches for this domain alone"],
        ["keybot trust add issuing-ca.pem", "an intermediate: it only helps to find a path"],
      ),
    )
    .action((file: string, options: AddOptions) => add(file, options, context));
  trust
    .command("list")
    .description("list the trusted CAs")
    .addHelpText("after", examples(["keybot trust list --json", "one JSON object a CA"]))
    .action(() => list(context));
  trust
    .command("remove")
    .argument("<sha256>", "a CA, by the beginning of its SHA-256")
    .description("trust a CA no longer; what was accepted under it stays")
    .option("--reason <text>", "why, for the audit trail")
    .option("--yes", "do not ask")
    .addHelpText("after", examples(["keybot trust remove 3f2a9c1d", "asks first"]))
    .action((sha256: string, options: RemoveOptions) => remove(sha256, options, context));
}

async function add(name: string, options: AddOptions, context: Context): Promise<void> {
  const file = await readInputFile(name, context);
  await withStore(context, "write", async (store, { policy }) => {
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
    const before = await addTrust(store, proposals, change);
    for (const [index, proposal] of proposals.entries()) printAdded(proposal, before[index] ?? null, context);
  });
}

function printAdded({ certificate, item }: TrustProposal, before: TrustEntry | null, context: Context): void {
  const now = roleOf(item);
  const was = before === null ? null : roleOf(before);
  const name = `${certificate.subject.text} (${short(certificate.sha256)})`;
  const sentence =
    was === null
      ? `added ${name} as ${now}`
      : was === now
        ? `${name} was ${now} already`
        : `${name} is ${now} now, was ${was}`;
  printChange(context, sentence, {
    action: was === null ? "added" : was === now ? "unchanged" : "changed",
    sha256: certificate.sha256,
    kind: item.kind,
    domains: item.domains,
    subject: certificate.subject.text,
  });
}

function roleOf({ kind, domains }: Pick<TrustEntry, "kind" | "domains">): string {
  if (kind === "intermediate") return "intermediate";
  return `anchor for ${domains === null ? "every domain" : domains.join(", ")}`;
}

async function list(context: Context): Promise<void> {
  const printed = await withStore(context, "read", async (store) =>
    printList(context, await listTrust(store), CAS),
  );
  if (printed === 0) context.note("no CA is trusted yet; keybot trust add FILE --domain NAME adds one");
}

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
    context.note("what was accepted under it stays active; keybot list --issuer finds it");
  });
}

const CAS: Listing<TrustedCa> = {
  columns: [
    { title: "kind" },
    { title: "domains", shrink: true },
    { title: "valid until" },
    { title: "fingerprint" },
    { title: "subject", shrink: true },
  ],
  cells: (ca) => [
    ca.kind,
    domainsOf(ca, ", "),
    ca.notAfter === null ? "-" : day(ca.notAfter),
    short(ca.sha256),
    ca.subject,
  ],
  full: (ca) => [
    ca.kind,
    domainsOf(ca, ","),
    ca.notAfter === null ? "" : isoTime(ca.notAfter),
    ca.sha256,
    ca.subject,
  ],
};

function domainsOf({ kind, domains }: TrustedCa, separator: string): string {
  if (kind === "intermediate") return "-";
  return domains === null ? "any" : domains.join(separator);
}
