import { type Command, InvalidArgumentError, Option } from "commander";
import { dropMails, notYetSent, type OutboxQuery, outboxMails, retryMails } from "../../admin/index.ts";
import { KeybotError } from "../../errors.ts";
import { escapeControl } from "../../log.ts";
import type { OutboxEntry } from "../../store/index.ts";
import { changeNow } from "../actor.ts";
import type { Context } from "../context.ts";
import { examples } from "../examples.ts";
import { notConfirmed } from "../exit.ts";
import { isoTime } from "../json.ts";
import { wholeNumber } from "../option-value.ts";
import { type Listing, minute, printChange, printList } from "../result.ts";
import { withStore } from "../with-store.ts";

interface ReasonOption {
  readonly reason?: string;
}

/** `keybot outbox`: the mails that keybot wrote, and what is to become of those that were not taken. */
export function define(program: Command, context: Context): void {
  const outbox = program
    .command("outbox")
    .description("see which mails of keybot wait or were given up, send them again, or give them up")
    .helpCommand(false);
  outbox
    .command("list")
    .description("list mails that are not sent yet, the newest first")
    .addOption(
      new Option("--state <state>", "only these, sent ones too").choices([
        "waiting",
        "failed",
        "sent",
        "bounced",
      ]),
    )
    .option("--limit <count>", "at most so many", wholeNumber, USUAL_LIMIT)
    .option("--offset <count>", "leave out so many of the newest", wholeNumber, 0)
    .addHelpText(
      "after",
      examples(
        ["keybot outbox list", "what waits (waiting) or was given up (failed), with the server's words"],
        ["keybot outbox list --state failed --json", "one JSON object a mail, for monitoring"],
      ),
    )
    .action((query: OutboxQuery) => list(query, context));
  outbox
    .command("retry")
    .argument("[id...]", "mails as outbox list numbers them", mailNumbers)
    .description("try mails again at once: those given up, and those tried in vain")
    .option("--all", "all of them")
    .option("--reason <text>", "why, for the audit trail")
    .addHelpText(
      "after",
      examples(
        ["keybot outbox retry --all", "after the fault was mended; keybot run sends them, or the next poll"],
        ["keybot outbox retry 17 18", "these two"],
      ),
    )
    .action((ids: readonly number[], options: ReasonOption & { readonly all?: boolean }) =>
      retry(ids, options, context),
    );
  outbox
    .command("drop")
    .argument("<id...>", "mails as outbox list numbers them", mailNumbers)
    .description("give mails up for good; what was sent stays in the history")
    .option("--reason <text>", "why, for the audit trail")
    .option("--yes", "do not ask")
    .addHelpText("after", examples(["keybot outbox drop 17 --reason 'address is gone'", "asks first"]))
    .action((ids: readonly number[], options: ReasonOption & { readonly yes?: boolean }) =>
      drop(ids, options, context),
    );
}

/** A screen or two of the newest. */
const USUAL_LIMIT = 50;

function mailNumbers(text: string, before: readonly number[] = []): readonly number[] {
  if (/^\d{1,15}$/.test(text)) return [...before, Number(text)];
  throw new InvalidArgumentError("It must be a number that keybot outbox list shows.");
}

async function list(query: OutboxQuery, context: Context): Promise<void> {
  const mails = await withStore(context, "read", (store) => outboxMails(store, query));
  const printed = await printList(context, mails, MAILS);
  if (printed === 0) context.note(query.state === undefined ? "every mail is sent" : "no mail fits");
  if (printed > 0 && printed === query.limit) context.note(`perhaps more: --offset ${printed}`);
}

async function retry(
  ids: readonly number[] | undefined,
  options: ReasonOption & { readonly all?: boolean },
  context: Context,
): Promise<void> {
  const all = options.all === true;
  if (all === (ids !== undefined && ids.length > 0)) {
    throw new KeybotError("usage", "cli.outbox", "name the mails to try again, or --all", {
      hint: "keybot outbox list shows their numbers",
    });
  }
  await withStore(context, "write", async (store) => {
    const retried = await retryMails(store, all ? null : (ids ?? []), changeNow(context, options.reason));
    for (const mail of retried) print("retried", "tries again", mail, context);
    if (retried.length === 0) context.note("no mail was given up or tried in vain");
  });
}

async function drop(
  ids: readonly number[],
  options: ReasonOption & { readonly yes?: boolean },
  context: Context,
): Promise<void> {
  await withStore(context, "write", async (store) => {
    const mails = await notYetSent(store, ids);
    const to = [...new Set(mails.map((mail) => mail.to))].join(", ");
    const count = mails.length === 1 ? "one mail" : `${mails.length} mails`;
    const question = `give up ${count} for good (to ${to})?`;
    if (!(await context.terminal.confirm(escapeControl(question), { yes: options.yes === true })))
      throw notConfirmed();
    const gone = await dropMails(store, ids, changeNow(context, options.reason));
    for (const mail of gone) print("dropped", "gave up", mail, context);
    const inHand = ids.filter((id) => !gone.some((mail) => mail.id === id));
    if (inHand.length > 0) context.note(`being sent just now, so left alone: ${inHand.join(", ")}`);
  });
}

function print(action: string, verb: string, mail: OutboxEntry, context: Context): void {
  const { id, template, to, state, messageId } = mail;
  const sentence = `${verb} mail ${id} (${template}) to ${to}: ${state === "failed" ? "given up" : "waiting"} before`;
  printChange(context, sentence, { action, id, to, template, from: state, messageId });
}

const MAILS: Listing<OutboxEntry> = {
  columns: [
    { title: "id" },
    { title: "state" },
    { title: "written" },
    { title: "what" },
    { title: "to", shrink: true },
    { title: "tries" },
    { title: "the server said", shrink: true },
  ],
  cells: (mail) => [
    String(mail.id),
    mail.state,
    minute(mail.createdAt),
    mail.template,
    mail.to,
    String(mail.attempts),
    mail.lastError ?? mail.response ?? "-",
  ],
  full: (mail) => [
    String(mail.id),
    mail.state,
    isoTime(mail.createdAt),
    mail.template,
    mail.to,
    String(mail.attempts),
    mail.lastError ?? mail.response ?? "",
    mail.messageId,
  ],
  json: (mail) => ({
    id: mail.id,
    messageId: mail.messageId,
    to: mail.to,
    template: mail.template,
    state: mail.state,
    attempts: mail.attempts,
    createdAt: mail.createdAt,
    nextAttempt: mail.state === "waiting" ? mail.nextAttempt : null,
    sentAt: mail.sentAt,
    bouncedAt: mail.bouncedAt,
    response: mail.response,
    error: mail.lastError,
  }),
};
