import type { Command } from "commander";
import type { approve, Decision, DecisionRequest, reject, Write } from "../../admin/index.ts";
import type { Config } from "../../config/index.ts";
import { renderLetter } from "../../robot/index.ts";
import type { Store } from "../../store/index.ts";
import { changeNow } from "../actor.ts";
import type { Context } from "../context.ts";
import { openVoice } from "../installation.ts";
import { printChange, short } from "../result.ts";
import { withStore } from "../with-store.ts";

interface DecisionOptions {
  readonly address?: string;
  readonly reason?: string;
  readonly silent?: boolean;
}

/** Adds `approve` or `reject`, which differ in what they do and in their words only. */
export function defineDecision(
  program: Command,
  context: Context,
  words: { readonly name: "approve" | "reject"; readonly description: string; readonly examples: string },
  decide: typeof approve | typeof reject,
): void {
  program
    .command(words.name)
    .argument("<sha256>", "a pending certificate, by the beginning of its SHA-256")
    .description(words.description)
    .option("--address <address>", "under this address only; else under each where it is pending")
    .option("--reason <text>", "why, for the audit trail; the partner is not told")
    .option("--silent", "do not tell the partner")
    .addHelpText("after", words.examples)
    .action((sha256: string, options: DecisionOptions) =>
      withStore(context, "write", async (store, config) => {
        const request: DecisionRequest = { sha256, address: options.address ?? null };
        const write = options.silent === true ? null : await writer(config, store, context);
        const change = changeNow(context, options.reason);
        print(await decide(store, request, change, { policy: config.policy, write }), context);
      }),
    );
}

async function writer(config: Config, store: Store, context: Context): Promise<Write> {
  const voice = await openVoice(config, store);
  return (letter) => renderLetter(letter, voice, context.now());
}

function print({ certificate, holdings }: Decision, context: Context): void {
  for (const { address, from, to, told, untold } of holdings) {
    const mail =
      told === null ? `no mail goes out (${untold ?? ""})` : `a mail to ${told} waits in the outbox`;
    const done = to === "active" ? "approved" : "rejected";
    printChange(
      context,
      `${done} ${short(certificate.sha256)} under ${address}: ${from} before, ${to} now; ${mail}`,
      {
        action: done,
        certificate: certificate.sha256,
        address,
        from,
        to,
        told,
      },
    );
  }
}
