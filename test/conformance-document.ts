/** The tables of `docs/conformance.md` that are made from the tables of the tests; the words around them are a person's. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CLASSES } from "./differential/classes.ts";
import { DEFECTS, type Defect, PURPOSES, refuserOf } from "./pki/chain-defects.ts";
import { DEVIATIONS, NOT_APPLICABLE } from "./pki/limbo-deviations.ts";

const ROOT = join(import.meta.dirname, "..");
export const DOCUMENT = join(ROOT, "docs/conformance.md");

/** Each made table by the name that stands in its opening comment. */
const TABLES: Readonly<Record<string, () => string>> = {
  "limbo departures": () => table(["case", "why"], idsAndReasons(DEVIATIONS)),
  "limbo not about paths": () => table(["case", "why"], idsAndReasons(NOT_APPLICABLE)),
  "chain differences": () => table(["defect", "refused by", "section", "why"], chainDifferences()),
  "chain agreements": () => agreements(),
  "generated classes": () =>
    table(["what keybot accepts", "refused by", "section", "why it stands"], classRows()),
  "path differences": () =>
    table(
      ["rule", "OpenSSL", "because it"],
      ["test/pki/path.test.ts", "test/pki/crl-check.test.ts"].flatMap(differingRows),
    ),
};

function classRows(): string[][] {
  return CLASSES.map(({ name, judges, section, why }) => [name, judges, section, why]);
}

/** The document with each made table as it should be. Throws where one has no place in it. */
export function withTables(text: string): string {
  return Object.entries(TABLES).reduce((document, [name, make]) => {
    const [start, end] = [`<!-- made: ${name} -->\n`, "<!-- end -->"];
    const from = document.indexOf(start);
    const to = document.indexOf(end, from);
    if (from < 0 || to < 0) throw new Error(`no place for the table "${name}"`);
    return `${document.slice(0, from + start.length)}\n${make()}\n${document.slice(to)}`;
  }, text);
}

/** The reasons for which a vector of `test/vectors` is answered otherwise by OpenSSL. */
export function vectorReasons(): string[] {
  return ["accepting", "answering", "settled"].flatMap((file) =>
    [...source(`test/vectors/${file}.ts`).matchAll(/divergence: \{\s*(?:signature|path):\s*"([^"]+)"/g)].map(
      ([, reason = ""]) => reason,
    ),
  );
}

function idsAndReasons(rows: Readonly<Record<string, string>>): string[][] {
  return Object.entries(rows).map(([id, why]) => [`\`${id}\``, why]);
}

function chainDifferences(): string[][] {
  return DEFECTS.filter(({ because }) => because !== undefined).map((defect) => [
    `\`${defect.id}\``,
    refuserText(defect),
    defect.section,
    defect.because ?? "",
  ]);
}

function refuserText(defect: Defect): string {
  if (typeof defect.refusedBy === "string") return defect.refusedBy;
  return PURPOSES.filter((purpose) => refuserOf(defect, purpose) !== "nobody")
    .map((purpose) => `${refuserOf(defect, purpose)} (${purpose})`)
    .join(", ");
}

function agreements(): string {
  const same = DEFECTS.filter(({ because }) => because === undefined).map(({ id }) => `\`${id}\``);
  return `${same.join(", ")}.\n`;
}

/** Rows of a table of rules that say what OpenSSL answers instead: read from the source, as the rows are the test's own. */
function differingRows(file: string): string[][] {
  const rows = source(file).matchAll(
    /rule:\s*"([^"]+)"(?:(?!rule:)[\s\S])*?openssl: \[(true|false),\s*"([^"]+)"\]/g,
  );
  return [...rows].map(([, rule = "", accepts, because = ""]) => [
    rule,
    accepts === "true" ? "accepts" : "refuses",
    because,
  ]);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;
  return line(head) + line(head.map(() => "---")) + rows.map(line).join("");
}

function source(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}
