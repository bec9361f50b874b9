import type { Command } from "commander";
import { lookUp } from "../../admin/index.ts";
import { KeybotError } from "../../errors.ts";
import { toPem } from "../../pki/index.ts";
import type { Context } from "../context.ts";
import { examples } from "../examples.ts";
import { jsonLine } from "../json.ts";
import { withStore } from "../with-store.ts";

/** `keybot lookup ADDRESS`: what to encrypt to. */
export function define(program: Command, context: Context): void {
  program
    .command("lookup")
    .argument("<address>", "a partner")
    .description("print every certificate to encrypt to now, best first, as PEM")
    .option("--der", "the best one alone, as DER")
    .addHelpText(
      "after",
      examples(
        ["keybot lookup alice@partner.example > alice.pem", "exit 3 when there is none"],
        ["keybot lookup --der alice@partner.example > alice.cer", "the best one, as mail programs import it"],
      ),
    )
    .action((address: string, options: { readonly der?: boolean }) => lookup(address, options, context));
}

async function lookup(address: string, { der }: { readonly der?: boolean }, context: Context): Promise<void> {
  const { terminal, options } = context;
  if (der === true && options.json)
    throw new KeybotError("usage", "cli.option", "--der and --json exclude each other");
  const found = await withStore(context, "read", (store, config) => {
    const { exactLocalPart } = config.policy.certificates;
    return lookUp(store, address, { exactLocalPart, now: context.now() });
  });
  for (const certificate of der === true ? found.slice(0, 1) : found) {
    if (options.json) terminal.out(jsonLine(certificate.record));
    else terminal.out(der === true ? certificate.der : toPem(certificate.der, "CERTIFICATE"));
  }
}
