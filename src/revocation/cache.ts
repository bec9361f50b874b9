/** Answers that are kept. The store can keep them on disk behind the same interface; what is kept in memory is here. */

/** An answer that was proven when it came: signed by the CA that it is about, and timely. */
export interface KeptAnswer {
  readonly bytes: Uint8Array;
  /** From then on the CA is asked anew, if it can be reached. */
  readonly renewAt: Date;
  /** From then on it is worth nothing (nextUpdate). */
  readonly validUntil: Date;
}

/**
 * Where answers are kept, by texts that this room makes. It may forget anything at any time. Errors of its environment
 * (a disk) are thrown as `KeybotError`s and pass through `ask`.
 */
export interface RevocationCache {
  /** The answer, unless `validUntil` is over. */
  get(key: string, now: Date): Promise<KeptAnswer | null>;
  /** Keeps an answer in the place of the one before. */
  put(key: string, answer: KeptAnswer): Promise<void>;
}

/**
 * A cache in memory that forgets what was not used for the longest time.
 * @param maxBytes of all answers together; a larger one is not kept
 * @param behind asked for what is not in memory, and told everything
 */
export function memoryCache(maxBytes: number, behind: RevocationCache | null = null): RevocationCache {
  // A Map keeps the order of insertion: what is used is moved to its end.
  const kept = new Map<string, KeptAnswer>();
  let bytes = 0;

  function remove(key: string): void {
    bytes -= kept.get(key)?.bytes.length ?? 0;
    kept.delete(key);
  }

  function insert(key: string, answer: KeptAnswer): void {
    remove(key);
    if (answer.bytes.length > maxBytes) return;
    kept.set(key, answer);
    bytes += answer.bytes.length;
    for (const [oldest] of kept) {
      if (bytes <= maxBytes) break;
      remove(oldest);
    }
  }

  return {
    async get(key, now) {
      const found = kept.get(key) ?? (await behind?.get(key, now)) ?? null;
      if (found === null) return null;
      if (now > found.validUntil) {
        remove(key);
        return null;
      }
      insert(key, found);
      return found;
    },
    async put(key, answer) {
      insert(key, answer);
      await behind?.put(key, answer);
    },
  };
}
