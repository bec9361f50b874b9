import {
  decodeBody,
  decodeEncodedWords,
  firstField,
  type MimePart,
  parseMime,
} from "../../src/mail/index.ts";

/** A file that came with a mail. */
export interface ReceivedFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/** A mail as its reader sees it: decoded. */
export interface Received {
  readonly raw: Buffer;
  /** A header field, unfolded and decoded; null when it is not there. */
  field(name: string): string | null;
  readonly text: string;
  readonly files: readonly ReceivedFile[];
}

/** Reads a mail that lies in somebody's mailbox. */
export function received(raw: Buffer): Received {
  const { root } = parseMime(raw);
  const leaves = leavesOf(root);
  const body = leaves.find(
    (part) => part.mediaType.type === "text/plain" && part.disposition !== "attachment",
  );
  return {
    raw,
    field: (name) => {
      const found = firstField(root.fields, name);
      return found === null || found === undefined ? null : decodeEncodedWords(found.body);
    },
    text: body === undefined ? "" : decodeBody(raw, body).bytes.toString("utf8").replaceAll("\r\n", "\n"),
    files: leaves.flatMap((part) =>
      part.fileName === null ? [] : [{ name: part.fileName, bytes: decodeBody(raw, part).bytes }],
    ),
  };
}

const SHOWN = ["Return-Path", "From", "To", "Subject", "Auto-Submitted", "In-Reply-To"];

/**
 * A mail for the page: the fields that matter, `lines` lines of one language's text, the names of the files.
 *
 * @param from the words with which the excerpt begins; the whole text without them
 */
export function excerpt(mail: Received, from: string, lines: number): string[] {
  const fields = SHOWN.flatMap((name) => {
    const value = mail.field(name);
    return value === null ? [] : [`${name}: ${value}`];
  });
  const text = mail.text
    .slice(Math.max(0, mail.text.indexOf(from)))
    .trimEnd()
    .split("\n");
  const files = mail.files.map(({ name, bytes }) => `[${name}, ${bytes.length} bytes]`);
  return [...fields, "", ...text.slice(0, lines), ...(text.length > lines ? ["…"] : []), ...files];
}

function leavesOf(part: MimePart): readonly MimePart[] {
  return part.parts.length === 0 ? [part] : part.parts.flatMap(leavesOf);
}
