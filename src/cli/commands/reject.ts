import type { Command } from "commander";
import { reject } from "../../admin/index.ts";
import type { Context } from "../context.ts";
import { examples } from "../examples.ts";
import { defineDecision } from "./decision.ts";

/** `keybot reject SHA256…`: a pending certificate is turned away, and the partner is told. */
export function define(program: Command, context: Context): void {
  const words = {
    name: "reject",
    description: "reject a pending certificate, and tell the partner",
    examples: examples(
      ["keybot reject 3f2a9c1d --reason 'nobody by that name'", "it does not become pending again"],
      [
        "keybot reject 3f2a9c1d --address bob@partner.example",
        "under this address alone, though it came for others too",
      ],
      ["keybot reject 3f2a9c1d 77e0b2a4 --silent", "two at once, without a mail to the partner"],
    ),
  } as const;
  defineDecision(program, context, words, reject);
}
