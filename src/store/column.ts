/** How the values of the domain stand in columns: the one place where a row's text and numbers are converted. */

/** Milliseconds since 1970 in UTC → a date. */
export function time(column: number): Date {
  return new Date(column);
}

/** As `time`, for a column that may be empty. */
export function timeOrNull(column: number | null): Date | null {
  return column === null ? null : new Date(column);
}

/** A date → milliseconds. An invalid date throws here, before it would be stored as NULL or NaN. */
export function milliseconds(date: Date): number {
  const value = date.getTime();
  if (!Number.isSafeInteger(value)) throw new RangeError("an invalid date cannot be stored");
  return value;
}

/** STRICT tables and the driver know no boolean. */
export function bit(value: boolean): 0 | 1 {
  return value ? 1 : 0;
}

/** The driver hands out Buffers; the rest of keybot knows Uint8Array only. No copy. */
export function bytes(column: Uint8Array): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
}

/** As `bytes`, for a column that may be empty. */
export function bytesOrNull(column: Uint8Array | null): Uint8Array | null {
  return column === null ? null : bytes(column);
}

/** A JSON column that this room wrote itself, and that CHECK (json_valid) guards. */
export function json<T>(column: string): T {
  return JSON.parse(column) as T;
}

/** The part after the last `@`, in lower case; the whole text when there is none. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf("@") + 1).toLowerCase();
}
