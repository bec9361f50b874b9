import { type Command, Option } from "commander";
import { type LogQuery, logEntries } from "../../admin/index.ts";
import type { LedgerEntry } from "../../store/index.ts";
import type { Context } from "../context.ts";
import { examples } from "../examples.ts";
import { isoTime } from "../json.ts";
import { timeOption, wholeNumber } from "../option-value.ts";
import { addressCell, type Listing, minute, noteOlder, printList } from "../result.ts";
import { withStore } from "../with-store.ts";

/** `keybot log`: what became of each message. */
export function define(program: Command, context: Context): void {
  program
    .command("log")
    .description("show the ledger: what became of each message, the newest last")
    .option(
      "--limit <count>",
      "so many of the newest (else all that fit, or the newest 50 of all)",
      wholeNumber,
    )
    .option("--from <address>", "only mails from this address")
    .option("--since <time>", "only since this date or time", timeOption)
    .addOption(
      new Option("--outcome <outcome>", "only with this outcome").choices([
        "stored",
        "known",
        "answered",
        "pending",
        "rejected",
        "unhandled",
        "waiting",
      ]),
    )
    .addHelpText(
      "after",
      examples(
        ["keybot log --limit 10", "the last ten messages"],
        ["keybot log --from alice@partner.example --json", "all that one partner sent, with each reason"],
      ),
    )
    .action((query: LogQuery) => log(query, context));
}

async function log(query: LogQuery, context: Context): Promise<void> {
  const { entries, older } = await withStore(context, "read", (store) => logEntries(store, query));
  if ((await printList(context, entries, ENTRIES)) > 0) return noteOlder(older, context);
  const narrowed = query.from ?? query.since ?? query.outcome;
  context.note(narrowed === undefined ? "no messages yet" : "no message fits");
}

const ENTRIES: Listing<LedgerEntry> = {
  columns: [
    { title: "seen" },
    { title: "outcome" },
    { title: "kind" },
    { title: "from", shrink: true },
    { title: "reasons", shrink: true },
  ],
  cells: (entry) => [
    minute(entry.seenAt),
    entry.outcome,
    entry.kind,
    entry.from === null ? "-" : addressCell(entry.from),
    reasonsOf(entry),
  ],
  full: (entry) => [
    isoTime(entry.seenAt),
    entry.outcome,
    entry.kind,
    entry.from ?? "",
    reasonsOf(entry),
    entry.folder ?? "",
    entry.replies.map(({ template }) => template).join(","),
    entry.messageId ?? "",
    entry.key,
  ],
  json: ({ key, messageId, from, seenAt, kind, outcome, folder, reasons, replies, addressed }) => ({
    key,
    messageId,
    from,
    seenAt,
    kind,
    outcome,
    folder,
    reasons,
    replies,
    mailboxes: addressed,
  }),
};

/** Why it was dealt with so, and which of its replies never arrived. */
function reasonsOf({ reasons, replies }: LedgerEntry): string {
  const lost = replies.filter(({ state }) => state === "failed" || state === "bounced");
  return [
    ...reasons.map(({ code, detail }) => withDetail(code, detail)),
    ...lost.map(({ template, state, error }) => withDetail(`${template} ${state}`, error)),
  ].join(", ");
}

function withDetail(text: string, detail: string | null): string {
  return detail === null ? text : `${text} (${detail})`;
}
