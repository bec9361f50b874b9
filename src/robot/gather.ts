import type { Evidence } from "../decide/index.ts";
import {
  type Bench,
  certificatesAlong,
  inspectMessage,
  issuersToFind,
  NO_HELP,
  type PathHelp,
  type PathToAsk,
  pathsToAsk,
  withHelp,
  withUnasked,
} from "../inspect/index.ts";
import type { Policy } from "../policy.ts";
import { ledgerKey, readMessage } from "../read/index.ts";

/** Everything that can be found out about one message without asking anybody. */
export interface Gathered {
  readonly evidence: Evidence;
  /** The ledger key (PRODUCT §2). */
  readonly key: string;
  /** About which certificates a CA is to be asked before the evidence is whole. */
  readonly paths: readonly PathToAsk[];
  /** DER of all certificates that came along, where somebody is to be asked: one may be the signer of a CRL. */
  readonly along: readonly Uint8Array[];
  /** DER of certificates whose issuers are to be looked for elsewhere, before that. */
  readonly orphans: readonly Uint8Array[];
}

/**
 * The slow part of a message's life: read, then inspect. Pure and deaf to the directory; the robot runs it in a child
 * process, because it handles strangers' bytes, `keybot inspect` in its own.
 * @param help what was found out since the message was gathered first
 */
export function gather(raw: Uint8Array, policy: Policy, bench: Bench, help: PathHelp = NO_HELP): Gathered {
  const { facts, offer, problem } = readMessage(raw, policy);
  const key = ledgerKey(facts.digest, facts.addressed);
  if (problem !== null)
    return { key, evidence: { kind: "unreadable", problem, facts }, paths: [], along: [], orphans: [] };
  const inspection = inspectMessage(facts, offer, { ...bench, trust: withHelp(bench.trust, help) });
  const paths = pathsToAsk(inspection, bench.trust, bench.policy);
  return {
    key,
    evidence: { kind: "read", facts, inspection: withUnasked(inspection, bench.trust, bench.policy) },
    paths,
    along: paths.length === 0 ? [] : certificatesAlong(facts, offer, bench),
    orphans: issuersToFind(inspection),
  };
}
