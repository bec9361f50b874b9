import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseTexts, requiredTextFiles } from "../../src/reply/index.ts";
import { FINDING_CODES, shippedFiles } from "./sample.ts";

const SHIPPED = readdirSync(join(import.meta.dirname, "../../data/texts"));

function problemsOf(change: (files: Record<string, string>) => void, languages = ["en"]): readonly string[] {
  const files = shippedFiles(["en"]);
  change(files);
  const parsed = parseTexts({ files, languages, findingCodes: FINDING_CODES });
  return parsed.ok ? [] : parsed.problems;
}

function replaceIn(path: string, from: string, to: string) {
  return (files: Record<string, string>): void => {
    expect(files[path]).toContain(from);
    files[path] = files[path]?.replace(from, to) ?? "";
  };
}

describe("the shipped texts", () => {
  it("are German and English", () => {
    expect(SHIPPED.sort()).toEqual(["de", "en"]);
  });

  it.each(SHIPPED)("%s has every file, every section and every finding, and nothing else", (language) => {
    const files = shippedFiles([language]);
    const parsed = parseTexts({ files, languages: [language], findingCodes: FINDING_CODES });
    expect(parsed.ok ? [] : parsed.problems).toEqual([]);
    const folder = join(import.meta.dirname, "../../data/texts", language);
    expect(
      readdirSync(folder)
        .map((name) => `${language}/${name}`)
        .sort(),
    ).toEqual(Object.keys(files).sort());
  });

  it.each(SHIPPED)("%s is written in NFC and without tabs or blanks at line ends", (language) => {
    for (const [path, text] of Object.entries(shippedFiles([language]))) {
      expect(text, path).toBe(text.normalize("NFC"));
      expect(text, path).not.toMatch(/\t|[ ]$|\r/m);
    }
  });
});

describe("parseTexts", () => {
  it("takes line ends and the byte order mark of a Windows editor", () => {
    const change = (files: Record<string, string>): void => {
      files["en/hint.txt"] = `\uFEFF${files["en/hint.txt"]?.replaceAll("\n", "\r\n")}`;
    };
    expect(problemsOf(change)).toEqual([]);
  });

  const rows: readonly (readonly [string, (files: Record<string, string>) => void, string])[] = [
    ["a missing file", (files) => delete files["en/clients.txt"], "en/clients.txt: the file is missing"],
    ["a missing section", replaceIn("en/subjects.txt", "[hint]", "#"), "en/subjects.txt: [hint] is missing"],
    ["an unknown section", replaceIn("en/hint.txt", "[body]", "[bodi]"), "en/hint.txt: [bodi] is not known"],
    [
      "a section twice",
      replaceIn("en/frame.txt", "[date]", "[months]\nx\n\n[date]"),
      "[months] stands there twice",
    ],
    ["an empty section", replaceIn("en/frame.txt", "Hello,", ""), "en/frame.txt: [greeting] is empty"],
    [
      "an unknown placeholder",
      replaceIn("en/hint.txt", "{tag}", "{tga}"),
      "[body] has the unknown placeholder {tga}",
    ],
    ["one of another section", replaceIn("en/hint.txt", "{tag}", "{issuer}"), "unknown placeholder {issuer}"],
    ["a lone brace", replaceIn("en/hint.txt", "{tag}", "{tag"), "a brace that belongs to no placeholder"],
    [
      "text before a section",
      replaceIn("en/hint.txt", "[body]", "x\n[body]"),
      "line 3 stands before the first [section]",
    ],
    [
      "a month too few",
      replaceIn("en/frame.txt", "January, ", ""),
      "en/frame.txt: [months] needs twelve names",
    ],
    [
      "a finding without words",
      replaceIn("en/findings.txt", "[cert.expired]", "#"),
      "[cert.expired] is missing",
    ],
    [
      "a finding that is none",
      replaceIn("en/findings.txt", "[cert.ca]", "[cert.cb]"),
      "[cert.cb] is not known",
    ],
    [
      "a finding that does not say what to do",
      replaceIn(
        "en/findings.txt",
        "\n\nPlease get a new certificate and",
        " Please get a new certificate and",
      ),
      "[cert.expired] needs two paragraphs",
    ],
    [
      "certificate text in a finding",
      replaceIn("en/findings.txt", "until {notAfter}", "until {issuer}"),
      "[cert.expired] has the unknown placeholder {issuer}",
    ],
  ];
  it.each(rows)("refuses %s, and says where", (_, change, problem) => {
    expect(problemsOf(change).join("\n")).toContain(problem);
  });

  it.each(["../en", "EN", "e", "en/x", ""])("refuses %j as a language", (language) => {
    expect(problemsOf(() => undefined, [language]).join("\n")).toContain("not a language tag");
  });

  it("refuses an installation without any language", () => {
    expect(problemsOf(() => undefined, [])).toEqual(["no language is configured"]);
  });

  it("names the files that it needs", () => {
    for (const path of requiredTextFiles(["de"])) {
      expect(existsSync(join(import.meta.dirname, "../../data/texts", path)), path).toBe(true);
    }
  });
});
