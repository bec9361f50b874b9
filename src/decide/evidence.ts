import type { Inspection } from "../inspect/index.ts";
import type { MessageFacts, ReadProblem } from "../read/index.ts";

/**
 * What was found out about one message before anything is decided: read and inspected, or not readable. A message
 * that ended the process that read it has no facts at all.
 */
export type Evidence =
  | { readonly kind: "read"; readonly facts: MessageFacts; readonly inspection: Inspection }
  | { readonly kind: "unreadable"; readonly problem: ReadProblem; readonly facts: MessageFacts | null };
