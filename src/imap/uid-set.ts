/** A sequence-set (RFC 9051 §9) of exactly these UIDs: `[3,4,5,9]` → `3:5,9`. Empty for none. */
export function uidSet(uids: Iterable<number>): string {
  const ranges: { first: number; last: number }[] = [];
  for (const uid of [...new Set(uids)].sort((a, b) => a - b)) {
    const previous = ranges.at(-1);
    if (previous !== undefined && previous.last === uid - 1) previous.last = uid;
    else ranges.push({ first: uid, last: uid });
  }
  return ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}:${last}`)).join(",");
}

/** The same UIDs in pieces of at most `size`. */
export function inPieces(uids: readonly number[], size: number): readonly (readonly number[])[] {
  const pieces: (readonly number[])[] = [];
  for (let start = 0; start < uids.length; start += size) pieces.push(uids.slice(start, start + size));
  return pieces;
}
