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

const folder = corpus("pkits");

describe.skipIf(folder === null)("NIST PKITS 1.0.1", () => {
  const base = folder ?? "";
  const rows = folder === null ? [] : readRows(base);
  const certificates = new Map<string, Certificate>();
  for (const name of folder === null ? [] : readdirSync(join(base, "certs"))) {
    certificates.set(`certs/${name}`, certificateFile(base, "certs", name));
  }
  const own = (row: Row) => row.path.map((name) => certificates.get(name) ?? expect.fail(name));
  const all = () => [...certificates.values()];

  it.each([
    { at_hand: "the certificates of its row", intermediates: own },
    { at_hand: "all 405 certificates", intermediates: all },
  ])("ends as expected in every row, given $at_hand", ({ at_hand, intermediates }) => {
    const wrong = rows
      .filter((row) => isValid(row, intermediates(row)) !== row.valid)
      .map(({ test, name }) => `${test} ${name}`);
    console.info(`PKITS: ${rows.length - wrong.length} of ${rows.length} as expected, given ${at_hand}`);
    expect(rows).toHaveLength(249);
    expect(wrong).toEqual([]);
  });

  function isValid(row: Row, intermediates: readonly Certificate[]): boolean {
    const anchor = certificates.get("certs/TrustAnchorRootCertificate.crt") ?? expect.fail("no anchor");
    return findPath({
      target: certificates.get(row.certificate) ?? expect.fail(row.certificate),
      intermediates,
      anchors: [{ certificate: anchor }],
      at: new Date("2020-01-01T00:00:00Z"),
      acceptablePolicies: row.settings.initial_policy_set,
      explicitPolicy: row.settings.initial_explicit_policy,
      inhibitAnyPolicy: row.settings.initial_inhibit_any_policy,
      inhibitPolicyMapping: row.settings.initial_policy_mapping_inhibit,
      crls: row.crls.map((name) => crlFile(join(base, name))),
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
