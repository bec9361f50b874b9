import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Certificate, type Crl, findPath, isProblem, parseCrl } from "../../src/pki/index.ts";
import { certificateFile, corpus } from "./path-corpora.ts";

/** NIST PKITS 1.0.1: every subtest, with its settings and CRLs, must end as NIST says. */
interface Row {
  readonly test: string;
  readonly name: string;
  readonly valid: boolean;
  readonly certificate: string;
  readonly path: readonly string[];
  readonly crls: readonly string[];
  readonly settings: {
    readonly initial_policy_set: readonly string[];
    readonly initial_explicit_policy: boolean;
    readonly initial_policy_mapping_inhibit: boolean;
    readonly initial_inhibit_any_policy: boolean;
  };
}

/** What is at hand beside the target and the anchor. */
interface Given {
  readonly certificates: readonly Certificate[];
  readonly crls: readonly Crl[];
}

const folder = corpus("pkits");

describe.skipIf(folder === null)("NIST PKITS 1.0.1", () => {
  const base = folder ?? "";
  const rows = folder === null ? [] : readRows(base);
  const certificates = new Map<string, Certificate>();
  for (const name of folder === null ? [] : readdirSync(join(base, "certs"))) {
    certificates.set(`certs/${name}`, certificateFile(base, "certs", name));
  }
  const crls = new Map<string, Crl>();
  for (const name of folder === null ? [] : readdirSync(join(base, "crls"))) {
    crls.set(`crls/${name}`, crlFile(join(base, "crls", name)));
  }
  const all: Given = { certificates: [...certificates.values()], crls: [...crls.values()] };
  const own = ({ path, crls: names }: Row): Given => ({
    certificates: path.map((name) => certificates.get(name) ?? expect.fail(name)),
    crls: names.map((name) => crls.get(name) ?? expect.fail(name)),
  });

  it.each<[string, (row: Row) => Given]>([
    ["the certificates and CRLs of its row", own],
    ["all 405 certificates and the CRLs of its row", (row) => ({ ...all, crls: own(row).crls })],
    ["all 405 certificates and all 173 CRLs", () => all],
  ])("ends as expected in every row, given %s", (what, given) => {
    const wrong = rows
      .filter((row) => isValid(row, given(row)) !== row.valid)
      .map(({ test, name }) => `${test} ${name}`);
    console.info(`PKITS: ${rows.length - wrong.length} of ${rows.length} as expected, given ${what}`);
    expect(rows).toHaveLength(249);
    expect(wrong).toEqual([]);
  });

  function isValid(row: Row, given: Given): boolean {
    const anchor = certificates.get("certs/TrustAnchorRootCertificate.crt") ?? expect.fail("no anchor");
    return findPath({
      target: certificates.get(row.certificate) ?? expect.fail(row.certificate),
      intermediates: given.certificates,
      anchors: [{ certificate: anchor }],
      at: new Date("2020-01-01T00:00:00Z"),
      acceptablePolicies: row.settings.initial_policy_set,
      explicitPolicy: row.settings.initial_explicit_policy,
      inhibitAnyPolicy: row.settings.initial_inhibit_any_policy,
      inhibitPolicyMapping: row.settings.initial_policy_mapping_inhibit,
      crls: given.crls,
    }).valid;
  }
});

function readRows(base: string): readonly Row[] {
  const { rows } = JSON.parse(readFileSync(join(base, "expect.json"), "utf8")) as { rows: readonly Row[] };
  return rows;
}

function crlFile(path: string): Crl {
  const crl = parseCrl(readFileSync(path));
  if (isProblem(crl)) throw new Error(`${path}: ${crl.detail}`);
  return crl;
}
