import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { DEFAULT_POLICY, type Policy } from "../../src/policy.ts";
import { explainMessage } from "../../src/robot/explain.ts";

// Mails made after public bug reports (FC-43, FC-44): where filters write Authentication-Results.

interface Row {
  readonly mail: string;
  readonly expect: "told" | "silent" | "unauthenticated";
  readonly why: string;
  readonly options: readonly string[];
}

const FOLDER = join(import.meta.dirname, "field2");
const { rows } = JSON.parse(readFileSync(join(FOLDER, "authentication-results.json"), "utf8")) as {
  rows: readonly Row[];
};

it.each(rows)("$mail: $why", async ({ mail, options, expect: expected }) => {
  const { evidence, plan } = await explainMessage(readFileSync(join(FOLDER, mail)), {
    policy: policyOf(options),
    trust: { anchors: [], intermediates: [], crls: null },
    at: new Date("2026-11-28T00:00:00Z"),
  });
  const replies = plan.actions.filter(({ action }) => action === "reply").length;
  const { authenticated } = evidence.facts ?? {};
  const seen = { told: replies === 1, silent: replies === 0, unauthenticated: authenticated !== true };
  expect(seen[expected], JSON.stringify({ authenticated, replies, reasons: plan.reasons })).toBe(true);
});

function policyOf(options: readonly string[]): Policy {
  const after = (name: string): string[] =>
    options.flatMap((word, at) => (options[at - 1] === name ? [word] : []));
  return {
    ...DEFAULT_POLICY,
    domains: ["company.example"],
    robot: ["key-management@company.example"],
    border: {
      ...DEFAULT_POLICY.border,
      ownHosts: after("--own-host"),
      authservIds: after("--authserv-id"),
      authenticationResults: after("--authentication-results").includes("below") ? "below" : "above",
    },
    certificates: { ...DEFAULT_POLICY.certificates, revocation: "off" },
  };
}
