/** The tables of `docs/conformance.md` that are made from the tables of the tests; the words around them are a person's. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { casesOf, JUDGES, verdictOn } from "./corpora/revocation.ts";
import { differenceOf } from "./corpora/revocation-differences.ts";
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
  "revocation agreement": () =>
    table(["class", "cases", "OpenSSL", "JDK", "Bouncy Castle"], revocationAgreement()),
  "revocation differences": () =>
    table(["cases", "keybot", "others", "section", "why"], revocationDifferences()),
  "path differences": () =>
    table(
      ["rule", "OpenSSL", "because it"],
      ["test/pki/path.test.ts", "test/pki/crl-check.test.ts"].flatMap(differingRows),
    ),
};

function classRows(): string[][] {
  return CLASSES.map(({ name, judges, section, why }) => [name, judges, section, why]);
}

const REVOCATION_CASES = [...casesOf("ocsp"), ...casesOf("crl")];

/** Of each class, with how many of those that a judge was asked about he agrees and differs. */
function revocationAgreement(): string[][] {
  const classes = [...new Set(REVOCATION_CASES.map(({ cls }) => cls))];
  const rows = classes.map((cls) => [cls, REVOCATION_CASES.filter((one) => one.cls === cls)] as const);
  return [...rows, ["all", REVOCATION_CASES] as const].map(([cls, cases]) => [
    cls,
    String(cases.length),
    ...JUDGES.map((judge) => {
      const asked = cases.filter(({ theirs }) => theirs[judge] !== undefined);
      const agree = asked.filter((one) => one.theirs[judge] === verdictOn(one)).length;
      return asked.length === 0 ? "not asked" : `${agree} agree, ${asked.length - agree} differ`;
    }),
  ]);
}

/** The differences of the revocation corpus, those together that have the same words and the same reason. */
function revocationDifferences(): string[][] {
  const groups = new Map<string, { readonly ids: string[]; readonly cells: readonly string[] }>();
  for (const one of REVOCATION_CASES) {
    const ours = verdictOn(one);
    const theirs = JUDGES.filter((judge) => (one.theirs[judge] ?? ours) !== ours);
    if (theirs.length === 0) continue;
    const { section = "", why = "" } = differenceOf(one.id) ?? {};
    const others = theirs.map((judge) => `${JUDGE_NAMES[judge]} ${one.theirs[judge]}`).join(", ");
    const cells = [ours, others, section, why];
    const group = groups.get(cells.join("|")) ?? { ids: [], cells };
    group.ids.push(`\`${one.id}\``);
    groups.set(cells.join("|"), group);
  }
  return [...groups.values()].map(({ ids, cells }) => [ids.join(", "), ...cells]);
}

const JUDGE_NAMES = { openssl: "OpenSSL", jdk: "JDK", bc: "Bouncy Castle" } as const;

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
