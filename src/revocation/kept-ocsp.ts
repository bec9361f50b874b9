/** The OCSP answers that are kept: the newest about each certificate of each issuer, from whatever responder it came. */
import type { RevocationCache } from "./cache.ts";
import { REMEMBER_AGE_MS } from "./limits.ts";
import type { Worth } from "./worth.ts";

/** What a responder says of one certificate. */
export interface OcspWord {
  readonly isRevoked: boolean;
  /** Revoked for a reason that is never lifted (RFC 5280 §5.3.1). */
  readonly isFinal: boolean;
  /** thisUpdate (RFC 6960 §2.4). */
  readonly madeAt: Date;
}

/** A kept answer; `fresh`: nobody need be asked again yet. */
export interface KeptOcspAnswer {
  readonly bytes: Uint8Array;
  readonly fresh: boolean;
}

type Kept = NonNullable<(Worth & { readonly usable: true })["keep"]>;

/** OCSP answers in a cache (`cache.ts`). The cache may forget anything: then it is as if nobody had been asked. */
export class KeptOcsp {
  readonly #cache: RevocationCache;
  readonly #maxAge: number;

  /** @param maxAge milliseconds since it was last had, after which a kept answer counts no longer */
  constructor(cache: RevocationCache, maxAge: number) {
    this.#cache = cache;
    this.#maxAge = maxAge;
  }

  /**
   * What is kept about a certificate.
   * @param certId which certificate of which issuer's key (CertID, RFC 6960 §4.1.1)
   * @throws KeybotError what the cache throws
   */
  async of(certId: string, now: Date): Promise<KeptOcspAnswer | null> {
    const kept = await this.#cache.get(answerKey(certId), now);
    return kept === null ? null : { bytes: kept.bytes, fresh: now < kept.renewAt };
  }

  /**
   * Keeps an answer that says "revoked" for good; any other unless one that is newer is kept, or a "revoked" is known that is not older: who is on the way can send
   * what was said before (RFC 6960 §5), and of two words of one second "revoked" errs on the safe side.
   * @param wordOf what an answer that is kept says; null: nothing that counts any more
   * @returns whether it counts
   * @throws KeybotError what the cache throws
   */
  async keep(
    certId: string,
    bytes: Uint8Array,
    word: OcspWord,
    { renewAt, validUntil }: Kept,
    wordOf: (bytes: Uint8Array) => OcspWord | null,
    now: Date,
  ): Promise<boolean> {
    const kept = await this.#cache.get(answerKey(certId), now);
    const before = kept === null ? null : wordOf(kept.bytes);
    if (before !== null && word.madeAt < before.madeAt && !word.isFinal) return false;
    const remembers = await this.#cache.get(revokedKey(certId), now);
    const revokedAt = remembers === null ? null : new Date(Buffer.from(remembers.bytes).toString());
    const isLater = revokedAt === null || word.madeAt > revokedAt;
    if (!word.isRevoked && !isLater) return false;
    if (word.isRevoked && isLater) {
      const remembered = new Date(now.getTime() + REMEMBER_AGE_MS);
      const madeAt = Buffer.from(word.madeAt.toISOString());
      await this.#cache.put(revokedKey(certId), {
        bytes: madeAt,
        renewAt: remembered,
        validUntil: remembered,
      });
    }
    const until = new Date(Math.min(validUntil.getTime(), now.getTime() + this.#maxAge));
    await this.#cache.put(answerKey(certId), { bytes, renewAt, validUntil: until });
    return true;
  }
}

function answerKey(certId: string): string {
  return `ocsp ${certId}`;
}

function revokedKey(certId: string): string {
  return `ocsp-revoked ${certId}`;
}
