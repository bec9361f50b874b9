import { fileURLToPath } from "node:url";
import { run } from "../lab/command.ts";
import { ROBOT, type Site } from "../lab/site.ts";
import { connect, type Place, placeOf } from "./imap.ts";

/** What the bare library does: how many mails it fetched, their bytes, and the milliseconds of the FETCH alone. */
export interface BareFetch {
  readonly mails: number;
  readonly bytes: number;
  readonly milliseconds: number;
}

const ITSELF = fileURLToPath(import.meta.url);

/**
 * Fetches the robot mailbox by the library alone and does nothing with the mails; the median of three. Each time in a
 * process of its own, as the robot is one: a process that has fetched before is several times as fast.
 */
export async function bareFetch(site: Site): Promise<BareFetch> {
  const place = JSON.stringify(placeOf(site, ROBOT));
  const fetches: BareFetch[] = [];
  for (let turn = 0; turn < 3; turn++) {
    const { stdout } = await run(process.execPath, ["--import", "tsx", ITSELF], {
      input: place,
      timeout: 120_000,
    });
    fetches.push(JSON.parse(stdout.toString()));
  }
  const [, median] = fetches.sort((a, b) => a.milliseconds - b.milliseconds);
  if (median === undefined) throw new Error("nothing was fetched");
  return median;
}

async function fetchAll(place: Place): Promise<BareFetch> {
  const client = await connect(place);
  const start = performance.now();
  let mails = 0;
  let bytes = 0;
  for await (const { source } of client.fetch("1:*", { uid: true, source: true })) {
    mails += 1;
    bytes += source?.length ?? 0;
  }
  const milliseconds = performance.now() - start;
  await client.logout();
  return { mails, bytes, milliseconds };
}

if (process.argv[1] === ITSELF) {
  let input = "";
  for await (const chunk of process.stdin) input += chunk;
  process.stdout.write(JSON.stringify(await fetchAll(JSON.parse(input))));
}
