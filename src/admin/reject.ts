import type { Policy } from "../policy.ts";
import type { Store } from "../store/index.ts";
import type { Change } from "./change.ts";
import { type Decision, type DecisionRequest, decidePending } from "./decide-pending.ts";
import type { Write } from "./letter.ts";

/**
 * Rejects pending certificates, and tells the partners. A mail that brings one again does not put it before a person
 * again; only one that is beyond doubt (its CA is trusted by then) makes it active.
 * @param write null: nobody is told
 * @throws KeybotError `usage` when one is not pending or it must be said under which address; `not-found`
 */
export function reject(
  store: Store,
  request: DecisionRequest,
  change: Change,
  options: { readonly policy: Policy; readonly write: Write | null },
): AsyncIterable<Decision> {
  return decidePending(store, { request, to: "rejected", change, ...options, check: async () => {} });
}
