import type { FindingCode } from "../inspect/index.ts";
import { parseSection, type Section, splitSections } from "./section.ts";
import { COMMON_PLACEHOLDERS, FINDING_PLACEHOLDERS, TEXT_FILES, type TextFile } from "./text-files.ts";

type Common = (typeof COMMON_PLACEHOLDERS)[number];
type SectionsOf<F extends Record<string, readonly string[]>> = {
  readonly [S in keyof F]: Section<F[S][number] | Common>;
};
type FindingSection = Section<Common | (typeof FINDING_PLACEHOLDERS)[number]>;

/** What one finding says to a partner: what is the matter, and what to do about it. */
export interface FindingText {
  readonly what: FindingSection;
  readonly todo: FindingSection;
}

/** All texts of one language, parsed and complete. */
export type LanguageTexts = {
  readonly [F in TextFile]: SectionsOf<(typeof TEXT_FILES)[F]>;
} & {
  /** The language tag (RFC 5646), as in Content-Language. */
  readonly language: string;
  readonly months: readonly string[];
  readonly findings: Readonly<Record<FindingCode, FindingText>>;
};

/** The languages of every reply, in the order in which they stand in it. */
export type Texts = readonly LanguageTexts[];

/** What `parseTexts` made of the files; the problems name file and section, all of them at once. */
export type ParsedTexts =
  | { readonly ok: true; readonly texts: Texts }
  | { readonly ok: false; readonly problems: readonly string[] };

/**
 * Parses the text files of an installation and refuses what would show only in a reply: a missing file or section,
 * one too many, an unknown placeholder, a finding without words.
 * @param files path below the texts' folder (as `requiredTextFiles` names them) → content
 * @param languages language tags in the order of the reply, at least one
 * @param findingCodes every code of the table of findings
 */
export function parseTexts(given: {
  readonly files: Readonly<Record<string, string>>;
  readonly languages: readonly string[];
  readonly findingCodes: readonly FindingCode[];
}): ParsedTexts {
  const problems: string[] = given.languages.length === 0 ? ["no language is configured"] : [];
  const texts = given.languages.map((language) => {
    // RFC 5646 §2.1, the part of it that can name a folder; it ends in a header and in a path.
    if (!/^[a-z]{2,3}(-[A-Za-z0-9]{1,8})*$/.test(language)) problems.push(`${language}: not a language tag`);
    return parseLanguage(language, given.files, given.findingCodes, problems);
  });
  return problems.length === 0 ? { ok: true, texts } : { ok: false, problems };
}

function parseLanguage(
  language: string,
  contents: Readonly<Record<string, string>>,
  findingCodes: readonly FindingCode[],
  problems: string[],
): LanguageTexts {
  const read = (name: string): Map<string, string> => {
    const path = `${language}/${name}.txt`;
    const file = Object.hasOwn(contents, path) ? contents[path] : undefined;
    if (file === undefined) problems.push(`${path}: the file is missing`);
    const { sections, problems: faults } = splitSections(file ?? "");
    problems.push(...faults.map((fault) => `${path}: ${fault}`));
    return new Map(sections.map(({ name: section, text }) => [section, text]));
  };
  const parsed = Object.entries(TEXT_FILES).map(([name, sections]) => {
    return [name, parseFile(`${language}/${name}.txt`, read(name), sections, problems)] as const;
  });
  // The table drove the loop, so the shape is the table's; the compiler cannot see that through Object.entries.
  const files = Object.fromEntries(parsed) as Pick<LanguageTexts, TextFile>;
  const findings = parseFindings(`${language}/findings.txt`, read("findings"), findingCodes, problems);
  const months = parseMonths(`${language}/frame.txt`, files.frame.months, problems);
  return { ...files, language, months, findings };
}

function parseFile(
  path: string,
  sections: ReadonlyMap<string, string>,
  table: Readonly<Record<string, readonly string[]>>,
  problems: string[],
): Readonly<Record<string, Section>> {
  reportOdd(path, sections, Object.keys(table), problems);
  return Object.fromEntries(
    Object.entries(table).map(([name, placeholders]) => {
      const parsed = parseSection(sections.get(name) ?? "", [...COMMON_PLACEHOLDERS, ...placeholders]);
      if (sections.has(name)) problems.push(...parsed.problems.map((fault) => `${path}: [${name}] ${fault}`));
      return [name, parsed.section];
    }),
  );
}

function parseFindings(
  path: string,
  sections: ReadonlyMap<string, string>,
  codes: readonly FindingCode[],
  problems: string[],
): LanguageTexts["findings"] {
  reportOdd(path, sections, codes, problems);
  const entries = codes.map((code): [string, FindingText] => {
    const [what = "", todo = "", ...more] = (sections.get(code) ?? "").split(/\n{2,}/);
    const parsed = [what, todo].map((text) =>
      parseSection(text.replaceAll("\n", " "), [...COMMON_PLACEHOLDERS, ...FINDING_PLACEHOLDERS]),
    );
    const faults = parsed.flatMap((one) => one.problems);
    if (todo === "" || more.length > 0) faults.push("needs two paragraphs: what it is, and what to do");
    if (sections.has(code)) problems.push(...new Set(faults.map((fault) => `${path}: [${code}] ${fault}`)));
    const [first = { parts: [] }, second = { parts: [] }] = parsed.map((one) => one.section);
    return [code, { what: first, todo: second }];
  });
  return Object.fromEntries(entries) as LanguageTexts["findings"];
}

function reportOdd(
  path: string,
  sections: ReadonlyMap<string, string>,
  wanted: readonly string[],
  problems: string[],
): void {
  for (const name of wanted) if (!sections.has(name)) problems.push(`${path}: [${name}] is missing`);
  for (const name of sections.keys()) {
    if (!wanted.includes(name)) problems.push(`${path}: [${name}] is not known`);
  }
}

function parseMonths(path: string, section: Section, problems: string[]): readonly string[] {
  const months = section.parts
    .map(String)
    .join("")
    .split(",")
    .map((month) => month.trim());
  if (months.length !== 12 || months.includes("")) problems.push(`${path}: [months] needs twelve names`);
  return months;
}
