import { decodeBody, type MimePart, parseMime } from "../mail/index.ts";
import { FORWARDED_DEPTH, SECRET_BYTES, SECRETS_BYTES } from "./limits.ts";

/**
 * The decoded bodies of all leaves of a mail, forwarded mails included: whoever sent a private key along has sent it,
 * in whatever part. Types and names play no part, for those who send one call it anything.
 * @param except a part that is read elsewhere: the CMS structure that counts
 */
export function decodedLeaves(raw: Uint8Array, root: MimePart, except: MimePart | undefined): Uint8Array[] {
  const found: Uint8Array[] = [];
  let left = SECRETS_BYTES;
  const visit = (bytes: Uint8Array, part: MimePart, depth: number): void => {
    if (part === except) return;
    for (const child of part.parts) visit(bytes, child, depth);
    // Base64 takes a third more than what it holds, quoted-printable up to three times as much.
    const isLeaf = part.parts.length === 0 && part.end - part.bodyStart <= 3 * SECRET_BYTES;
    if (!isLeaf) return;
    const { bytes: body } = decodeBody(bytes, part);
    if (body.length === 0 || body.length > Math.min(SECRET_BYTES, left)) return;
    left -= body.length;
    if (part.mediaType.type === "message/rfc822" && depth < FORWARDED_DEPTH)
      visit(body, parseMime(body).root, depth + 1);
    else found.push(body);
  };
  visit(raw, root, 0);
  return found;
}
