import type { Policy } from "../policy.ts";
import { EXCHANGE_ONLINE, type FilterTrace, filterTrace } from "../read/index.ts";
import type { Check } from "./health.ts";
import { FOLDERS, type Robot } from "./robot.ts";

/** How many of the newest mails of the mailbox, and of each folder, are looked at, and how many bytes of each. */
const MAILS = 20;
const HEAD_BYTES = 32 * 1024;

/**
 * Looks at the newest mails, their headers only, and counts where the Authentication-Results of our filter stand: no key
 * of the configuration can be right by guessing (PRODUCT §4).
 */
export async function checkResults({
  connect,
  folders,
  policy,
}: Pick<Robot, "connect" | "folders" | "policy">): Promise<Check> {
  const session = await connect();
  try {
    const heads: Uint8Array[] = [];
    for (const folder of [null, ...FOLDERS.map((name) => folders[name])]) {
      heads.push(...(await session.newestHeads(folder, MAILS, HEAD_BYTES)));
    }
    return judgeResults(heads, policy.border);
  } finally {
    await session.close();
  }
}

/**
 * What these mails say of where our filter writes, and which key or setting follows from it.
 * @param heads the beginnings of mails
 */
export function judgeResults(heads: readonly Uint8Array[], border: Policy["border"]): Check {
  const traces = heads.flatMap((head) => filterTrace(head, border) ?? []);
  const looked = `${traces.length} of the newest ${heads.length} mails came from outside`;
  if (traces.length === 0) return ok(`${looked}: where a filter writes its results cannot be seen yet`);

  const ours = new Set(border.authservIds);
  const counts = { above: 0, below: 0, elsewhere: 0, none: 0 };
  for (const trace of traces) counts[placeOfOurs(trace, ours)] += 1;
  const says =
    ours.size === 0
      ? looked
      : `${looked}; results of ${[...ours].join(", ")} stand above the border in ${counts.above}, ` +
        `directly below it in ${counts.below}, elsewhere in ${counts.elsewhere}, in ${counts.none} nowhere`;

  const { above, below, elsewhere } = counts;
  if (border.authenticationResults === "below") {
    if (below > 0) return ok(says);
    if (above > 0) {
      return warning(says, 'requests.authentication_results = "above": nothing needs to be believed below');
    }
  }
  if (below > above) return warning(`${says}; below they are not believed`, mendBelow(traces));
  if (above > 0) return ok(says);
  const others = namesAt("above", traces, ours);
  if (others !== null) {
    const mend = `above the border stand results of ${others}: if that is your filter, name it in requests.authserv_id`;
    return warning(says, mend);
  }
  if (elsewhere > 0) return warning(`${says}; they are not believed there`, mendElsewhere(traces));
  const anybodys = namesAt("below", traces, ours);
  if (anybodys !== null) {
    const mend =
      `directly below the border stand results of ${anybodys}, which any sender can write: if that is your filter, ` +
      "name it in requests.authserv_id, and see docs/WIRING.md about results below the border";
    return warning(says, mend);
  }
  return ours.size === 0
    ? ok(`${says}; none has Authentication-Results at the border`)
    : warning(says, "let your filter write Authentication-Results; docs/WIRING.md says how to see them");
}

const ORDER = ["above", "below", "elsewhere"] as const;

function placeOfOurs({ places }: FilterTrace, ours: ReadonlySet<string>): keyof Counts {
  const found = new Set([...places].flatMap(([id, place]) => (ours.has(id) ? [place] : [])));
  return ORDER.find((place) => found.has(place)) ?? "none";
}

type Counts = Record<(typeof ORDER)[number] | "none", number>;

function mendBelow(traces: readonly FilterTrace[]): string {
  const names = new Set(traces.flatMap(({ below }) => below.map((name) => name.toLowerCase())));
  const open = ["dkim-filter", "dmarc-filter"].some((name) => names.has(name));
  const rspamd = [...names].some((name) => /^x-(rspamd|spamd)-/.test(name));
  return [
    "if it is your filter that writes there (a sender can too): strip forged ones at the border as docs/WIRING.md says, " +
      'then set requests.authentication_results = "below"',
    ...(open ? ["OpenDKIM and OpenDMARC from May 2026 on write above instead"] : []),
    ...(rspamd ? ["rspamd always writes below"] : []),
  ].join("; ");
}

function mendElsewhere(traces: readonly FilterTrace[]): string {
  const between = traces.find(({ below }) => below.length > 0)?.below[0];
  const seen = between === undefined ? "" : ` (there stands ${cut(between)})`;
  return `your filter must insert them above the border's Received, or as the first field below it${seen}; docs/WIRING.md`;
}

/** Whose results stand at this place, ours apart, and in how many mails; null: nobody's. */
function namesAt(
  wanted: "above" | "below",
  traces: readonly FilterTrace[],
  ours: ReadonlySet<string>,
): string | null {
  const counted = new Map<string, number>();
  for (const [id, place] of traces.flatMap(({ places }) => [...places])) {
    // Below the border anybody can leave the name out, and no border strips that.
    if (ours.has(id) || place !== wanted || (id === EXCHANGE_ONLINE && wanted === "below")) continue;
    counted.set(id, (counted.get(id) ?? 0) + 1);
  }
  const most = [...counted].sort((a, b) => b[1] - a[1]).slice(0, NAMED);
  if (most.length === 0) return null;
  return most.map(([id, count]) => `${nameOf(id)} in ${count}`).join(", ");
}

function nameOf(id: string): string {
  return id === EXCHANGE_ONLINE ? `nobody's name (authserv_id = "${id}")` : `"${cut(id)}"`;
}

/** Anybody's word, as long as a header. */
function cut(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

/** More names than this are noise of senders. */
const NAMED = 3;

function ok(says: string): Check {
  return { name: "results", state: "ok", says, mend: null };
}

function warning(says: string, mend: string): Check {
  return { name: "results", state: "warning", says, mend };
}
