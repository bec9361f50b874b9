/**
 * The CRLs that are kept: each list once, under its signer's key, its kind and its scope, whatever place it came from; for
 * each place no more than which of them it gave. So what one place gives never stands in the way of what another has,
 * and a list of another scope, a delta CRL or a stranger's pushes out nothing.
 */
import { hash } from "node:crypto";
import {
  type Certificate,
  type DatedCrl,
  isAsNew,
  isOlder,
  isProblem,
  parseCertificate,
  scopeText,
} from "../pki/index.ts";
import type { RevocationCache } from "./cache.ts";
import { MAX_EQUALLY_NEW, REMEMBER_AGE_MS, RENEW_AFTER_MS } from "./limits.ts";
import type { CrlWorth } from "./worth.ts";

/** What a place gave when it was asked last. */
export interface KeptLists {
  /** DER of the newest list of that signer, kind and scope; several when no order tells which is newer. */
  readonly lists: readonly Uint8Array[];
  /** Who signed them, where he does not stand above the certificate. */
  readonly signer: Certificate | null;
  /** The place need not be asked again yet. */
  readonly fresh: boolean;
}

/** A list that was proven. */
export type ProvenCrl = CrlWorth & { readonly usable: true; readonly signer: Certificate };

/** What is remembered of the newest list of one signer, kind and scope, also after it ran out. */
interface Newest {
  readonly thisUpdate: string;
  readonly crlNumber: string | null;
  /** SHA-256 of each list that is as new. */
  readonly lists: readonly string[];
}

/** What a place gave: the name of a signer, kind and scope, and DER of the signer, in base64, who is not above. */
interface Given {
  readonly of: string;
  readonly signer: string | null;
}

/** CRLs in a cache (`cache.ts`). The cache may forget anything: then it is as if nobody had been asked. */
export class KeptCrls {
  readonly #cache: RevocationCache;
  readonly #maxAge: number;

  /** @param maxAge milliseconds since it was last had from its place, after which a kept list counts no longer */
  constructor(cache: RevocationCache, maxAge: number) {
    this.#cache = cache;
    this.#maxAge = maxAge;
  }

  /**
   * What a place gave.
   * @param issuer the CA above the certificate that names the place: what one CA has proven there proves nothing for another
   * @returns null when nothing that is still timely is kept of it
   * @throws KeybotError what the cache throws
   */
  async at(issuer: Certificate, url: string, now: Date): Promise<KeptLists | null> {
    const place = await this.#cache.get(placeKey(issuer, url), now);
    if (place === null) return null;
    const { of, signer } = read<Given>(place.bytes);
    const newest = await this.#newest(of, now);
    const lists: Uint8Array[] = [];
    for (const sha256 of newest?.lists ?? []) {
      const list = await this.#cache.get(listKey(sha256), now);
      if (list !== null) lists.push(list.bytes);
    }
    if (lists.length === 0) return null;
    const parsed = signer === null ? null : parseCertificate(Buffer.from(signer, "base64"));
    return {
      lists,
      signer: parsed === null || isProblem(parsed) ? null : parsed,
      fresh: now < place.renewAt,
    };
  }

  /**
   * Keeps a list, unless an older one than the newest of its signer, kind and scope (RFC 5280 §5.1.2.4, §5.2.3): whoever is
   * on the way can send what the CA said before it revoked, with a longer nextUpdate too.
   * @param weak it is signed too weakly to clear anybody: then it is kept apart from those that may
   * @returns whether it is kept
   * @throws KeybotError what the cache throws
   */
  async keep(
    issuer: Certificate,
    url: string,
    der: Uint8Array,
    { crl, signer }: ProvenCrl,
    { weak, isAbove }: { readonly weak: boolean; readonly isAbove: boolean },
    now: Date,
  ): Promise<boolean> {
    const kind = crl.baseCrlNumber === null ? "complete" : "delta";
    const scope = hash("sha256", JSON.stringify([crl.issuer.canonical, scopeText(crl)]), "hex");
    const of = `${signer.spkiSha256} ${kind} ${weak ? "weak " : ""}${scope}`;
    const newest = await this.#newest(of, now);
    const known = newest === null ? null : datesOf(newest);
    const given: Given = { of, signer: isAbove ? null : Buffer.from(signer.der).toString("base64") };
    const notAfter = new Date(now.getTime() + this.#maxAge);
    if (known !== null && isOlder(crl, known)) {
      // What is known of that signer and scope is the last resort here too, but nothing that this place has confirmed.
      await this.#cache.put(placeKey(issuer, url), {
        bytes: written(given),
        renewAt: now,
        validUntil: notAfter,
      });
      return false;
    }
    const isNewer = newest === null || known === null || !isAsNew(crl, known);
    const lists = [...new Set([crl.sha256, ...(isNewer ? [] : newest.lists)])].slice(0, MAX_EQUALLY_NEW);
    const { thisUpdate, nextUpdate } = crl;
    const crlNumber = crl.crlNumber ?? (isNewer ? null : known.crlNumber);
    const until = new Date(Math.min(notAfter.getTime(), nextUpdate?.getTime() ?? 0));
    const renewAt = new Date(Math.min(now.getTime() + RENEW_AFTER_MS, until.getTime()));
    // The list first: its age without the list would be a place without an answer.
    await this.#cache.put(listKey(crl.sha256), { bytes: der, renewAt, validUntil: until });
    const age: Newest = { thisUpdate: thisUpdate.toISOString(), crlNumber, lists };
    const remembered = new Date(now.getTime() + REMEMBER_AGE_MS);
    await this.#cache.put(newestKey(of), {
      bytes: written(age),
      renewAt: remembered,
      validUntil: remembered,
    });
    await this.#cache.put(placeKey(issuer, url), { bytes: written(given), renewAt, validUntil: until });
    return true;
  }

  async #newest(of: string, now: Date): Promise<Newest | null> {
    const found = await this.#cache.get(newestKey(of), now);
    return found === null ? null : read<Newest>(found.bytes);
  }
}

function datesOf({ thisUpdate, crlNumber }: Newest): DatedCrl {
  return { thisUpdate: new Date(thisUpdate), crlNumber };
}

function placeKey({ spkiSha256 }: Certificate, url: string): string {
  return `crl-place ${spkiSha256} ${url}`;
}

function newestKey(of: string): string {
  return `crl-newest ${of}`;
}

function listKey(sha256: string): string {
  return `crl ${sha256}`;
}

function written(value: Newest | Given): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

/** What this file has written itself. */
function read<T extends Newest | Given>(bytes: Uint8Array): T {
  return JSON.parse(Buffer.from(bytes).toString()) as T;
}
