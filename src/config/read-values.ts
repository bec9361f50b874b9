import type { Key, Table } from "./key.ts";
import { Refusal, show } from "./kind.ts";
import { nearest } from "./nearest.ts";
import { keyName, TABLES, type Values } from "./schema.ts";
import { keyFault, type Source } from "./source.ts";

/** A parsed TOML table. */
export type TomlTable = Readonly<Record<string, unknown>>;

/**
 * Reads every key of the schema out of a parsed file.
 *
 * @param folder absolute folder that relative paths start at
 * @throws KeybotError `config` for the first unknown, missing or wrong key
 */
export function readValues(source: Source, document: TomlTable, folder: string): Values {
  const written = new Map<string, TomlTable>();
  collect(source, "", document, written);
  const values: Record<string, Record<string, unknown>> = {};
  for (const [name, table] of TABLES) {
    const given = written.get(name) ?? {};
    const read: Record<string, unknown> = {};
    for (const [key, entry] of Object.entries(table.keys)) {
      read[key] = readKey(source, name, key, entry, given[key], folder);
    }
    values[name] = read;
  }
  // The loop fills exactly the keys of SCHEMA, each by its own kind, which is what Values says.
  return values as unknown as Values;
}

/** Checks that each name is a key or a table, and notes every table by its dotted name. */
function collect(source: Source, name: string, document: TomlTable, written: Map<string, TomlTable>): void {
  written.set(name, document);
  const table = TABLES.get(name);
  if (table === undefined) return;
  for (const [key, value] of Object.entries(document)) {
    if (Object.hasOwn(table.keys, key)) continue;
    const inner = keyName(name, key);
    if (!TABLES.has(inner)) throw unknown(source, name, key, table);
    if (!isTable(value)) {
      throw keyFault(source, "config.value", name, key, `is ${show(value)}; it must be a table`);
    }
    collect(source, inner, value, written);
  }
}

function isTable(value: unknown): value is TomlTable {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function readKey(
  source: Source,
  table: string,
  key: string,
  entry: Key<unknown>,
  given: unknown,
  folder: string,
): unknown {
  if (given === undefined && entry.presence === "required") {
    throw keyFault(
      source,
      "config.missing",
      table,
      key,
      "is missing",
      `add to ${table === "" ? "the top of the file" : `[${table}]`}: ${key} = ${JSON.stringify(entry.example)}`,
    );
  }
  const raw = given ?? entry.fallback;
  if (raw === null) return null;
  const value = entry.kind.read(raw, folder);
  if (!(value instanceof Refusal)) return value;
  const is = entry.kind.quotable ? `is ${show(raw)}` : "cannot be used";
  const sentence = value.sentence ?? `${is}; it must be ${entry.kind.must}`;
  throw keyFault(source, "config.value", table, key, sentence, value.why);
}

/** Keys that people write and that keybot does not take on purpose: what to do instead. */
const NOT_TAKEN: ReadonlyMap<string, string> = new Map([
  ["imap.oauth2", "is not available yet; use imap.password_file"],
  ["smtp.oauth2", "is not available yet; use smtp.password_file"],
]);

function unknown(source: Source, table: string, key: string, known: Table) {
  const name = keyName(table, key);
  const notTaken = NOT_TAKEN.get(name);
  if (notTaken !== undefined) return keyFault(source, "config.not-available", table, key, notTaken);
  if (Object.hasOwn(known.keys, `${key}_file`)) {
    return keyFault(
      source,
      "config.inline-secret",
      table,
      key,
      "must not stand in this file",
      `write it into a file of its own, chmod 600, and name that: ${key}_file = "secrets/${table}"; ` +
        `or set KEYBOT_${name.replace(".", "_").toUpperCase()}`,
    );
  }
  return keyFault(
    source,
    "config.unknown-key",
    table,
    key,
    "is not a key of keybot",
    suggestion(table, key, known),
  );
}

/** The nearest key of this table, else a key of the same name elsewhere, else a near one elsewhere. */
function suggestion(table: string, key: string, known: Table): string | null {
  const inner = [...TABLES.keys()].filter((name) => name !== "" && parentOf(name) === table);
  const siblings = [
    ...Object.keys(known.keys),
    ...inner.map((name) => name.slice(name.lastIndexOf(".") + 1)),
  ];
  const sibling = nearest(key, siblings);
  if (sibling !== null) return `did you mean ${keyName(table, sibling)}?`;
  for (const [name, other] of TABLES) {
    if (Object.hasOwn(other.keys, key))
      return `it belongs ${name === "" ? "above the first table" : `in [${name}]`}`;
  }
  const all = [...TABLES].flatMap(([name, other]) =>
    Object.keys(other.keys).map((one) => keyName(name, one)),
  );
  const near = nearest(keyName(table, key), all);
  return near === null ? "docs/CONFIG.md lists every key" : `did you mean ${near}?`;
}

function parentOf(table: string): string {
  return table.includes(".") ? table.slice(0, table.lastIndexOf(".")) : "";
}
