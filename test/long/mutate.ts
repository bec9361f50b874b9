/** A stream of numbers from 0 (included) to 1, the same for the same seed (a 32-bit mix after Steele and Vigna). */
export type Random = () => number;

export function randomNumbers(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** A copy with one to three changes, each of a few bytes; now and then the same as before. */
export function mutate(bytes: Buffer, random: Random): Buffer {
  let changed: Buffer = Buffer.from(bytes);
  const changes = 1 + below(3, random);
  for (let change = 0; change < changes; change++) {
    changed = CHANGES[below(CHANGES.length, random)]?.(changed, random) ?? changed;
  }
  return changed;
}

type Change = (bytes: Buffer, random: Random) => Buffer;

const CHANGES: readonly Change[] = [flipBit, setByte, remove, insert, repeat, move, breakLineEnd, truncate];

function flipBit(bytes: Buffer, random: Random): Buffer {
  const at = below(bytes.length, random);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8, random));
  return bytes;
}

function setByte(bytes: Buffer, random: Random): Buffer {
  if (bytes.length > 0) bytes[below(bytes.length, random)] = below(256, random);
  return bytes;
}

function remove(bytes: Buffer, random: Random): Buffer {
  const at = below(bytes.length, random);
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(4, random))]);
}

function insert(bytes: Buffer, random: Random): Buffer {
  const at = below(bytes.length, random);
  const inserted = Buffer.from(Array.from({ length: 1 + below(4, random) }, () => below(256, random)));
  return Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at)]);
}

/** A piece a second time: a header field, a boundary, a certificate twice. */
function repeat(bytes: Buffer, random: Random): Buffer {
  const [start, end] = piece(bytes, random);
  return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)]);
}

function move(bytes: Buffer, random: Random): Buffer {
  const [start, end] = piece(bytes, random);
  const rest = Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
  const at = below(rest.length, random);
  return Buffer.concat([rest.subarray(0, at), bytes.subarray(start, end), rest.subarray(at)]);
}

/** What mail servers do to lines: CRLF becomes LF somewhere. */
function breakLineEnd(bytes: Buffer, random: Random): Buffer {
  const at = bytes.indexOf("\r\n", below(bytes.length, random));
  return at === -1 ? bytes : Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
}

function truncate(bytes: Buffer, random: Random): Buffer {
  return random() < 0.8 ? flipBit(bytes, random) : bytes.subarray(0, below(bytes.length, random));
}

function piece(bytes: Buffer, random: Random): [number, number] {
  const start = below(bytes.length, random);
  return [start, Math.min(bytes.length, start + 1 + below(400, random))];
}

function below(limit: number, random: Random): number {
  return Math.floor(random() * limit);
}
