import { fieldsNamed, type HeaderField, ipInNetworks, parseReceived, type Received } from "../mail/index.ts";
import type { Policy } from "../policy.ts";

/** In `authservIds`: the field without an authserv-id, as Exchange Online writes it. No host has this name. */
export const EXCHANGE_ONLINE = "exchange-online";

/** The part of a header that our own servers wrote (PRODUCT §4). */
export interface TrustedBlock {
  /** Header fields inside the block, top first. */
  readonly fields: readonly HeaderField[];
  /** The `Received` with which our border server took the mail in, or null when the block has no border. */
  readonly border: Received | null;
  /**
   * What stands between the block and the next `Received`: the sender's words, and those of a filter of ours that writes
   * below the border and is not believed there. Empty without a border. What stands lower was written before that hop.
   */
  readonly below: readonly HeaderField[];
  /** Byte offset at which the sender's own words begin. */
  readonly end: number;
}

/**
 * Finds the trusted block: from the top to the first `Received` whose `by` is an own host and whose client is not
 * in an own network (PRODUCT §4). A `Received` by a foreign host above it ends the block there. Without a border
 * (a mail from inside) it ends below the last `Received` of an unbroken run of own hosts; without own hosts it is
 * empty. With `authenticationResults: "below"` the filter fields directly below the border belong to it too.
 * `ownHosts: null` believes the whole header (`keybot inspect` without `--own-host`).
 */
export function trustedBlock(header: readonly HeaderField[], policy: Policy["border"]): TrustedBlock {
  const start = header[0]?.start ?? 0;
  if (policy.ownHosts === null) return wholeHeader(header, start);

  const ownHosts = new Set(policy.ownHosts.map((host) => host.toLowerCase()));
  let fields: readonly HeaderField[] = [];
  let end = start;
  for (const [index, field] of header.entries()) {
    if (field.name.toLowerCase() !== "received") continue;
    const received = parseReceived(field.body);
    const own = received.by !== null && ownHosts.has(received.by.toLowerCase());
    if (!own) {
      // Written above the foreign line by whoever came after that host: ours, if a `Received` of ours was seen.
      return ownHosts.size === 0
        ? { fields, border: null, below: [], end }
        : { fields: header.slice(0, index), border: null, below: [], end: field.start };
    }
    fields = header.slice(0, index + 1);
    end = field.end;
    if (isBorder(field.body, received, policy.ownNetworks)) return atBorder(header, index, received, policy);
  }
  return { fields, border: null, below: [], end };
}

/** The block whose border is the field at `index`. */
function atBorder(
  header: readonly HeaderField[],
  index: number,
  border: Received,
  policy: Policy["border"],
): TrustedBlock {
  const run = policy.authenticationResults === "below" ? filterRun(header, index, policy.authservIds) : [];
  const fields = header.slice(0, index + 1 + run.length);
  const rest = header.slice(fields.length);
  const next = rest.findIndex(({ name }) => name.toLowerCase() === "received");
  return {
    fields,
    border,
    below: next < 0 ? rest : rest.slice(0, next),
    end: fields.at(-1)?.end ?? 0,
  };
}

/** What filters write beside their results; none of these is believed by itself. */
const FILTER_FIELDS: ReadonlySet<string> = new Set(["dkim-filter", "dmarc-filter", "received-spf"]);

/**
 * The unbroken run of filter fields directly below the border: a milter that inserts at index 1 writes there. A line
 * between that is no field ends it as well, because nobody knows who wrote it.
 */
function filterRun(
  header: readonly HeaderField[],
  border: number,
  authservIds: readonly string[],
): readonly HeaderField[] {
  const below = header.slice(border + 1);
  const stop = below.findIndex((field, at) => {
    const name = field.name.toLowerCase();
    const ofFilter =
      name === "authentication-results"
        ? authservIds.some((id) => isPlainlyOf(id, field.body))
        : FILTER_FIELDS.has(name);
    return !ofFilter || field.start !== header[border + at]?.end;
  });
  return stop < 0 ? below : below.slice(0, stop);
}

/**
 * Whether a field names this authserv-id as a filter writes it and a border can strip it: first, and letter for letter.
 * Below the border a quoted name, or one behind a comment, is a sender's who hopes that the border overlooked it.
 */
function isPlainlyOf(authservId: string, body: string): boolean {
  if (authservId === EXCHANGE_ONLINE) return false;
  const [first = ""] = body.split(/[\s;]/, 1);
  // ASCII only: `toLowerCase` would make a "k" of the Kelvin sign.
  return /^[!-~]+$/.test(first) && first.toLowerCase() === authservId.toLowerCase();
}

/**
 * Whether an own server took this mail from outside. The client's IP address is the only word of our server here
 * (PRODUCT §4). A `Received` without one is a hand-over inside (LMTP, a local pick-up); by any other protocol it
 * proves nothing and is taken for the border, so that what stands below is not believed. The same holds for a line
 * with two `by` clauses: a server writes one, the other is the HELO of a client that pretends to be inside.
 */
function isBorder(body: string, received: Received, ownNetworks: readonly string[]): boolean {
  const clauses = body.replace(/\([^()]*\)/g, " ").match(/(?<!\S)by(?!\S)/gi) ?? [];
  if (clauses.length > 1) return true;
  if (received.clientIp !== null) return !ipInNetworks(received.clientIp, ownNetworks);
  if (!received.hasFrom) return false;
  return !/^(lmtp|lmtps|lmtpa|lmtpsa|local)$/i.test(received.withProtocol ?? "");
}

function wholeHeader(header: readonly HeaderField[], start: number): TrustedBlock {
  const top = fieldsNamed(header, "Received")[0];
  return {
    fields: header,
    border: top === undefined ? null : parseReceived(top.body),
    below: [],
    end: start,
  };
}
