import type { Key } from "./key.ts";
import { type Kind, type Raw, Refusal, show } from "./kind.ts";
import { keyName, TABLES } from "./schema.ts";

/** Values by key name, as they are to be written: `imap.host` → `imap.company.example`. */
export type Given = ReadonlyMap<string, Raw>;

const WIDTH = 100;

/**
 * A commented keybot.toml: the given keys are set, every other key stands there as a comment with its default.
 *
 * @param title first comment of the file, one sentence
 */
export function renderConfig(title: string, given: Given): string {
  const parts = [comment(title)];
  for (const [name, table] of TABLES) {
    const header = name === "" ? comment(table.doc) : `${comment(table.doc)}[${name}]\n`;
    const keys = Object.entries(table.keys).map(([key, entry]) =>
      renderKey(key, entry, given.get(keyName(name, key))),
    );
    parts.push(header + keys.join(""));
  }
  return `${parts.join("\n")}`;
}

/** The example configuration: what an installation sets is set, with the values of a German insurer. */
export function exampleConfig(): string {
  const given = new Map<string, Raw>();
  for (const [name, table] of TABLES) {
    for (const [key, entry] of Object.entries(table.keys)) {
      if (entry.presence !== "optional" && entry.example !== null)
        given.set(keyName(name, key), entry.example);
    }
  }
  return renderConfig("keybot.toml: copy it, change the names, and run: keybot doctor", given);
}

/**
 * What is wrong with a value, for whoever asks for one before there is a file.
 *
 * @param name a key name of the schema, `imap.host`
 * @returns what follows the name in an error ("must be …"), or null when the value is right
 */
export function faultOf(name: string, raw: Raw): string | null {
  const dot = name.lastIndexOf(".");
  const kind: Kind<unknown> | undefined = TABLES.get(dot < 0 ? "" : name.slice(0, dot))?.keys[
    name.slice(dot + 1)
  ]?.kind;
  if (kind === undefined) throw new TypeError(`${name} is no key of the schema`);
  const value = kind.read(raw, "/");
  if (!(value instanceof Refusal)) return null;
  return (value.sentence ?? `must be ${kind.must}`) + (value.why === null ? "" : ` (${value.why})`);
}

function renderKey(key: string, entry: Key<unknown>, given: Raw | undefined): string {
  const shown = given ?? entry.fallback ?? entry.example ?? "";
  const line = `${key} = ${writeToml(shown)}\n`;
  return `\n${comment(entry.doc)}${given === undefined ? `# ${line}` : line}`;
}

/** A value as TOML writes it; what JSON makes of our values is TOML too, but for the blanks in a list. */
export function writeToml(raw: Raw): string {
  if (typeof raw === "string") return JSON.stringify(raw);
  if (typeof raw !== "object") return show(raw);
  return `[${raw.map((one) => JSON.stringify(one)).join(", ")}]`;
}

function comment(text: string): string {
  const lines: string[] = [];
  let line = "#";
  for (const word of text.split(" ")) {
    if (line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = "#";
    }
    line += ` ${word}`;
  }
  return `${[...lines, line].join("\n")}\n`;
}
