/**
 * ASN.1 as a tree that can be cut about, for bytes that OpenSSL wrote: definite and indefinite lengths are read,
 * definite ones are written. Not keybot's reader: an attack must not lean on what it attacks.
 */

/** An element: constructed ones have children, primitive ones bytes. */
export interface DerNode {
  tag: number;
  children: DerNode[] | null;
  bytes: Buffer;
}

/** Reads one element. Throws for what it does not understand: the input is our own. */
export function parseDer(bytes: Buffer): DerNode {
  return read(bytes, 0).node;
}

/** Writes it with the shortest definite lengths, members in the order in which they are. */
export function writeDer(node: DerNode): Buffer {
  const content = node.children === null ? node.bytes : Buffer.concat(node.children.map(writeDer));
  return Buffer.concat([Buffer.from([node.tag, ...lengthOctets(content.length)]), content]);
}

/** Writes the outermost `depth` levels with indefinite lengths (X.690 §8.1.3.6), as streaming signers do. */
export function writeIndefinite(node: DerNode, depth: number): Buffer {
  if (depth === 0 || node.children === null) return writeDer(node);
  const content = node.children.map((child) => writeIndefinite(child, depth - 1));
  return Buffer.concat([Buffer.of(node.tag, 0x80), ...content, Buffer.of(0, 0)]);
}

/** A primitive element. */
export function leaf(tag: number, bytes: Uint8Array): DerNode {
  return { tag, children: null, bytes: Buffer.from(bytes) };
}

/** A constructed element. */
export function branch(tag: number, ...children: DerNode[]): DerNode {
  return { tag, children, bytes: Buffer.alloc(0) };
}

/** An OBJECT IDENTIFIER from dotted text whose arcs stay below 2^28. */
export function oidNode(dotted: string): DerNode {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return leaf(0x06, Buffer.from([first * 40 + second, ...rest].flatMap(base128)));
}

/** The child at this place, which must be there. */
export function childAt(node: DerNode, index: number): DerNode {
  const child = node.children?.[index];
  if (child === undefined) throw new Error(`no child ${index} under the tag ${node.tag}`);
  return child;
}

/** Takes all children out. */
export function emptied(node: DerNode): void {
  node.children = [];
}

/** A copy that shares nothing with the original. */
export function copyOf(node: DerNode): DerNode {
  return { tag: node.tag, children: node.children?.map(copyOf) ?? null, bytes: Buffer.from(node.bytes) };
}

function read(bytes: Buffer, start: number): { node: DerNode; next: number } {
  const tag = bytes.readUInt8(start);
  const first = bytes.readUInt8(start + 1);
  let at = start + 2;
  let end = -1;
  if (first < 0x80) end = at + first;
  else if (first > 0x80) {
    const octets = first & 0x7f;
    end = at + octets + bytes.readUIntBE(at, octets);
    at += octets;
  }
  if ((tag & 0x20) === 0) return { node: leaf(tag, bytes.subarray(at, end)), next: end };
  const children: DerNode[] = [];
  while (end < 0 ? bytes.readUInt16BE(at) !== 0 : at < end) {
    const { node, next } = read(bytes, at);
    children.push(node);
    at = next;
  }
  return { node: branch(tag, ...children), next: end < 0 ? at + 2 : end };
}

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length];
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return [0x80 | octets.length, ...octets];
}

function base128(arc: number): number[] {
  const octets = [arc & 0x7f];
  for (let rest = arc >> 7; rest > 0; rest >>= 7) octets.unshift((rest & 0x7f) | 0x80);
  return octets;
}
