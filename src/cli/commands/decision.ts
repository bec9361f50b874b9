import type { Command } from "commander";
import {
  type Approval,
  type AskCa,
  type Change,
  type Decision,
  type DecisionRequest,
  senderOf,
  type Write,
} from "../../admin/index.ts";
import type { Config } from "../../config/index.ts";
import { escapeControl } from "../../log.ts";
import type { Policy } from "../../policy.ts";
import { renderLetter } from "../../robot/index.ts";
import type { Store } from "../../store/index.ts";
import { marked } from "../../text.ts";
import { changeNow } from "../actor.ts";
import { unansweredWarning, withAskCa } from "../ask-ca.ts";
import type { Context } from "../context.ts";
import { openVoice } from "../installation.ts";
import { repeated } from "../repeated.ts";
import { minute, printChange, short } from "../result.ts";
import { withStore } from "../with-store.ts";

interface DecisionOptions {
  readonly address?: readonly string[];
  readonly reason?: string;
  readonly silent?: boolean;
}

/** `approve` or `reject`; only the former has anything to ask. */
type Decide = (
  store: Store,
  request: DecisionRequest,
  change: Change,
  options: { readonly policy: Policy; readonly write: Write | null; readonly ask: AskCa | null },
) => AsyncIterable<Decision | Approval>;

/** Adds `approve` or `reject`, which differ in what they do and in their words only. */
export function defineDecision(
  program: Command,
  context: Context,
  words: { readonly name: "approve" | "reject"; readonly description: string; readonly examples: string },
  decide: Decide,
): void {
  program
    .command(words.name)
    .argument("<sha256...>", "pending certificates, each by the beginning of its SHA-256")
    .description(words.description)
    .option(
      "--address <address>",
      "under this address (repeatable); needed where it is pending under several",
      repeated,
    )
    .option("--reason <text>", "why, for the audit trail; the partner is not told")
    .option("--silent", "do not tell the partner")
    .addHelpText("after", words.examples)
    .action((sha256: readonly string[], options: DecisionOptions) =>
      withStore(context, "write", async (store, config) => {
        const request = { sha256, addresses: options.address ?? [] };
        const write = options.silent === true ? null : await writer(config, store, context);
        const change = changeNow(context, options.reason);
        const decideAll = async (ask: AskCa | null) => {
          const options = { policy: config.policy, write, ask };
          for await (const decision of decide(store, request, change, options)) print(decision, context);
        };
        await (words.name === "approve" ? withAskCa(config, store, context, decideAll) : decideAll(null));
      }),
    );
}

async function writer(config: Config, store: Store, context: Context): Promise<Write> {
  const voice = await openVoice(config, store);
  return (letter) => renderLetter(letter, voice, context.now());
}

function print(decision: Decision | Approval, context: Context): void {
  const { certificate, holdings } = decision;
  const asked = "asked" in decision ? decision.asked : null;
  const unanswered = asked === null ? null : unansweredWarning(certificate.sha256, asked);
  for (const warning of [...warnings(decision), ...(unanswered === null ? [] : [unanswered])]) {
    context.terminal.err(`keybot: warning: ${escapeControl(warning)}\n`);
  }
  for (const { address, from, to, told, untold, authenticated } of holdings) {
    const mail =
      told === null ? `no mail goes out (${untold ?? ""})` : `a mail to ${told} waits in the outbox`;
    const done = to === "active" ? "approved" : "rejected";
    printChange(
      context,
      `${done} ${short(certificate.sha256)} under ${marked(address)}: ${from} before, ${to} now; ${mail}`,
      {
        action: done,
        certificate: certificate.sha256,
        address,
        from,
        to,
        told,
        authenticated,
        ...(asked === null ? {} : { revocation: asked.revocation }),
      },
    );
  }
}

/** What may have changed since the person who decides looked, and what he must know of the sender. */
function warnings({ certificate, holdings, undecided }: Decision): readonly string[] {
  const fingerprint = short(certificate.sha256);
  const ofHoldings = holdings.flatMap((holding) => {
    const since = holding.since.map(
      ({ sha256, status, at }) => `${short(sha256)} (${status}, ${minute(at)} UTC)`,
    );
    return [
      ...(holding.to === "active" && !holding.authenticated
        ? [
            `${marked(holding.address)}: the sender was not authenticated, anybody can have written the address`,
          ]
        : []),
      ...(since.length === 0
        ? []
        : [`since ${fingerprint} waits, ${marked(holding.address)} also got ${since.join(", ")}`]),
    ];
  });
  return undecided.length === 0
    ? ofHoldings
    : [
        ...ofHoldings,
        `${fingerprint} is pending under ${undecided.map(senderOf).join(", ")} too; that was not decided`,
      ];
}
