import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ATTACKS } from "./attacks/attacks.ts";
import { DOCUMENT, vectorReasons, withTables } from "./conformance-document.ts";
import { casesOf } from "./corpora/revocation.ts";
import { DEFECTS } from "./pki/chain-defects.ts";
import { DEVIATIONS, NOT_APPLICABLE } from "./pki/limbo-deviations.ts";
import { corpus } from "./pki/path-corpora.ts";

const [OCSP, CRL] = [casesOf("ocsp"), casesOf("crl")];

/** `docs/conformance.md` against the tests; that its figures are those of the corpora is asked only where they are. */
describe("docs/conformance.md", () => {
  // KEYBOT_UPDATE=1 npx vitest run test/conformance.test.ts writes the made tables anew.
  it("has the deviations that the tests have", () => {
    const text = readFileSync(DOCUMENT, "utf8");
    if (process.env.KEYBOT_UPDATE === "1") writeFileSync(DOCUMENT, withTables(text));
    expect(readFileSync(DOCUMENT, "utf8")).toBe(withTables(text));
  });

  it("has each difference between the vectors and OpenSSL, with its reason", () => {
    const text = readFileSync(DOCUMENT, "utf8");
    expect(vectorReasons()).toHaveLength(2);
    expect(vectorReasons().filter((reason) => !text.includes(reason))).toEqual([]);
  });

  it.each<[string, () => string]>([
    ["Attacks", () => `${ATTACKS.length} forged mails`],
    ["Generated chains", () => `${DEFECTS.length} defects`],
    [
      "Revocation",
      () => `${OCSP.length + CRL.length} cases: ${OCSP.length} OCSP responses, ${CRL.length} with CRLs`,
    ],
  ])("%s: the count is right", (suite, count) => {
    expect(rowOf(suite)).toContain(count());
  });

  it.each<[string, string, (folder: string) => readonly string[]]>([
    ["NIST PKITS", "pkits", (folder) => [`${rowsIn(folder)} of 249`, `${mailsIn(folder)} mails`]],
    ["x509-limbo", "x509-limbo", limboCounts],
    ["Thunderbird", "thunderbird-smime", (folder) => [`${mailsIn(folder)} mails`]],
    ["RFC 4134", "rfc4134", (folder) => [`${rowsIn(folder)} examples`]],
    ["RFC 9216", "rfc9216", (folder) => [`${readdirSync(join(folder, "cms")).length} CMS objects`]],
    ["OpenSSL CMS", "openssl-cms", (folder) => [`${rowsIn(folder)} malformed`]],
    ["never-answer", "never-answer", (folder) => [`${mailsIn(folder)} mails`]],
  ])("%s: the counts are those of the corpus", (suite, name, counts) => {
    const folder = corpus(name);
    if (folder === null) return;
    for (const count of counts(folder)) expect(rowOf(suite)).toContain(count);
  });
});

/** The row of a suite in one of the tables, which begins with its name in bold. */
function rowOf(suite: string): string {
  const lines = readFileSync(DOCUMENT, "utf8").split("\n");
  return lines.find((line) => line.startsWith(`| **${suite}**`)) ?? "";
}

function limboCounts(folder: string): string[] {
  const { testcases } = JSON.parse(readFileSync(join(folder, "limbo-subset.json"), "utf8")) as {
    testcases: readonly unknown[];
  };
  const [departures, other] = [Object.keys(DEVIATIONS).length, Object.keys(NOT_APPLICABLE).length];
  const judged = testcases.length - departures - other;
  return [`${judged} of ${judged}`, `${departures} departures`, `${other} not about paths`];
}

function rowsIn(folder: string): number {
  const { rows } = JSON.parse(readFileSync(join(folder, "expect.json"), "utf8")) as {
    rows: readonly unknown[];
  };
  return rows.length;
}

function mailsIn(folder: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return files.filter((file) => file.endsWith(".eml")).length;
}
