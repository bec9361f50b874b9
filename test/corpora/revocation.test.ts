/**
 * Every answer of the revocation corpus (`revocation.ts`) judged by the code of `keybot inspect`, some of them by the command
 * itself, and each difference from the other judges with its reason.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { main } from "../../src/cli/main.ts";
import { FakeTerminal } from "../cli/fake-terminal.ts";
import { type Case, casesOf, JUDGES, read, type Verdict, verdictIn, verdictOn } from "./revocation.ts";
import { DECIDED, DIFFERENCES, differenceOf } from "./revocation-differences.ts";

const CASES = [...casesOf("ocsp"), ...casesOf("crl")];
const verdicts = new Map(CASES.map((one) => [one.id, verdictOn(one)]));

function verdict(id: string): Verdict {
  const found = verdicts.get(id);
  if (found === undefined) throw new Error(`no case ${id}`);
  return found;
}

describe("answers about revocation", () => {
  it("the corpus is whole", () => {
    expect(CASES).toHaveLength(265);
    expect(verdicts.size).toBe(265);
  });

  it.each(CASES.map((one) => [`${one.cls}: ${one.id}`, one] as const))("%s", (_, { id, want }) => {
    expect(DECIDED[id] === undefined ? want : [DECIDED[id]]).toContain(verdict(id));
  });

  it("what is decided otherwise than the corpus had it is no agreement by chance", () => {
    const agreeing = Object.keys(DECIDED).filter((id) =>
      CASES.find((one) => one.id === id)?.want.includes(verdict(id)),
    );
    expect(agreeing).toEqual([]);
  });

  it("each difference from OpenSSL, the JDK and Bouncy Castle has its reason, and each reason a difference", () => {
    const differing = CASES.filter(({ id, theirs }) =>
      JUDGES.some((judge) => theirs[judge] !== undefined && theirs[judge] !== verdict(id)),
    );
    expect(differing.filter(({ id }) => differenceOf(id) === undefined).map(({ id }) => id)).toEqual([]);
    const used = new Set(differing.map(({ id }) => differenceOf(id)));
    expect(DIFFERENCES.filter((difference) => !used.has(difference))).toEqual([]);
  });
});

/** Cases of every kind, each as files beside options. */
const SPOT_CHECKS: readonly string[] = [
  "st-good-name",
  "st-revoked-del-key",
  "st-unknown-key",
  "del-nonocheck-revoked",
  "del-revnonocheck-good-crl",
  "del-otherca-revoked",
  "sig-rsa-sha1",
  "id-otherserial",
  "multi-revoked-old-unknown-newer",
  "time-passed",
  "time-next-before-this-future",
  "ext-crit-unknown-resp-rev",
  "outer-ber-indef",
  "outer-html",
  "A8r",
  "B5",
  "B14",
];

describe("keybot inspect --ocsp --crl", () => {
  it.each(SPOT_CHECKS)("%s: the same from the command line", async (id) => {
    const one = caseOf(id);
    const { findings, path } = await inspected(one, optionsOf(one));
    expect(verdictIn(findings)).toBe(verdict(id));
    // CONTRACT §2: revocation is part of the path where it is required.
    expect(path.valid).toBe(verdict(id) === "good");
  });

  it("a folder of responses: those about the certificate count, and 'revoked' among them, however many", async () => {
    const one = caseOf("st-good-name");
    const { findings } = await inspected(one, ["--ocsp", one.folder]);
    expect(verdictIn(findings)).toBe("revoked");
  });

  it("several files", async () => {
    const one = caseOf("st-good-name");
    const files = ["st-good-name.ors", "st-reason-1.ors"].flatMap((name) => [
      "--ocsp",
      join(one.folder, name),
    ]);
    expect(verdictIn((await inspected(one, files)).findings)).toBe("revoked");
  });

  it("names what cannot be read, and a mere refusal, with why; the others count", async () => {
    const one = caseOf("st-good-name");
    const folder = mkdtempSync(join(tmpdir(), "keybot-ocsp-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    mkdirSync(join(folder, "deeper"));
    writeFileSync(join(folder, "page.ors"), "<html>");
    for (const name of ["st-good-name.ors", "outer-trylater.ors"])
      writeFileSync(join(folder, name), read(one, name));
    const { findings, stderr } = await inspected(one, ["--ocsp", folder]);
    expect(verdictIn(findings)).toBe("good");
    expect(stderr.split("\n")).toEqual([
      `keybot: --ocsp ${join(folder, "outer-trylater.ors")}: the responder answered tryLater`,
      expect.stringMatching(/^keybot: --ocsp .*page\.ors: no OCSP response that can be read \(.+\)$/),
      "",
    ]);
  });

  it("without an answer about it the certificate waits: revocation is required", async () => {
    const one = caseOf("st-good-name");
    const other = ["--ocsp", join(one.folder, "id-bigserial.ors")];
    expect(verdictIn((await inspected(one, other)).findings)).toBe("bad");
    expect(verdictIn((await inspected(one, [])).findings)).toBe("good");
  });

  it("a file that is not there ends it, by name", async () => {
    await expect(inspected(caseOf("st-good-name"), ["--ocsp", "absent.ors"])).rejects.toThrow(
      /absent\.ors cannot be opened/,
    );
  });

  it("--help has an example", async () => {
    const terminal = new FakeTerminal();
    await main(["inspect", "--help"], outside(terminal));
    expect(terminal.stdout).toMatch(/--ocsp <path>/);
    expect(terminal.stdout).toMatch(/keybot inspect --trust-anchor ca\.pem --ocsp answers/);
  });
});

function caseOf(id: string): Case {
  const one = CASES.find((each) => each.id === id);
  if (one === undefined) throw new Error(id);
  return one;
}

function optionsOf({ folder, ocsp, crls, others }: Case): string[] {
  return [
    ...ocsp.flatMap((name) => ["--ocsp", join(folder, name)]),
    ...crls.flatMap((name) => ["--crl", join(folder, name)]),
    ...others.flatMap((name) => ["--intermediate", join(folder, name)]),
  ];
}

interface Inspected {
  readonly findings: readonly { readonly code: string; readonly detail: string }[];
  readonly path: { readonly valid: boolean };
  readonly stderr: string;
}

async function inspected(one: Case, options: readonly string[]): Promise<Inspected> {
  const terminal = new FakeTerminal();
  const trust = [
    "--trust-anchor",
    join(one.folder, one.anchor),
    "--intermediate",
    join(one.folder, one.issuer),
  ];
  const file = join(one.folder, one.certificate);
  const code = await main(
    ["inspect", "--json", "--at", one.at, ...trust, ...options, file],
    outside(terminal),
  );
  if (code !== 0) throw new Error(terminal.stderr);
  const { certificates } = JSON.parse(terminal.stdout) as {
    certificates: readonly Omit<Inspected, "stderr">[];
  };
  const [certificate] = certificates;
  if (certificate === undefined) throw new Error("no certificate in the record");
  return { ...certificate, stderr: terminal.stderr };
}

function outside(terminal: FakeTerminal) {
  return { terminal, cwd: import.meta.dirname, env: {}, now: () => new Date() };
}
