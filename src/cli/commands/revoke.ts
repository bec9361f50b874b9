import type { Command } from "commander";
import { planRevocation, type Revocation, revoke } from "../../admin/index.ts";
import { escapeControl } from "../../log.ts";
import type { ChangedHolding } from "../../store/index.ts";
import { changeNow } from "../actor.ts";
import type { Context } from "../context.ts";
import { examples } from "../examples.ts";
import { notConfirmed } from "../exit.ts";
import { printChange, short } from "../result.ts";
import { withStore } from "../with-store.ts";

interface RevokeOptions {
  readonly reason?: string;
  readonly yes?: boolean;
}

/** `keybot revoke SHA256|ADDRESS`: bars a public key for every address. */
export function define(program: Command, context: Context): void {
  program
    .command("revoke")
    .argument(
      "<sha256|address>",
      "a certificate by the beginning of its SHA-256, or everything under an address",
    )
    .description("revoke locally, by public key: the key is barred for every address")
    .option("--reason <text>", "why, for the audit trail")
    .option("--yes", "do not ask")
    .addHelpText(
      "after",
      examples(
        [
          "keybot revoke 3f2a9c1d --reason 'key lost'",
          "asks first, and names every address that it concerns",
        ],
        [
          "keybot revoke alice@partner.example --yes",
          "every key now stored under the address; she may send a new one",
        ],
      ),
    )
    .action((target: string, options: RevokeOptions) => revokeTarget(target, options, context));
}

async function revokeTarget(target: string, options: RevokeOptions, context: Context): Promise<void> {
  await withStore(context, "write", async (store) => {
    const change = changeNow(context, options.reason);
    const plan = await planRevocation(store, target, change.at);
    warn(plan, context);
    if (plan.done) {
      context.note("revoked already; nothing was changed");
      return;
    }
    if (!(await context.terminal.confirm(question(plan), { yes: options.yes === true })))
      throw notConfirmed();
    print(plan, await revoke(store, plan, change), context);
  });
}

/** What a person must know before the answer, also with `--yes` and `--quiet`. */
function warn({ address, others, published }: Revocation, { terminal }: Context): void {
  if (others.length > 0) {
    const shares = address === null ? "it is also stored under" : "the same key is also stored under";
    terminal.err(`keybot: warning: ${shares} ${escapeControl(others.join(", "))}\n`);
  }
  if (published.length > 0) {
    const ours = escapeControl(published.join(", "));
    terminal.err(
      `keybot: warning: our own ${ours} publishes this key and goes on; see keybot mailbox remove\n`,
    );
  }
}

function question({ address, keys }: Revocation): string {
  const count = keys.length === 1 ? "one public key" : `${keys.length} public keys`;
  const addresses = new Set(keys.flatMap((key) => key.addresses)).size;
  const what = address === null ? "" : ` of ${address}`;
  return `bar ${count}${what} for every address (now stored under ${addresses})?`;
}

function print(plan: Revocation, changed: readonly ChangedHolding[], context: Context): void {
  for (const { spkiSha256, barred } of plan.keys) {
    if (barred !== null) continue;
    printChange(context, `barred the public key ${short(spkiSha256)} for every address`, {
      action: "barred",
      spkiSha256,
    });
  }
  for (const { certificate, address, from, to } of changed) {
    printChange(context, `revoked ${short(certificate)} under ${address}: ${from} before`, {
      action: "revoked",
      certificate,
      address,
      from,
      to,
    });
  }
}
