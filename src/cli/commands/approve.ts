import type { Command } from "commander";
import { approve } from "../../admin/index.ts";
import type { Context } from "../context.ts";
import { examples } from "../examples.ts";
import { defineDecision } from "./decision.ts";

/** `keybot approve SHA256…`: a pending certificate becomes active, and the partner is told. */
export function define(program: Command, context: Context): void {
  const words = {
    name: "approve",
    description: "approve a pending certificate, pin its address, and tell the partner",
    examples: examples(
      ["keybot approve 3f2a9c1d --reason 'compared by telephone'", "active from now on"],
      [
        "keybot approve 3f2a9c1d --address bob@partner.example",
        "under this address alone, though it came for others too",
      ],
      ["keybot approve 3f2a9c1d 77e0b2a4 --silent", "two at once, without a mail to the partner"],
    ),
  } as const;
  defineDecision(program, context, words, approve);
}
