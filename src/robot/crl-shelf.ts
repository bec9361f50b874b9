import { hash } from "node:crypto";
import type { ShelfChange } from "./judge-process.ts";

/** Bytes of CRLs that a judge process keeps: those of a day's CAs. Beyond that it starts with an empty shelf. */
const SHELF_BYTES = 32 * 1024 * 1024;

/** The desk hands out the same buffer for the same CRL as long as it is in its memory. */
const digests = new WeakMap<Uint8Array, string>();

/** What one judge process holds of CRLs, as the robot knows it. */
export class CrlShelf {
  readonly #held = new Set<string>();
  #bytes = 0;

  /** How to say to the process which CRLs count: all by their SHA-256, and those that it does not hold yet. */
  place(crls: readonly Uint8Array[]): { readonly crls: readonly string[]; readonly shelf: ShelfChange } {
    const wanted = crls.map((der) => ({ sha256: digestOf(der), der }));
    const missing = wanted.filter(({ sha256 }) => !this.#held.has(sha256));
    const clear = missing.length > 0 && this.#bytes + bytesOf(missing) > SHELF_BYTES;
    if (clear) {
      this.#held.clear();
      this.#bytes = 0;
    }
    const add = clear ? wanted : missing;
    for (const { sha256 } of add) this.#held.add(sha256);
    this.#bytes += bytesOf(add);
    return { crls: wanted.map(({ sha256 }) => sha256), shelf: { clear, add } };
  }
}

function bytesOf(crls: readonly { readonly der: Uint8Array }[]): number {
  return crls.reduce((sum, { der }) => sum + der.length, 0);
}

function digestOf(der: Uint8Array): string {
  const known = digests.get(der) ?? hash("sha256", der, "hex");
  digests.set(der, known);
  return known;
}
