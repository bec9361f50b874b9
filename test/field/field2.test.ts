/**
 * Mails as people and programs really send them, made anew after public reports of bugs. `field2/expect.json` says for each
 * what it is to become, and by which options of `keybot inspect` it is judged beside those of all.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { StoreAction } from "../../src/decide/index.ts";
import { isProblem, readCertificates } from "../../src/pki/index.ts";
import { DEFAULT_POLICY, type Policy } from "../../src/policy.ts";
import { type Explanation, explainMessage } from "../../src/robot/explain.ts";

interface Row {
  readonly mail: string;
  readonly expect: string;
  readonly why: string;
  readonly options: readonly string[];
}

const FOLDER = new URL("field2/", import.meta.url);
const read = (name: string): Buffer => readFileSync(new URL(name, FOLDER));
const { rows } = JSON.parse(read("expect.json").toString()) as { readonly rows: readonly Row[] };

/** What each word of the table asks of what became of a mail. */
const BECAME: Readonly<Record<string, (explained: Explanation) => boolean>> = {
  accepted: (explained) => activeOf(explained) === 1 && repliesOf(explained).includes("accepted"),
  told: (explained) => repliesOf(explained).length > 0 && activeOf(explained) === 0,
  silent: (explained) => repliesOf(explained).length === 0 && activeOf(explained) === 0,
  unauthenticated: ({ evidence }) => evidence.facts?.authenticated !== true,
  authenticated: ({ evidence }) => evidence.facts?.authenticated === true,
  barred: (explained) =>
    explained.plan.actions.some(({ action }) => action === "bar") &&
    activeOf(explained) === 0 &&
    repliesOf(explained).length > 0,
  "told-private-key": (explained) => repliesOf(explained).length > 0 && namesPrivateKey(explained),
};

describe("field reports, second set", () => {
  it.each(rows.map((row) => [row.mail, row.expect, row.why, row] as const))(
    "%s: %s (%s)",
    async (_, __, ___, row) => {
      const explained = await judged(row);
      const { actions, reasons, judged: certificates } = explained.plan;
      const became = BECAME[row.expect];
      expect(became?.(explained), JSON.stringify({ actions, reasons, certificates })).toBe(true);
    },
  );
});

function activeOf({ plan }: Explanation): number {
  const stores = plan.actions.filter((action): action is StoreAction => action.action === "store");
  return stores.filter(({ status }) => status === "active").length;
}

function repliesOf({ plan }: Explanation): string[] {
  return plan.actions.flatMap((action) => (action.action === "reply" ? [action.template] : []));
}

function namesPrivateKey({ plan }: Explanation): boolean {
  const codes = plan.judged.flatMap(({ findings }) => findings.map(({ code }) => code));
  const said = plan.reasons.map(({ detail }) => detail ?? "").join();
  return /(cert|mail)\.private-key/.test(`${codes.join()} ${said}`);
}

function judged(row: Row): Promise<Explanation> {
  const { certificates } = readCertificates(read("anchor.pem"));
  const anchors = certificates.map((certificate) => {
    if (isProblem(certificate)) throw new Error(certificate.detail);
    return { certificate, domains: null, distrustAfter: null };
  });
  return explainMessage(read(row.mail), {
    policy: policyOf(row.options),
    trust: { anchors, intermediates: [], crls: null },
    at: new Date("2026-11-28T00:00:00Z"),
  });
}

/** The options of `keybot inspect` that the rows use. */
function policyOf(options: readonly string[]): Policy {
  const valuesOf = (option: string): string[] =>
    options.flatMap((given, index) => (given === option ? [options[index + 1] ?? ""] : []));
  return {
    ...DEFAULT_POLICY,
    domains: ["company.example"],
    robot: ["key-management@company.example"],
    border: {
      ...DEFAULT_POLICY.border,
      ownHosts: valuesOf("--own-host"),
      authservIds: valuesOf("--authserv-id"),
    },
  };
}
