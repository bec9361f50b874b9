import type { Command } from "commander";
import { planRevocation, type Revocation, revoke } from "../../admin/index.ts";
import { escapeControl } from "../../log.ts";
import type { ChangedHolding } from "../../store/index.ts";
import { marked } from "../../text.ts";
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
      "a certificate by the beginning of its SHA-256, or all that names an address",
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
          "every key of the certificates there that name her; she may send a new one",
        ],
      ),
    )
    .action((target: string, options: RevokeOptions) => revokeTarget(target, options, context));
}

async function revokeTarget(target: string, options: RevokeOptions, context: Context): Promise<void> {
  await withStore(context, "write", async (store, config) => {
    const change = changeNow(context, options.reason);
    const plan = await planRevocation(store, target, {
      exactLocalPart: config.policy.certificates.exactLocalPart,
      now: change.at,
    });
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

/** More fingerprints would be no help. */
const NAMED = 5;

/** What a person must know before the answer, also with `--yes` and `--quiet`. */
function warn({ address, others, published, untouched }: Revocation, { terminal }: Context): void {
  if (others.length > 0) {
    const shares = address === null ? "it is also stored under" : "the same key is also stored under";
    terminal.err(`keybot: warning: ${shares} ${escapeControl(others.map(marked).join(", "))}\n`);
  }
  if (untouched.length > 0) {
    const count = untouched.length === 1 ? "1 certificate" : `${untouched.length} certificates`;
    const named = untouched.slice(0, NAMED).map(short).join(", ");
    const more = untouched.length > NAMED ? ", …" : "";
    terminal.err(
      `keybot: warning: ${count} stored under ${escapeControl(marked(address ?? ""))} of other people, not touched: ${named}${more}\n`,
    );
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
  const what = address === null ? "" : ` of ${marked(address)}`;
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
    printChange(context, `revoked ${short(certificate)} under ${marked(address)}: ${from} before`, {
      action: "revoked",
      certificate,
      address,
      from,
      to,
    });
  }
}
