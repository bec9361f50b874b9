/** Writes `docs/findings.md` from the table of findings and the words that a partner is told. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FINDINGS, type FindingCode } from "../../src/inspect/index.ts";
import { splitSections } from "../../src/reply/section.ts";

const ROOT = join(import.meta.dirname, "../..");
export const DOCUMENT = join(ROOT, "docs/findings.md");

/** The families of codes, in the order of the table. */
const FAMILIES: readonly (readonly [title: string, prefixes: readonly string[]])[] = [
  ["The signature over the mail", ["signature"]],
  ["The certificate, the address and the mail", ["cert", "address", "mail"]],
  ["The certification path", ["path"]],
  ["The history of the address", ["history"]],
  ["Revocation", ["revocation"]],
];

const HEAD = `# Findings

*Made from \`src/inspect/finding.ts\` and \`data/texts/en/findings.txt\` by \`KEYBOT_UPDATE=1 npx vitest run test/inspect\`;
change it there.*

Every reason that can stand behind a verdict. \`keybot inspect\`, \`keybot show\` and the replies name them by these codes, which
never change their meaning. What they decide together is told in [PRODUCT.md](PRODUCT.md#3-submissions), by which tests they are
held in [conformance.md](conformance.md).

| severity | means | verdict |
| --- | --- | --- |
| error | it can never be right | rejected |
| warning | a person must decide: \`keybot list --status pending\` | pending |
| info | noted, no more | none of its own |

The worst finding decides. A severity is that of the table; some cases and some keys of the configuration move it
(\`trust.partial_signature\`, \`trust.replay\`, \`trust.revocation\`). "The partner is told" is the English text of a reply, with
places for the values of the case; German stands beside it in \`data/texts/de\`. "The admin" can do what stands there; "nothing to do"
means that it is the partner's turn, and that he has been told.
`;

/** The whole document. */
export function findingsDocument(): string {
  const words = partnerWords();
  const codes = Object.keys(FINDINGS) as FindingCode[];
  const families = FAMILIES.map(([title, prefixes]) => {
    const own = codes.filter((code) => prefixes.includes(code.split(".")[0] ?? ""));
    return `## ${title}\n\n${own.map((code) => entry(code, words.get(code) ?? "")).join("\n")}`;
  });
  return `${HEAD}\n${families.join("\n")}`;
}

/** Codes that no family holds: there should be none. */
export function homeless(): string[] {
  const prefixes = FAMILIES.flatMap(([, own]) => own);
  return Object.keys(FINDINGS).filter((code) => !prefixes.includes(code.split(".")[0] ?? ""));
}

function entry(code: FindingCode, words: string): string {
  const { severity, section, meaning, admin } = FINDINGS[code];
  return `### \`${code}\`

${severity} · ${section} · ${meaning}

- The partner is told: ${words}
- The admin: ${withSpans(admin)}
`;
}

/** Commands and keys of the configuration as code, so that they are checked against the code like any other. */
function withSpans(text: string): string {
  return text
    .replace(/keybot (?:trust [a-z]+|[a-z]+)(?: --[a-z]+(?: pending)?)?/g, "`$&`")
    .replace(/\btrust\.[a-z_]+/g, "`$&`");
}

/** Code → what the partner reads, as one line; the placeholders as code. */
function partnerWords(): ReadonlyMap<string, string> {
  const file = readFileSync(join(ROOT, "data/texts/en/findings.txt"), "utf8");
  return new Map(
    splitSections(file).sections.map(({ name, text }) => [
      name,
      text.replace(/\s+/g, " ").replace(/\{[a-zA-Z]+\}/g, "`$&`"),
    ]),
  );
}
