import { type Command, Option } from "commander";
import { type AuditQuery, auditTrail, checkTrail, type TrailCheck } from "../../admin/index.ts";
import { AUDIT_ACTIONS, type AuditEntry } from "../../store/index.ts";
import type { Context } from "../context.ts";
import { examples } from "../examples.ts";
import { isoTime, jsonLine } from "../json.ts";
import { timeOption, wholeNumber } from "../option-value.ts";
import { addressCell, type Listing, minute, noteOlder, printList, short } from "../result.ts";
import { withStore } from "../with-store.ts";

/** `keybot audit`: who changed what is trusted, and whether that record is whole. */
export function define(program: Command, context: Context): void {
  const audit = program
    .command("audit")
    .description("show every change of what is trusted, and check that none was tampered with")
    .helpCommand(false);
  audit
    .command("list")
    .description("list the changes of what is trusted, the newest first")
    .option("--address <address>", "only under this address")
    .option("--certificate <sha256>", "only of this certificate, by the beginning of its SHA-256")
    .addOption(new Option("--action <action>", "only of this kind").choices(AUDIT_ACTIONS))
    .option("--since <time>", "only since this date or time", timeOption)
    .option("--limit <count>", "at most so many (else all that fit, or the newest 50 of all)", wholeNumber)
    .option("--offset <count>", "leave out the first so many", wholeNumber)
    .addHelpText(
      "after",
      examples(
        ["keybot audit list --since 2026-11-01", "who changed what since then"],
        [
          "keybot audit list --address alice@partner.example --json",
          "one JSON object a change, with its detail",
        ],
      ),
    )
    .action((query: AuditQuery) => list(query, context));
  audit
    .command("verify")
    .description("check that no change in the audit trail was altered or removed; exit 4 when one was")
    .option("--head <hash>", "also that the trail goes on from this head, which an earlier check printed")
    .addHelpText(
      "after",
      examples(
        ["keybot audit verify", "prints the head: note it on another machine"],
        ["keybot audit verify --head HASH", "notices also an end cut off, or all of it written anew"],
      ),
    )
    .action(({ head }: { readonly head?: string }) => verify(head ?? null, context));
}

async function list(query: AuditQuery, context: Context): Promise<void> {
  const { entries, older } = await withStore(context, "read", (store) => auditTrail(store, query));
  if ((await printList(context, entries, ENTRIES)) > 0) return noteOlder(older, context);
  const { limit, ...narrowed } = query;
  context.note(Object.keys(narrowed).length === 0 ? "no changes yet" : "no change fits");
}

const ENTRIES: Listing<AuditEntry> = {
  columns: [
    { title: "time" },
    { title: "action" },
    { title: "by", shrink: true },
    { title: "address", shrink: true },
    { title: "fingerprint" },
    { title: "reason", shrink: true },
  ],
  cells: ({ at, action, actor, address, certificate, reason, blanked }) => [
    minute(at),
    action,
    actor ?? "-",
    address === null ? "-" : addressCell(address),
    certificate === null ? "-" : short(certificate),
    blanked ? "(forgotten)" : (reason ?? "-"),
  ],
  full: (entry) => [
    isoTime(entry.at),
    entry.action,
    entry.actor ?? "",
    entry.address ?? "",
    entry.certificate ?? "",
    entry.reason ?? "",
    JSON.stringify(entry.detail),
    String(entry.id),
    entry.hash,
  ],
};

async function verify(head: string | null, context: Context): Promise<void> {
  const check = await withStore(context, "read", (store) => checkTrail(store, head));
  if (!check.ok) context.exitWith(4);
  context.terminal.out(context.options.json ? jsonLine(recordOf(check)) : checkText(check));
}

function recordOf({ ok, entries, blanked, head, noted, fault }: TrailCheck): object {
  return {
    ok,
    entries,
    blanked,
    head,
    noted,
    fault: fault === null ? null : { entry: fault.id, says: fault.sentence },
  };
}

function checkText(check: TrailCheck): string {
  const lines = [
    ["entries", `${check.entries}${blankedText(check)}`],
    ["head", check.head],
    ...notedLines(check),
    ...verdictLines(check),
  ];
  return lines.map(([label = "", text = ""]) => `${label.padEnd(7)}  ${text}\n`).join("");
}

function blankedText({ blanked, fault }: TrailCheck): string {
  const before = fault === null ? "" : " before the fault";
  return `${before}${blanked === 0 ? "" : `, ${blanked} of them blanked with a forgotten partner`}`;
}

function notedLines({ noted }: TrailCheck): readonly (readonly string[])[] {
  if (noted === null || noted.entry === null) return [];
  return [["noted", noted.entry === 0 ? "before the first entry" : `the hash of entry ${noted.entry}`]];
}

function verdictLines({ fault, noted }: TrailCheck): readonly (readonly string[])[] {
  if (fault !== null) {
    return [
      ["FAIL", `entry ${fault.id}: ${fault.sentence}`],
      ["", "somebody had the database file in hand; keep it, and compare with the last backup that holds"],
    ];
  }
  if (noted !== null && noted.entry === null) {
    return [
      ["FAIL", `the noted head ${noted.head} is not in the trail`],
      ["", "its end was cut off, all of it was written anew, or an older backup was restored"],
    ];
  }
  return [["OK", "every entry is as it was written, and none is missing between them"]];
}
