import type { Command } from "commander";
import { restore } from "../../admin/index.ts";
import type { Rejudged } from "../../store/index.ts";
import { marked } from "../../text.ts";
import { changeNow } from "../actor.ts";
import { withAskCa } from "../ask-ca.ts";
import type { Context } from "../context.ts";
import { examples } from "../examples.ts";
import { printChange, short } from "../result.ts";
import { withStore } from "../with-store.ts";

/** `keybot restore SHA256`: lifts a local revocation and judges again. */
export function define(program: Command, context: Context): void {
  program
    .command("restore")
    .argument("<sha256>", "a revoked certificate, by the beginning of its SHA-256")
    .description("lift a local revocation: the key is judged again, and active only if it is beyond doubt")
    .option("--reason <text>", "why, for the audit trail")
    .addHelpText(
      "after",
      examples(["keybot restore 3f2a9c1d --reason 'wrong key revoked'", "says what became of it"]),
    )
    .action((sha256: string, options: { readonly reason?: string }) =>
      withStore(context, "write", async (store, config) => {
        const change = changeNow(context, options.reason);
        const { spkiSha256, judged } = await withAskCa(config, store, context, (ask) =>
          restore(store, sha256, change, { policy: config.policy, ask }),
        );
        printChange(context, `lifted the bar on the public key ${short(spkiSha256)}`, {
          action: "unbarred",
          spkiSha256,
        });
        for (const one of judged) print(one, context);
      }),
    );
}

function print({ certificate, address, status, findings }: Rejudged, context: Context): void {
  const decisive = findings.find(({ severity }) => severity === (status === "pending" ? "warning" : "error"));
  const why = status === "active" || decisive === undefined ? "" : ` (${decisive.code}: ${decisive.detail})`;
  printChange(context, `judged ${short(certificate)} under ${marked(address)} again: ${status}${why}`, {
    action: "judged",
    certificate,
    address,
    from: "revoked",
    to: status,
    findings,
  });
}
