import type { Key, Table } from "./key.ts";
import { writeToml } from "./render.ts";
import { TABLES } from "./schema.ts";

const INTRODUCTION = `# Configuration

*Made from \`src/config/schema.ts\`; change it there.*

keybot reads the first of these files that is named or found: \`--config FILE\`, \`$KEYBOT_CONFIG\`, \`./keybot.toml\`,
\`/etc/keybot/keybot.toml\`. \`keybot init\` writes one, \`data/keybot.example.toml\` is one with every key, and
\`keybot doctor\` checks it.

- The file is [TOML](https://toml.io). A key that keybot does not know is an error, and so is a value of the wrong kind.
- A key that is absent has its default, so that an old file runs with a new keybot.
- Paths are relative to the file.
- Passwords never stand in the file. \`NAME_file\` names a file that holds one (a newline at its end does not count),
  private to its owner; or the environment variable does that is named here, and wins. Both are read when they are used,
  so a changed password file counts from the next connection on.

| secret | file | environment |
| --- | --- | --- |
| IMAP password | \`imap.password_file\` | \`KEYBOT_IMAP_PASSWORD\` |
| SMTP password | \`smtp.password_file\` | \`KEYBOT_SMTP_PASSWORD\` |
| password of the signing key | \`signing.key_password_file\` | \`KEYBOT_SIGNING_KEY_PASSWORD\` |
`;

/** docs/CONFIG.md: every key with its kind, its default and its sentences. */
export function configReference(): string {
  return [INTRODUCTION, ...[...TABLES].map(([name, table]) => tableText(name, table))].join("\n");
}

function tableText(name: string, table: Table): string {
  const title = name === "" ? "## Top of the file" : `## \`[${name}]\``;
  const keys = Object.entries(table.keys).map(([key, entry]) => keyText(key, entry));
  return `${title}\n\n${table.doc}\n\n${keys.join("\n")}`;
}

function keyText(key: string, entry: Key<unknown>): string {
  const { example: raw, fallback } = entry;
  const example =
    raw === null || String(raw) === String(fallback) ? "" : ` Example: \`${key} = ${writeToml(raw)}\`.`;
  return `- **\`${key}\`**: ${entry.kind.name}; ${absence(entry)}. ${entry.doc}${example}\n`;
}

function absence(entry: Key<unknown>): string {
  switch (entry.presence) {
    case "required":
      return "required";
    case "default":
      return `default \`${writeToml(entry.fallback ?? "")}\``;
    case "recommended":
      return "recommended";
    case "optional":
      return "optional";
    default:
      return entry.presence satisfies never;
  }
}
