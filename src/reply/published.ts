import type { PublishedCertificate, PublishedMailbox } from "../decide/index.ts";
import { FILE_NAME_LENGTH } from "./limits.ts";

/** One certificate of ours in a reply, with the name of its files, without extension. */
export interface PublishedFile {
  readonly name: string;
  readonly certificate: PublishedCertificate;
}

/**
 * Gives each certificate of a reply the name of its files: the mailbox, with its domain so that equal local parts differ,
 * and a number where that is not enough. No `@`: mail programs make links of what looks like an address. The address is
 * what a stranger asked for, so the name is made of letters, digits and `._+-` only and begins with neither a dot (hidden)
 * nor a dash (an option of a command); no two are equal where case does not count.
 * @returns one list a mailbox, in order
 */
export function publishedFiles(
  mailboxes: readonly PublishedMailbox[],
): readonly (readonly PublishedFile[])[] {
  const taken = new Set<string>();
  return mailboxes.map((mailbox) =>
    mailbox.certificates.map((certificate) => ({ name: freeName(mailbox.address, taken), certificate })),
  );
}

function freeName(address: string, taken: Set<string>): string {
  const words = address.replace("@", "_at_").slice(0, FILE_NAME_LENGTH);
  const safe = words.replace(/[^A-Za-z0-9._+-]/g, "_");
  const base = safe.replace(/^[.-]/, "_") || "_";
  let name = base;
  for (let count = 2; taken.has(name.toLowerCase()); count += 1) name = `${base}-${count}`;
  taken.add(name.toLowerCase());
  return name;
}
