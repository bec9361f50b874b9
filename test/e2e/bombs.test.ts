import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { fill } from "../bench/imap.ts";
import { type PollRun, timedPoll } from "../bench/poll.ts";
import { describeWith } from "../lab/available.ts";
import { issue, ofCa, pem, who } from "../lab/bomb-authority.ts";
import { ROBOT } from "../lab/site.ts";
import { type Bomb, idOf, makeBombs } from "./bombs.ts";
import { type Company, openCompany, submission } from "./company.ts";
import { places } from "./places.ts";

const MEGABYTE = 1024 * 1024;

/** An honest mail stands before every so many bombs. */
const BOMBS_A_NEIGHBOUR = 5;

interface Entry {
  readonly messageId: string | null;
  readonly folder: string;
  readonly reasons: readonly { readonly code: string; readonly detail: string | null }[];
}

let company: Company | undefined;
let bombs: readonly Bomb[] = [];
let neighbours: readonly string[] = [];
let run: PollRun;
let placed: Map<string, string>;
let ledger: Map<string | null, Entry>;

describeWith(["dovecot"], "one mailbox of bombs, and honest mails between them", () => {
  beforeAll(async () => {
    company = await openCompany({ withoutPostfix: true });
    const { site, bob } = company;
    const root = who("Bomb Root");
    const anchor = join(site.folder, "bomb-root.pem");
    writeFileSync(anchor, pem(issue(root, root, ofCa).der));
    await site.keybot(["trust", "add", anchor, "--any-domain"]);
    bombs = makeBombs(site.folder, root);
    neighbours = bombs.flatMap((_, index) =>
      index % BOMBS_A_NEIGHBOUR === 0 ? [idOf(`neighbour ${index}`)] : [],
    );
    const honest = neighbours.map((messageId) => submission(bob, { from: "bob@partner.example", messageId }));
    const mails = bombs.flatMap(({ raw }, index) =>
      index % BOMBS_A_NEIGHBOUR === 0 ? [...honest.splice(0, 1), raw] : [raw],
    );
    await fill(site, ROBOT, mails);
    run = await timedPoll(site);
    placed = await places(site);
    const entries = (await site.keybot(["log", "--json"])).records() as Entry[];
    ledger = new Map(entries.map((entry) => [entry.messageId, entry]));
  }, 300_000);
  afterAll(() => company?.stop());

  it("all are dealt with in one pass", () => {
    expect(run.summary).toMatchObject({ seen: bombs.length + neighbours.length, failed: 0 });
    expect(placed.size).toBe(bombs.length + neighbours.length);
  });

  it("each ends where it belongs, with its reason in the ledger; none of them had to be ended", () => {
    const found = bombs.map(({ name }) => {
      const entry = ledger.get(idOf(name));
      const words = entry?.reasons.flatMap(({ code, detail }) => [code, detail ?? ""]) ?? [];
      return { name, folder: placed.get(idOf(name)), inLedger: entry?.folder, reasons: words.join(" ") };
    });
    expect(found).toEqual(
      bombs.map(({ name, folder, reason }) => ({
        name,
        folder,
        inLedger: folder,
        reasons: expect.stringContaining(reason),
      })),
    );
  });

  it("the honest mails between them go through", () => {
    expect(neighbours.map((id) => placed.get(id))).toEqual(neighbours.map(() => "Processed"));
  });

  it("memory stays within what the limits say: the robot, and two judges of 512 MiB at the most", () => {
    expect(run.peak).toBeLessThan((256 + 2 * 512) * MEGABYTE);
  });
});
