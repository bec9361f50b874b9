/**
 * Generated mails before keybot, OpenSSL, NSS and Bouncy Castle. What keybot alone accepts must be in the table of
 * argued classes (`classes.ts`); what it alone refuses is counted by its findings. `KEYBOT_MAILS` makes a run smaller,
 * `KEYBOT_SEED` repeats one (several: 1,2,3), `KEYBOT_MINUTES` ends each of them, and the count says how far it came. A judge that is missing is installed, and without one the run fails.
 */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mailDraft } from "../generator/arbitrary.ts";
import type { MailDraft } from "../generator/draft.ts";
import { type Compared, compare } from "./compare.ts";
import { Judges } from "./judges.ts";
import { smallest } from "./smallest.ts";

const MAILS = Number(process.env.KEYBOT_MAILS ?? 20_000);
const SEEDS = (process.env.KEYBOT_SEED ?? `${Date.now() & 0x7fffffff}`).split(",").map(Number);

/** No end before the last mail where the environment says nothing. */
const MINUTES = Number(process.env.KEYBOT_MINUTES ?? Number.POSITIVE_INFINITY);

/** Mails that are judged at the same time, so that nobody waits for the slowest. */
const AT_ONCE = 8;

/** Unknown differences of one kind are one; that many kinds are printed. */
const PRINTED = 5;

describe("generated mails before other judges", () => {
  let judges: Judges;

  beforeAll(() => {
    judges = new Judges();
  }, 900_000);

  afterAll(() => judges?.stop());

  it.for(SEEDS)(
    "seed %d: what is accepted here and refused elsewhere is argued",
    { timeout: 3_600_000 },
    async (seed, { task }) => {
      console.log(`KEYBOT_SEED=${seed} KEYBOT_MAILS=${MAILS}`);
      const counts = new Counts();
      const unknown = new Map<string, MailDraft>();
      const drafts = fc.sample(mailDraft({ answers: true }), { numRuns: MAILS, seed });
      const end = Date.now() + MINUTES * 60_000;
      for (let from = 0; from < drafts.length && Date.now() < end; from += AT_ONCE) {
        const batch = drafts.slice(from, from + AT_ONCE).map((draft) => compare(draft, judges));
        for (const compared of await Promise.all(batch)) {
          counts.add(compared);
          for (const one of compared.unknown) {
            if (!unknown.has(kindOf(one))) console.log(`not argued yet, after ${counts.mails} mails: ${one}`);
            unknown.set(kindOf(one), compared.draft);
          }
        }
      }
      task.meta.counts = counts.table();

      const printed: string[] = [];
      for (const [kind, draft] of [...unknown].slice(0, PRINTED)) {
        const still = async (smaller: MailDraft) =>
          (await compare(smaller, judges)).unknown.some((one) => kindOf(one) === kind);
        const least = await compare(await smallest(draft, still), judges);
        printed.push(...least.unknown);
      }
      expect(printed, `${unknown.size} kinds of difference that nobody argued`).toEqual([]);
    },
  );

  // A short run may miss one.
});

/** The first line without the certificate's name. */
function kindOf(difference: string): string {
  return (difference.split("\n")[0] ?? "")
    .replace(/^\S+ /, "")
    .replace(/ \d{8,}\S*| \d{4}-\d\d-\d\d [\d:]+/g, "");
}

/** What is counted of one run. */
class Counts {
  readonly #counts = new Map<string, number>();
  #mails = 0;

  /** How many were counted. */
  get mails(): number {
    return this.#mails;
  }

  add({ outcome, laxer, stricter, acceptedByAllOthers, unknown }: Compared): void {
    this.#mails++;
    const isActive = outcome.active.length > 0;
    const agree = laxer.length + unknown.length + stricter.length === 0;
    if (agree) this.#count(isActive ? "accepted by all" : "refused here, and by all others");
    for (const name of new Set(laxer)) this.#count(`laxer: ${name}`);
    if (unknown.length > 0) this.#count("laxer: **nobody argued**");
    if (stricter.length > 0) this.#count("stricter, all together");
    if (acceptedByAllOthers) this.#count("stricter, all others accept");
    for (const code of stricter) this.#count(`stricter: ${code.startsWith("D") ? code : `\`${code}\``}`);
  }

  #count(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  table(): Record<string, number> {
    const rows = [...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1));
    return { mails: this.#mails, ...Object.fromEntries(rows) };
  }
}
