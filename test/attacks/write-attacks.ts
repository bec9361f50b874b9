/**
 * The table of attacks as files, so that any program can be held against it: the mails, their honest twins, who is
 * trusted, and `table.json`, which says what each mail is to become.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ATTACKS, type Attack } from "./attacks.ts";
import { ROBOT, type Stage } from "./stage.ts";
import type { Twin } from "./twin.ts";

/** One row of `table.json`: files relative to it, certificates by their names on the stage. */
export interface AttackRow extends Pick<Attack, "id" | "class" | "hope" | "source" | "made" | "expect"> {
  readonly mail: string;
  readonly twin: string;
  /** Days between the signing and the judging. */
  readonly days: number;
  /** What it becomes depends on what a directory holds already: nothing to be shown by the mail alone. */
  readonly needsDirectory: boolean;
}

export interface AttackTable {
  readonly about: string;
  /** When the mails were signed, and are to be judged. */
  readonly at: string;
  readonly robot: string;
  readonly trusted: readonly { readonly file: string; readonly domains: readonly string[] | null }[];
  /** SHA-256 of each certificate by its name in the rows. */
  readonly certificates: Readonly<Record<string, string>>;
  readonly rows: readonly AttackRow[];
}

const ABOUT =
  "Mails that try to be taken for another's. `expect` says which certificates are judged, the verdict and the findings " +
  "(keybot's docs/findings.md), the folder and the reply; a verdict other than accepted must not be stored under From.";

/** Writes all of it into this folder. */
export function writeAttacks(folder: string, stage: Stage): AttackTable {
  for (const name of ["mails", "twins", "trusted"]) mkdirSync(join(folder, name), { recursive: true });
  const put = (file: string, bytes: Buffer | string): string => {
    writeFileSync(join(folder, file), bytes);
    return file;
  };
  const twins = new Map<Twin, { readonly file: string; readonly mail: Buffer }>();
  const twinOf = (twin: Twin) => {
    const known = twins.get(twin);
    if (known !== undefined) return known;
    const mail = twin.make(stage);
    const made = { file: put(`twins/${twins.size + 1}.eml`, mail), mail };
    twins.set(twin, made);
    return made;
  };
  const rows = ATTACKS.map((attack): AttackRow => {
    const { id, class: of, hope, source, made, expect, days = 0, view } = attack;
    const twin = twinOf(attack.twin);
    const mail = put(`mails/${id}.eml`, attack.forge(twin.mail, stage));
    return {
      ...{ id, class: of, hope, source, made, mail, twin: twin.file },
      ...{ days, needsDirectory: view !== undefined, expect },
    };
  });
  const trusted = stage.trusted.map(({ anchor, domains }, index) => ({
    file: put(`trusted/${index + 1}.pem`, anchor.pem),
    domains,
  }));
  const certificates = Object.fromEntries(
    Object.entries(stage).flatMap(([name, actor]) =>
      typeof actor === "object" && "sha256" in actor ? [[name, actor.sha256] as const] : [],
    ),
  );
  const table = { about: ABOUT, at: stage.now.toISOString(), robot: ROBOT, trusted, certificates, rows };
  put("table.json", `${JSON.stringify(table, null, 2)}\n`);
  return table;
}
