/**
 * The red team's mails, each through the real `keybot inspect`, with the options that `expect.json` names. Their keys
 * and addresses are throw-away.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { main } from "../../src/cli/main.ts";
import { FakeTerminal } from "../cli/fake-terminal.ts";

interface Row {
  readonly mail: string;
  readonly expect: "accepted" | "not-active" | "silent" | "not-damaged";
  readonly why: string;
}

interface Inspected {
  readonly signature: {
    readonly findings: readonly { readonly code: string }[];
    readonly signers: readonly { readonly findings: readonly { readonly code: string }[] }[];
  } | null;
  readonly plan: readonly { readonly action: string; readonly status?: string }[];
}

const { rows } = JSON.parse(readFileSync(join(import.meta.dirname, "expect.json"), "utf8")) as {
  readonly rows: readonly Row[];
};

async function inspect(mail: string): Promise<Inspected> {
  const terminal = new FakeTerminal();
  const here = (name: string) => join(import.meta.dirname, name);
  const trust = ["--trust-anchor", here("root.pem"), "--intermediate", here("ca.pem")];
  const ours = ["--domain", "company.example", "--robot", "key-management@company.example"];
  const at = ["--at", "2026-11-28T00:00:00Z"];
  const outside = { terminal, cwd: import.meta.dirname, env: {}, now: () => new Date() };
  const code = await main(["inspect", "--json", ...trust, ...ours, ...at, here(mail)], outside);
  expect(code, terminal.stderr).toBe(0);
  return JSON.parse(terminal.stdout) as Inspected;
}

/** What came of the mail, in the words of the table. */
function outcomes({ signature, plan }: Inspected): Record<Row["expect"], boolean> {
  const active = plan.filter(({ action, status }) => action === "store" && status === "active");
  const findings = [
    ...(signature?.findings ?? []),
    ...(signature?.signers ?? []).flatMap((signer) => signer.findings),
  ];
  return {
    accepted: active.length === 1,
    "not-active": active.length === 0,
    silent: plan.every(({ action }) => action !== "reply"),
    "not-damaged": findings.every(({ code }) => code !== "signature.unreadable"),
  };
}

describe("the mails of the red team", () => {
  it.each(rows.map((row) => [row.mail, row.expect, row.why] as const))(
    "%s: %s (%s)",
    async (mail, wanted) => {
      expect(outcomes(await inspect(mail))[wanted]).toBe(true);
    },
  );
});
