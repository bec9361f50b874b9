import { DerError, DerReader, TAG } from "./der.ts";
import { octetString } from "./der-value.ts";
import { encode } from "./der-write.ts";
import { MAX_INDEFINITE_DEPTH } from "./limits.ts";

/**
 * All elements that are left, with the shortest definite lengths (X.690 §10.1) and strings in one piece (§10.2): what a
 * gateway that streams makes of DER, undone. The order of sets stays as it is.
 * @throws DerError when they are no BER either
 */
export function definiteForm(reader: DerReader): Buffer {
  return Buffer.concat(members(reader, 0));
}

function members(reader: DerReader, depth: number): Buffer[] {
  if (depth > MAX_INDEFINITE_DEPTH) throw new DerError("nested too deep", "too-large");
  const all: Buffer[] = [];
  while (reader.more()) {
    if (reader.peek() === TAG.constructedOctetString) {
      all.push(encode.octetString(octetString(reader, "OCTET STRING")));
      continue;
    }
    const { tag, content } = reader.element();
    if ((tag & 0x1f) === 0x1f) throw new DerError("a tag of several octets");
    const isConstructed = (tag & 0x20) !== 0;
    all.push(
      isConstructed
        ? encode.tagged(tag, ...members(new DerReader(content, reader.encoding), depth + 1))
        : encode.tagged(tag, content),
    );
  }
  return all;
}
