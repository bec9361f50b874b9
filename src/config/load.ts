import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { parse, TomlError } from "smol-toml";

import { KeybotError, messageOf } from "../errors.ts";
import { type Config, configOf } from "./config.ts";
import { readValues, type TomlTable } from "./read-values.ts";
import { type Environment, Secret } from "./secret.ts";
import type { Source } from "./source.ts";

/**
 * Reads a configuration file.
 *
 * Secrets are not read here, but when they are used (`requireSecrets` asks for all of them at once).
 *
 * @param file path, absolute or relative to the working directory
 * @param env environment variables, for secrets
 * @throws KeybotError `config` that names the file, the line and the key, and says what to do
 */
export async function loadConfig(file: string, env: Environment): Promise<Config> {
  const path = resolve(file);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    throw new KeybotError(
      "config",
      "config.unreadable",
      missing ? `there is no ${path}` : `${path} cannot be read (${messageOf(cause)})`,
      { cause, ...(missing ? { hint: "keybot init writes one" } : {}) },
    );
  }
  return parseConfig({ file: path, text }, env);
}

/**
 * The configuration that a text describes.
 *
 * @param source absolute path and text; relative paths in it start at the folder of that path
 * @throws KeybotError `config`, as `loadConfig`
 */
export function parseConfig(source: Source, env: Environment): Config {
  const values = readValues(source, parseToml(source), dirname(source.file));
  return deepFreeze(configOf(source, values, env));
}

/**
 * Reads every secret that the servers need, so that a missing one is told before anything is done.
 *
 * @throws KeybotError `config` for the first secret that cannot be had
 */
export function requireSecrets(config: Config): void {
  config.imap.password.reveal();
  config.smtp.login?.password.reveal();
  config.signing?.keyPassword?.reveal();
}

function parseToml(source: Source): TomlTable {
  try {
    // A file of ours nests three deep; `__proto__` and `constructor` are no keys of ours.
    return parse(source.text, { maxDepth: 8, unsafeKeyBehaviour: "throw" });
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    // The first line of the message is the reason; the rest repeats the text, in which a secret may stand.
    const reason = cause.message.split("\n", 1)[0]?.replace(/^Invalid TOML document: /, "") ?? "";
    throw new KeybotError(
      "config",
      "config.syntax",
      `${source.file}:${cause.line}: this is not TOML: ${reason}`,
      { hint: `look at column ${cause.column}; a text needs quotes, a key stands once` },
    );
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    if (!(value instanceof Secret)) for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
