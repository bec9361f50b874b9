import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Crl, findPath, isProblem, parseCertificate, parseCrl } from "../../src/pki/index.ts";
import { DEVIATIONS, NOT_APPLICABLE } from "./limbo-deviations.ts";
import { certificateOf, corpus, derOf } from "./path-corpora.ts";

/** C2SP x509-limbo, the cases about certification paths. */
interface Case {
  readonly id: string;
  readonly trusted_certs: readonly string[];
  readonly untrusted_intermediates: readonly string[];
  readonly peer_certificate: string;
  readonly crls: readonly string[];
  readonly validation_time: string | null;
  readonly expected_result: "SUCCESS" | "FAILURE";
}

const folder = corpus("x509-limbo");

describe.skipIf(folder === null)("x509-limbo", () => {
  const file = join(folder ?? "", "limbo-subset.json");
  const testcases =
    folder === null ? [] : (JSON.parse(readFileSync(file, "utf8")) as { testcases: Case[] }).testcases;
  const known = new Map(testcases.map((one) => [one.id, one]));

  it("ends as expected in every case that is about paths", () => {
    const judged = testcases.filter(({ id }) => !(id in NOT_APPLICABLE) && !(id in DEVIATIONS));
    const wrong = judged.filter((one) => result(one) !== one.expected_result).map(({ id }) => id);
    const other = `${Object.keys(DEVIATIONS).length} departures, ${Object.keys(NOT_APPLICABLE).length} not about paths`;
    console.info(`x509-limbo: ${judged.length - wrong.length} of ${judged.length} as expected; ${other}`);
    expect(wrong).toEqual([]);
  });

  it.each(Object.entries({ ...DEVIATIONS, ...NOT_APPLICABLE }))("departs in %s: %s", (id) => {
    const one = known.get(id);
    expect(one, "the corpus has this case").toBeDefined();
    if (one !== undefined) expect(result(one), "listed, but as expected").not.toBe(one.expected_result);
  });
});

/** A certificate that cannot even be read has no path. */
function result(one: Case): Case["expected_result"] {
  const target = parseCertificate(derOf(one.peer_certificate));
  if (isProblem(target)) return "FAILURE";
  const { valid } = findPath({
    target,
    intermediates: one.untrusted_intermediates.map(certificateOf),
    anchors: one.trusted_certs.flatMap((pem) => {
      const certificate = parseCertificate(derOf(pem));
      return isProblem(certificate) ? [] : [{ certificate }];
    }),
    at: new Date(one.validation_time ?? "2026-01-01T00:00:00Z"),
    acceptablePolicies: null,
    explicitPolicy: false,
    inhibitAnyPolicy: false,
    inhibitPolicyMapping: false,
    crls: one.crls.length === 0 ? null : one.crls.map(crlOf),
  });
  return valid ? "SUCCESS" : "FAILURE";
}

function crlOf(pem: string): Crl {
  const crl = parseCrl(derOf(pem));
  if (isProblem(crl)) throw new Error(crl.detail);
  return crl;
}
