import { afterAll, describe, expect, it } from "vitest";
import { randomNumbers } from "../long/mutate.ts";
import { DEFECTS, PURPOSES, refuserOf } from "./chain-defects.ts";
import { Comparison, SEED, surprises } from "./openssl-chains.ts";

const CHAINS = 60;

describe("generated chains, keybot and `openssl verify -purpose`", () => {
  const comparison = new Comparison();
  afterAll(() => console.info(comparison.summary));

  it("agree on a chain without a defect", () => {
    const { answers, report } = comparison.compare([], randomNumbers(SEED));
    expect(answers).toEqual(PURPOSES.map((purpose) => ({ purpose, keybot: true, openssl: true })));
    expect(report.findings.map(({ code }) => code)).toEqual([]);
  });

  it.each(DEFECTS.map((defect) => [defect.id, defect.section, defect] as const))(
    "%s (%s) is refused by whom the table says",
    (_, __, defect) => {
      const { answers, expected, report } = comparison.compare([defect], randomNumbers(SEED));
      expect(answers).toEqual(expected);
      const codes = report.findings.map(({ code }) => code);
      if (defect.finding === undefined) expect(codes.filter((code) => code.startsWith("path."))).toEqual([]);
      else expect(codes).toContain(defect.finding);
    },
  );

  it("differ only where a row says why", () => {
    const differing = DEFECTS.filter((defect) =>
      PURPOSES.some((purpose) => ["keybot", "openssl"].includes(refuserOf(defect, purpose))),
    );
    const explained = DEFECTS.filter(({ because }) => because !== undefined);
    expect(explained).toEqual(differing);
    expect(new Set(DEFECTS.map(({ id }) => id)).size).toBe(DEFECTS.length);
  });

  it(`${CHAINS} of them with random defects: no difference that the table does not explain`, () => {
    expect(surprises(comparison, CHAINS)).toEqual([]);
  });
});
