/**
 * A `Buffer` over the same memory, no copy.
 *
 * @param bytes any byte view
 * @returns `bytes` itself when it is a Buffer already
 */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
