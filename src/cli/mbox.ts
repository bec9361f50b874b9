/**
 * The mails of an mbox file (RFC 4155), with the quoting of `From ` lines undone as mboxrd does it.
 * @param bytes the whole file
 * @returns null when it does not begin as an mbox does
 */
export function mboxMails(bytes: Buffer): Buffer[] | null {
  if (!bytes.subarray(0, 5).equals(Buffer.from("From "))) return null;
  const starts: number[] = [];
  // RFC 4155: a message begins with `From ` at the start of the file or after an empty line.
  for (let at = 0; at >= 0; at = nextStart(bytes, at + 1)) starts.push(at);
  return starts.map((start, index) => oneMail(bytes.subarray(start, starts[index + 1] ?? bytes.length)));
}

function nextStart(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf("\nFrom ", from); at >= 0; at = bytes.indexOf("\nFrom ", at + 1)) {
    const before = bytes[at - 1] === 0x0d ? bytes[at - 2] : bytes[at - 1];
    if (before === 0x0a) return at + 1;
  }
  return -1;
}

/** Without its `From ` line and the empty line that parts it from the next, `>From ` unquoted. */
function oneMail(bytes: Buffer): Buffer {
  const lineEnd = bytes.indexOf(0x0a);
  const body = lineEnd < 0 ? bytes.subarray(bytes.length) : bytes.subarray(lineEnd + 1);
  const text = body
    .toString("latin1")
    .replace(/\r?\n$/, "")
    .replace(/^>(>*From )/gm, "$1");
  return Buffer.from(text, "latin1");
}
