import type { ImapFlow, ListResponse } from "imapflow";
import { KeybotError } from "../errors.ts";
import { escapeControl } from "../log.ts";
import { place } from "../mail-server.ts";
import { saying } from "./errors.ts";
import type { Link } from "./link.ts";
import { delimiterAt, localName, type Namespaces, wholePath } from "./namespace.ts";

/** Where the opened mailbox stands on this server. */
export interface Hierarchy {
  /** The path of the opened mailbox, as the server writes it. */
  readonly mailbox: string;
  /** Empty when the server has a flat list of mailboxes (RFC 9051 §7.3.1: NIL). */
  readonly delimiter: string;
  readonly namespaces: Namespaces;
}

/** The hierarchy around the mailbox that is open. */
export function hierarchyOf(client: ImapFlow, namespaces: Namespaces): Hierarchy {
  const box = client.mailbox === false ? null : client.mailbox;
  const mailbox = box?.path ?? "";
  // A mailbox that we may open but not see (RFC 4314 §2.1: no right "l") is listed without its delimiter.
  return { mailbox, delimiter: box?.delimiter ?? delimiterAt(mailbox, namespaces), namespaces };
}

/**
 * Where a folder of this name can stand, the best place first. A whole name (see `wholePath`) stands where it says. Else
 * `Processed` beside `INBOX` is `Processed`, or `INBOX.Processed` where the personal namespace says so; beside
 * `Shared/Robot` it is `Shared/Processed`. In the namespace of another user, or a shared one, the text before the mailbox
 * need not be a mailbox: `Other Users/Processed` would belong to a user of that name. There a folder is made beside the
 * mailbox when its parent is a mailbox, else inside it.
 *
 * @param isMailbox whether the server lists this path as a mailbox
 */
export function folderPaths(
  name: string,
  { mailbox, delimiter, namespaces }: Hierarchy,
  isMailbox: (path: string) => boolean,
): readonly string[] {
  const path = localName(name, delimiter);
  const whole = wholePath(name, { ...namespaces, delimiter });
  if (whole !== null) return [whole];
  const end = delimiter === "" ? -1 : mailbox.lastIndexOf(delimiter);
  const foreign = foreignPrefix(mailbox, namespaces);
  const below = (parent: string) => (path.startsWith(parent) ? path : parent + path);
  // INBOX is in no folder; its neighbours are at the root of the personal namespace.
  if (foreign === null)
    return [below(end < 0 ? namespaces.personal : mailbox.slice(0, end + delimiter.length))];
  const inside = below(mailbox + delimiter);
  if (end < foreign.length) return [inside];
  const beside = below(mailbox.slice(0, end + delimiter.length));
  return isMailbox(mailbox.slice(0, end)) ? [beside, inside] : [inside, beside];
}

/** The prefix of the namespace that a mailbox is in, when that is not the robot's own; null in its own. */
function foreignPrefix(mailbox: string, { personal, others }: Namespaces): string | null {
  if (mailbox === "INBOX") return null;
  const prefixes = others.map(({ prefix }) => prefix);
  const [longest] = prefixes
    .filter((prefix) => mailbox.startsWith(prefix))
    .sort((a, b) => b.length - a.length);
  if (longest !== undefined && longest.length > personal.length) return longest;
  return mailbox.startsWith(personal) ? null : (longest ?? "");
}

/** The folders of one session: where each name is, once it was looked for. */
export class Folders {
  readonly #link: Link;
  readonly #hierarchy: Hierarchy;
  readonly #paths = new Map<string, string>();

  constructor(link: Link, hierarchy: Hierarchy) {
    this.#link = link;
    this.#hierarchy = hierarchy;
  }

  /** The path of a folder; it is looked for, and created, when no `ensure` has done so. Throws as `ensure` does. */
  async pathOf(name: string): Promise<string> {
    const known = this.#paths.get(name);
    if (known !== undefined) return known;
    await this.ensure([name]);
    return this.#paths.get(name) ?? name;
  }

  /**
   * Finds the folders, creates and subscribes those that are missing. Returns their paths.
   *
   * Throws `permanent` `imap.folder` when the server refuses one.
   */
  async ensure(names: readonly string[]): Promise<readonly string[]> {
    const listed = (await this.#link.run("list the folders", (client) => client.list())).filter(
      ({ flags }) => !has(flags, "\\nonexistent"),
    );
    const present = new Set(listed.map(({ path }) => path));
    const mailboxes = new Set(listed.filter(isSelectable).map(({ path }) => path));
    for (const name of names) {
      const paths = folderPaths(name, this.#hierarchy, (path) => mailboxes.has(path));
      this.#paths.set(name, paths.find((path) => present.has(path)) ?? (await this.#create(paths)));
    }
    return names.map((name) => this.#paths.get(name) ?? name);
  }

  async #create(paths: readonly string[]): Promise<string> {
    let refusal: unknown = null;
    for (const path of paths) {
      try {
        await createFolder(this.#link, path);
        return path;
      } catch (error) {
        if (!(error instanceof KeybotError) || error.code !== "imap.folder") throw error;
        refusal ??= error;
      }
    }
    throw refusal;
  }
}

/** Creates one folder; one that exists is no error. The library subscribes what it creates. */
export async function createFolder(link: Link, path: string): Promise<void> {
  try {
    await link.run("create a folder", (client) => client.mailboxCreate(path));
  } catch (error) {
    if (!(error instanceof KeybotError) || error.code !== "imap.refused") throw error;
    const message = `${place(link.settings)} has no folder ${escapeControl(path)} and does not let us create it${saying(error.cause)}`;
    const hint =
      'Create it by hand, or choose another name in imap.folders: one that begins with "/" is taken whole, from the root.';
    throw new KeybotError("permanent", "imap.folder", message, { hint, cause: error });
  }
}

function isSelectable({ flags }: ListResponse): boolean {
  return !has(flags, "\\noselect");
}

// RFC 5258 §3 \NonExistent: a name that is listed only because something lies below it.
function has(flags: ReadonlySet<string>, wanted: string): boolean {
  return [...flags].some((flag) => flag.toLowerCase() === wanted);
}
