import { fieldsNamed, type HeaderField, parseAuthenticationResults, parseHeader } from "../mail/index.ts";
import type { Policy, ResultsPlace } from "../policy.ts";
import { EXCHANGE_ONLINE, trustedBlock } from "./trusted-block.ts";

/** What filters wrote into one mail from outside, as far as its header tells. */
export interface FilterTrace {
  /**
   * Each authserv-id (`EXCHANGE_ONLINE` for none) and the best place where a field of it stands: above the border, in the
   * run directly below it, or elsewhere. What does not stand above may be the sender's.
   */
  readonly places: ReadonlyMap<string, ResultsPlace | "elsewhere">;
  /** The names of the fields between the border and the next `Received`, in order. */
  readonly below: readonly string[];
}

/**
 * Where the Authentication-Results of a mail stand (PRODUCT §4), for whoever must choose `authentication_results`.
 * @param head the beginning of a mail, its header as far as it was fetched
 * @returns null when no border is found: the mail did not come from outside
 */
export function filterTrace(head: Uint8Array, border: Policy["border"]): FilterTrace | null {
  const { fields } = parseHeader(head, 0, head.length);
  const above = trustedBlock(fields, { ...border, authenticationResults: "above" });
  if (above.border === null) return null;
  const places = new Map<string, ResultsPlace | "elsewhere">();
  for (const field of fieldsNamed(fields, "Authentication-Results")) {
    const parsed = parseAuthenticationResults(field.body);
    if (parsed === null) continue;
    const id = parsed.authservId ?? EXCHANGE_ONLINE;
    // From the top, so the first place is the best one.
    if (!places.has(id))
      places.set(id, field.end <= above.end ? "above" : placeBelow(field, fields, id, border));
  }
  return { places, below: above.below.map(({ name }) => name) };
}

function placeBelow(
  field: HeaderField,
  fields: readonly HeaderField[],
  id: string,
  border: Policy["border"],
): "below" | "elsewhere" {
  const authservIds = [...border.authservIds, id];
  const block = trustedBlock(fields, { ...border, authservIds, authenticationResults: "below" });
  return field.end <= block.end ? "below" : "elsewhere";
}
