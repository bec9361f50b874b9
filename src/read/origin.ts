import { fieldsNamed, type HeaderField, parseReceived } from "../mail/index.ts";
import type { Policy } from "../policy.ts";
import type { TrustedBlock } from "./trusted-block.ts";

/**
 * Whether a mail is known to come from inside (PRODUCT §4, §5): own servers wrote every `Received` of it, and none of them
 * took it in from outside. Without own hosts, without a `Received`, or behind a server that is not named as ours, nobody
 * knows, so it is not.
 */
export function isFromInside(
  header: readonly HeaderField[],
  block: TrustedBlock,
  { ownHosts }: Policy["border"],
): boolean {
  if (ownHosts === null || block.border !== null) return false;
  const own = new Set(ownHosts.map((host) => host.toLowerCase()));
  const hosts = fieldsNamed(header, "Received").map((field) => parseReceived(field.body).by);
  return hosts.length > 0 && hosts.every((host) => host !== null && own.has(host));
}
