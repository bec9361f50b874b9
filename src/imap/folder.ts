import type { ImapFlow } from "imapflow";
import { KeybotError } from "../errors.ts";
import { escapeControl } from "../log.ts";
import { place } from "../mail-server.ts";
import type { Link } from "./link.ts";

/** Where folders stand on this server. */
export interface Hierarchy {
  /** The path of the opened mailbox, as the server writes it. */
  readonly mailbox: string;
  /** Empty when the server has a flat list of mailboxes (RFC 9051 §7.3.1: NIL). */
  readonly delimiter: string;
  /** Prefix of the personal namespace (RFC 2342), such as `INBOX.` on Courier and Cyrus; often empty. */
  readonly prefix: string;
}

/** The hierarchy around the mailbox that is open. */
export function hierarchyOf(client: ImapFlow): Hierarchy {
  const mailbox = client.mailbox === false ? "" : client.mailbox.path;
  const ownDelimiter = client.mailbox === false ? undefined : client.mailbox.delimiter;
  return {
    mailbox,
    delimiter: ownDelimiter ?? client.namespace?.delimiter ?? "",
    prefix: client.namespace?.prefix ?? "",
  };
}

/**
 * The path of a folder that is named as one next to the mailbox: `Processed` beside `INBOX` is `Processed`, or
 * `INBOX.Processed` where the personal namespace says so; beside `Shared/Robot` it is `Shared/Processed`. A `/` in the
 * name stands for the server's delimiter. A name that already is such a path stays.
 */
export function folderPath(name: string, hierarchy: Hierarchy): string {
  const { mailbox, delimiter, prefix } = hierarchy;
  const path = delimiter === "" || delimiter === "/" ? name : name.replaceAll("/", delimiter);
  const end = delimiter === "" ? -1 : mailbox.lastIndexOf(delimiter);
  // INBOX is in no folder; its neighbours are at the root of the personal namespace.
  const parent = end < 0 ? prefix : mailbox.slice(0, end + delimiter.length);
  return path.startsWith(parent) ? path : parent + path;
}

/**
 * Creates and subscribes the folders that are missing. Throws `permanent` `imap.folder` when the server refuses one.
 */
export async function ensureFolders(
  link: Link,
  hierarchy: Hierarchy,
  names: readonly string[],
): Promise<void> {
  const listed = await link.run("list the folders", (client) => client.list());
  const present = new Set(listed.filter((folder) => !isAbsent(folder.flags)).map((folder) => folder.path));
  for (const name of names) {
    const path = folderPath(name, hierarchy);
    if (!present.has(path)) await createFolder(link, path);
  }
}

/** Creates one folder; one that exists is no error. The library subscribes what it creates. */
export async function createFolder(link: Link, path: string): Promise<void> {
  try {
    await link.run("create a folder", (client) => client.mailboxCreate(path));
  } catch (error) {
    if (!(error instanceof KeybotError) || error.code !== "imap.refused") throw error;
    const message = `${place(link.settings)} has no folder ${escapeControl(path)} and does not let us create it.`;
    const hint = "Create it by hand, or choose another name in imap.folders.";
    throw new KeybotError("permanent", "imap.folder", message, { hint, cause: error });
  }
}

// RFC 5258 §3: a name that is listed only because something lies below it.
function isAbsent(flags: ReadonlySet<string>): boolean {
  return [...flags].some((flag) => flag.toLowerCase() === "\\nonexistent");
}
