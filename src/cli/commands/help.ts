import type { Command } from "commander";

import { KeybotError } from "../../errors.ts";
import type { Context } from "../context.ts";
import { EXIT_CODES } from "../exit.ts";

/** `keybot help [TOPIC…]`: the commands, one command, or a topic that is no command. */
export function define(program: Command, context: Context): void {
  program
    .command("help")
    .argument("[topic...]", "a command, or exit-codes")
    .description("explain a command or a topic")
    .action((topic: readonly string[]) => {
      context.terminal.out(topic[0] === "exit-codes" ? exitCodes() : commandHelp(program, topic));
    });
  program.addHelpText("after", "\nTopics: keybot help exit-codes");
}

function exitCodes(): string {
  return `Exit codes:\n${EXIT_CODES.map(([code, meaning]) => `  ${code}  ${meaning}\n`).join("")}`;
}

function commandHelp(program: Command, names: readonly string[]): string {
  let command = program;
  for (const name of names) {
    const inner = command.commands.find((one) => one.name() === name);
    if (inner === undefined) {
      throw new KeybotError("usage", "cli.no-topic", `there is no command "${names.join(" ")}"`, {
        hint: "keybot help lists the commands",
      });
    }
    command = inner;
  }
  // Not helpInformation(), which leaves out the examples that addHelpText() put below it.
  let text = "";
  command.configureOutput({ ...command.configureOutput(), writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}
