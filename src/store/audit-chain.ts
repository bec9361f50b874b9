import { hash } from "node:crypto";

/** What of an audit row can point to a person; in this order, the commitment is made over it. */
export interface AuditText {
  readonly actor: string;
  readonly address: string | null;
  readonly certificate: string | null;
  readonly message_key: string | null;
  readonly reason: string | null;
  /** JSON. */
  readonly detail: string;
}

/** A row as far as the chain needs it; of a blanked one salt and text are null. */
export interface ChainRow extends Record<keyof AuditText, string | null> {
  readonly id: number;
  readonly at: number;
  readonly action: string;
  readonly commitment: string;
  readonly previous: string;
  readonly hash: string;
  readonly salt: Uint8Array | null;
}

/** What stands where the first row names the row before it. */
export const GENESIS = "0".repeat(64);

/** The action of the rows that say how many others were blanked, in the detail `entries`. */
export const TOMBSTONE = "partner.forgotten";

/** How much of the trail is looked at, and what for. */
export interface AuditQuestion {
  /** The head of an earlier check: is it in the chain still? */
  readonly noted?: string;
  /** Only so many of the newest rows: cheap, for a look in passing. */
  readonly last?: number;
}

/** The result of `verifyAudit`. */
export interface AuditCheck {
  /** Rows that hold, up to the fault if there is one. */
  readonly entries: number;
  /** Those of them whose text was blanked when a partner was forgotten. */
  readonly blanked: number;
  /** Hash of the last row that holds; noted elsewhere it proves later that nothing was cut off or written anew. */
  readonly head: string;
  /** The row whose hash was asked for (0: the head of a trail without rows); null when there is none, or none was asked for. */
  readonly noted: number | null;
  /** The first row that does not fit, or null. */
  readonly fault: { readonly id: number; readonly sentence: string } | null;
}

/** SHA-256 over the salt and the text; hides the text from whoever has neither. Lower-case hex. */
export function commitmentTo(salt: Uint8Array, text: AuditText): string {
  const { actor, address, certificate, message_key, reason, detail } = text;
  const told = Buffer.from(canonical([actor, address, certificate, message_key, reason, detail]));
  return hash("sha256", Buffer.concat([salt, told]), "hex");
}

/** The hash of a row: over the one before it, and over what of the row is never blanked. Lower-case hex. */
export function chained(row: Pick<ChainRow, "previous" | "at" | "action" | "commitment">): string {
  return hash("sha256", canonical([row.previous, row.at, row.action, row.commitment]), "hex");
}

/** Such an array has one spelling only in JSON, so no two rows can share it by moving text between fields. */
function canonical(fields: readonly (string | number | null)[]): string {
  return JSON.stringify(fields);
}

/**
 * Follows the chain in constant memory.
 * @param rows the oldest first; from the first row on, or with `last` from a later one, whose predecessor is believed
 */
export function followChain(rows: Iterable<ChainRow>, { noted, last }: AuditQuestion = {}): AuditCheck {
  const blanks = new Blanks();
  let head = last === undefined ? GENESIS : null;
  let entries = 0;
  let found = noted === GENESIS ? 0 : null;
  const result = (fault: AuditCheck["fault"]): AuditCheck => ({
    entries,
    blanked: blanks.count,
    head: head ?? GENESIS,
    noted: found,
    fault,
  });
  for (const row of rows) {
    const sentence = faultOf(row, head ?? row.previous);
    if (sentence !== null) return result({ id: row.id, sentence });
    blanks.see(row);
    head = row.hash;
    entries += 1;
    if (row.hash === noted) found = row.id;
  }
  // The newest rows alone do not say what was blanked before them.
  return result(last === undefined ? blanks.fault() : null);
}

function faultOf(row: ChainRow, head: string): string | null {
  if (row.previous !== head) return "a row before this one was removed or replaced";
  if (chained(row) !== row.hash) return "this row was changed after it was written";
  const text = textOf(row);
  if (text === "mixed") return "a part of this row's text was removed after it was written";
  if (text === null) return row.action === TOMBSTONE ? "the text of a tombstone was removed" : null;
  if (row.salt === null || commitmentTo(row.salt, text) !== row.commitment)
    return "the text of this row was changed after it was written";
  return null;
}

/** The text of a row, null when it was blanked as a whole. */
function textOf(row: ChainRow): AuditText | null | "mixed" {
  const { salt, actor, detail } = row;
  if (salt !== null && actor !== null && detail !== null) return { ...row, actor, detail };
  const left = [salt, actor, row.address, row.certificate, row.message_key, row.reason, detail];
  return left.every((value) => value === null) ? null : "mixed";
}

/** Blanking leaves the chain whole, so it must be accounted for: each blank row by a tombstone that comes after it. */
class Blanks {
  count = 0;
  #accounted = 0;
  #first: number | null = null;
  #sinceTombstone: number | null = null;

  see(row: ChainRow): void {
    if (row.salt === null) {
      this.count += 1;
      this.#first ??= row.id;
      this.#sinceTombstone ??= row.id;
    } else if (row.action === TOMBSTONE) {
      this.#accounted += entriesIn(row.detail);
      this.#sinceTombstone = null;
    }
  }

  fault(): AuditCheck["fault"] {
    if (this.#sinceTombstone !== null) {
      return {
        id: this.#sinceTombstone,
        sentence: "the text of this row was removed, and no later row says that a partner was forgotten",
      };
    }
    if (this.#first === null || this.count <= this.#accounted) return null;
    const sentence = `from this row on the text of ${this.count} rows was removed; forgotten partners account for ${this.#accounted} of them`;
    return { id: this.#first, sentence };
  }
}

function entriesIn(detail: string | null): number {
  const count = /"entries":(\d+)/.exec(detail ?? "")?.[1];
  return count === undefined ? 0 : Number(count);
}
