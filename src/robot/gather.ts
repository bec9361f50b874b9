import type { Evidence } from "../decide/index.ts";
import { type Bench, inspectMessage, type PathToAsk, pathsToAsk } from "../inspect/index.ts";
import type { Policy } from "../policy.ts";
import { ledgerKey, readMessage } from "../read/index.ts";

/** Everything that can be found out about one message without asking anybody. */
export interface Gathered {
  readonly evidence: Evidence;
  /** The ledger key (PRODUCT §2). */
  readonly key: string;
  /** About which certificates a CA is to be asked before the evidence is whole. */
  readonly paths: readonly PathToAsk[];
}

/**
 * The slow part of a message's life: read, then inspect. Pure and deaf to the directory; the robot runs it in a child
 * process, because it handles strangers' bytes, `keybot inspect` in its own.
 */
export function gather(raw: Uint8Array, policy: Policy, bench: Bench): Gathered {
  const { facts, offer, problem } = readMessage(raw, policy);
  const key = ledgerKey(facts.digest, facts.addressed);
  if (problem !== null) return { key, evidence: { kind: "unreadable", problem, facts }, paths: [] };
  const inspection = inspectMessage(facts, offer, bench);
  const paths = pathsToAsk(inspection, bench.trust, bench.policy);
  return { key, evidence: { kind: "read", facts, inspection }, paths };
}
