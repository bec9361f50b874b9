/** The part of TextDecoder that is used; @types/node 20 has no global type of that name. */
export interface Decoder {
  decode(bytes: Uint8Array): string;
}

/**
 * A decoder for a MIME charset name, null when the platform does not know it.
 *
 * @param charset the name as written in the mail
 */
export function textDecoder(charset: string): Decoder | null {
  try {
    return new TextDecoder(charset);
  } catch {
    return null; // RangeError: unknown to the Encoding Standard (utf-7 among others)
  }
}
