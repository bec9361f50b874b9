import type { ImapFlow } from "imapflow";

/** Where mailboxes begin on this server (RFC 2342 §5). */
export interface Namespaces {
  /** Prefix of the robot's own, such as `INBOX.` on Courier and Cyrus; often empty. */
  readonly personal: string;
  /** Prefixes of other users', shared and further own namespaces, such as `user.` or `shared/`; one may be empty. */
  readonly others: readonly string[];
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
  const others = [own.slice(1), other || [], shared || []].flat().map(({ prefix }) => prefix);
  if (client.namespace !== undefined) client.namespace = { ...client.namespace, prefix: "" };
  return { personal, others, delimiter };
}

/**
 * The paths that a configured mailbox can mean, the likeliest first. A whole name (see `isWhole`) means one; else it is one
 * of the robot's own, or, where the shared namespace has no prefix, perhaps a shared one.
 */
export function mailboxPaths(name: string, namespaces: Namespaces): readonly string[] {
  if (name.toUpperCase() === "INBOX") return ["INBOX"];
  const path = localName(name, namespaces.delimiter);
  if (isWhole(name, namespaces) || namespaces.personal === "") return [path];
  const own = namespaces.personal + path;
  return namespaces.others.includes("") ? [own, path] : [own];
}

/** Whether a name says by itself where it stands: it begins with `/`, or with the prefix of a namespace. */
export function isWhole(name: string, { personal, others, delimiter }: Namespaces): boolean {
  if (name.startsWith("/")) return true;
  const path = localName(name, delimiter);
  return [personal, ...others].some((prefix) => prefix !== "" && path.startsWith(prefix));
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
