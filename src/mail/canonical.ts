import { bufferOf } from "./bytes.ts";

const LF = 0x0a;
const CR = 0x0d;

/**
 * The canonical form over which a signature is made (RFC 8551 §3.1.1): bare LF becomes CRLF, nothing else. A
 * bare CR, trailing blanks and every encoding stay, because the signer hashed them.
 *
 * @param bytes the part as it was cut out
 * @returns a view of the same memory when it is canonical already, else a copy
 */
export function toCrlf(bytes: Uint8Array): Buffer {
  const source = bufferOf(bytes);
  const missing = countBareLf(source);
  if (missing === 0) return source;
  const target = Buffer.allocUnsafe(source.length + missing);
  let to = 0;
  let previous = 0;
  for (let from = 0; from < source.length; from += 1) {
    const byte = source[from] ?? 0;
    if (byte === LF && previous !== CR) {
      target[to] = CR;
      to += 1;
    }
    target[to] = byte;
    to += 1;
    previous = byte;
  }
  return target;
}

function countBareLf(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (at === 0 || bytes[at - 1] !== CR) count += 1;
  }
  return count;
}
