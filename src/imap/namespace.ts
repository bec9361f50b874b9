import type { ImapFlow } from "imapflow";

/** One namespace, with what parts the levels in it; each may have another delimiter (RFC 2342 §5). */
interface Namespace {
  readonly prefix: string;
  readonly delimiter: string;
}

/** Where mailboxes begin on this server (RFC 2342 §5). */
export interface Namespaces {
  /** Prefix of the robot's own, such as `INBOX.` on Courier and Cyrus; often empty. */
  readonly personal: string;
  /** Other users', shared and further own namespaces, such as `user.` or `shared/`; a prefix may be empty. */
  readonly others: readonly Namespace[];
  /** Parts the levels in the robot's own; empty on a server with a flat list. */
  readonly delimiter: string;
}

/**
 * Reads the namespaces and keeps the library from using them: it would put the personal prefix before every path that does
 * not begin with it, also before another user's mailbox. From here on each path goes to the server as it is.
 */
export function takeNamespaces(client: ImapFlow): Namespaces {
  const personal = client.namespace?.prefix ?? "";
  const delimiter = client.namespace?.delimiter ?? "";
  const { personal: own = [], other = [], shared = [] } = client.namespaces ?? {};
  const others = [own.slice(1), other || [], shared || []]
    .flat()
    .map((one) => ({ prefix: one.prefix, delimiter: one.delimiter ?? "" }));
  if (client.namespace !== undefined) client.namespace = { ...client.namespace, prefix: "" };
  return { personal, others, delimiter };
}

/**
 * The paths that a configured mailbox can mean, the likeliest first. A whole name (see `wholePath`) means one; else it is one
 * of the robot's own, or, where the shared namespace has no prefix, perhaps a shared one.
 */
export function mailboxPaths(name: string, namespaces: Namespaces): readonly string[] {
  if (name.toUpperCase() === "INBOX") return ["INBOX"];
  const whole = wholePath(name, namespaces);
  if (whole !== null) return [whole];
  const path = localName(name, namespaces.delimiter);
  if (namespaces.personal === "") return [path];
  const own = namespaces.personal + path;
  return namespaces.others.some(({ prefix }) => prefix === "") ? [own, path] : [own];
}

/**
 * The path of a name that says by itself where it stands: it begins with `/`, or with the prefix of a namespace, and then has
 * the delimiter of that namespace. A login without a mailbox of its own (RFC 2342 §5: NIL) has no delimiter but theirs. Null
 * for another name.
 */
export function wholePath(name: string, { personal, others, delimiter }: Namespaces): string | null {
  for (const space of [{ prefix: personal, delimiter }, ...others]) {
    const path = localName(name, space.delimiter);
    if (space.prefix !== "" && path.startsWith(space.prefix)) return path;
  }
  return name.startsWith("/") ? localName(name, delimiter) : null;
}

/** What parts the levels of a path: the delimiter of the namespace whose prefix it begins with. */
export function delimiterAt(path: string, { others, delimiter }: Namespaces): string {
  return others.find(({ prefix }) => prefix !== "" && path.startsWith(prefix))?.delimiter ?? delimiter;
}

/**
 * A configured name as this server writes it: `/` parts levels, whatever the server's delimiter is, and `\/` is a slash in a
 * name. One at the beginning only marks a whole name. The server's own delimiter parts levels, too: no name can hold it.
 */
export function localName(name: string, delimiter: string): string {
  return name
    .replace(/^\//, "")
    .replaceAll(/\\\/|\//g, (slash) => (slash === "/" && delimiter !== "" ? delimiter : "/"));
}
