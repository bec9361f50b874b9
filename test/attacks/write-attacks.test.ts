import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runSync } from "../lab/command.ts";
import { type LabFolder, openFolder } from "../lab/folder.ts";
import { openStage } from "./stage.ts";
import { type AttackRow, type AttackTable, writeAttacks } from "./write-attacks.ts";

let folder: LabFolder;
let table: AttackTable;
beforeAll(() => {
  folder = openFolder();
  table = writeAttacks(folder.path, openStage(folder.path));
});
afterAll(() => folder.remove());

/** What the command line can be told: no directory, no later day, no CA that is bound to a domain. */
function byMailAlone({ days, needsDirectory, expect: { judged } }: AttackRow): boolean {
  const bound = Object.values(judged).some((judgement) => judgement?.includes("path.anchor-domain"));
  return days === 0 && !needsDirectory && !bound && judged.other === undefined;
}

interface Printed {
  readonly certificates: readonly {
    readonly sha256: string;
    readonly verdict: string;
    readonly findings: readonly { readonly code: string; readonly severity: string }[];
  }[];
  readonly plan: readonly { readonly action: string; readonly folder?: string }[];
}

it("the table as files says of each mail what `keybot inspect` says", () => {
  const rows = table.rows.filter(byMailAlone);
  expect(rows.length).toBeGreaterThan(130);
  const unbound = table.trusted.filter(({ domains }) => domains === null);
  const args = [
    ...["inspect", "--json", "--at", table.at, "--robot", table.robot, "--domain", "company.example"],
    ...["--own-host", "mx.company.example", "--authserv-id", "mx.company.example"],
    ...unbound.flatMap(({ file }) => ["--trust-anchor", join(folder.path, file)]),
    ...rows.map(({ mail }) => join(folder.path, mail)),
  ];
  const printed = runSync(join(import.meta.dirname, "../../bin/keybot"), args)
    .stdout.toString()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Printed);
  const said = rows.map(({ id }, index) => ({ id, ...outcome(printed[index]) }));
  expect(said).toEqual(
    rows.map(({ id, expect: { judged, folder: filed } }) => ({
      id,
      judged: Object.fromEntries(
        Object.entries(judged).map(([who, judgement]) => [table.certificates[who] ?? who, judgement]),
      ),
      folder: filed,
    })),
  );
});

function outcome(printed: Printed | undefined) {
  const judged = (printed?.certificates ?? []).map(({ sha256, verdict, findings }) => {
    const serious = findings.filter(({ severity }) => severity !== "info").map(({ code }) => code);
    return [sha256, [verdict, ...new Set(serious.sort())]];
  });
  return { judged: Object.fromEntries(judged), folder: printed?.plan.at(-1)?.folder };
}
