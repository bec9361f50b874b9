import { fieldsNamed, type HeaderField, ipInNetworks, parseReceived, type Received } from "../mail/index.ts";
import type { Policy } from "../policy.ts";

/** The part of a header that our own servers wrote (PRODUCT §4). */
export interface TrustedBlock {
  /** Header fields inside the block, top first. */
  readonly fields: readonly HeaderField[];
  /** The `Received` with which our border server took the mail in, or null when the block has no border. */
  readonly border: Received | null;
  /** Byte offset at which the sender's own words begin. */
  readonly end: number;
}

/**
 * Finds the trusted block: from the top to the first `Received` whose `by` is an own host and whose client is not
 * in an own network (PRODUCT §4). A `Received` by a foreign host above it ends the block there. Without a border
 * (a mail from inside) it ends below the last `Received` of an unbroken run of own hosts; without own hosts it is
 * empty. `ownHosts: null` believes the whole header (`keybot inspect` without `--own-host`).
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
        ? { fields, border: null, end }
        : { fields: header.slice(0, index), border: null, end: field.start };
    }
    fields = header.slice(0, index + 1);
    end = field.end;
    if (isBorder(field.body, received, policy.ownNetworks)) return { fields, border: received, end };
  }
  return { fields, border: null, end };
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
  return { fields: header, border: top === undefined ? null : parseReceived(top.body), end: start };
}
