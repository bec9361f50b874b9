import { KeybotError } from "../errors.ts";
import { parseAddrSpec, sameAddress } from "../mail/index.ts";

/**
 * A bare mail address as the store keys it: domain in lower-case A-labels, the local part as it was typed. The store
 * compares local parts without regard to ASCII case (PRODUCT §3).
 * @throws KeybotError `usage`
 */
export function parseAddress(text: string): string {
  const mailbox = parseAddrSpec(text.trim());
  if (mailbox !== null) return mailbox.address;
  throw new KeybotError("usage", "admin.address", `${JSON.stringify(text)} is not a mail address`, {
    hint: "write the address alone, such as name@partner.example",
  });
}

/**
 * An address of the company.
 * @throws KeybotError `usage` when its domain is none of `domains`
 */
export function parseOwnAddress(text: string, domains: readonly string[]): string {
  const address = parseAddress(text);
  if (domains.includes(domainOf(address))) return address;
  throw new KeybotError("usage", "admin.foreign", `${address} is not in an own domain`, {
    hint: `keybot.toml names ${domains.join(", ") || "none"} as own domains`,
  });
}

/** Whether what is stored under one address is meant by another, as the policy compares local parts. */
export function meansAddress(stored: string, asked: string, exactLocalPart: boolean): boolean {
  // The store's key ignores case always, so under the exact policy what it found is looked at again here.
  return !exactLocalPart || sameAddress(stored, asked, { exactLocalPart });
}

/** Whether two addresses are one key of the store, which ignores ASCII case (NOCASE) and nothing else. */
export function sameStored(a: string, b: string): boolean {
  return asciiLowerCase(a) === asciiLowerCase(b);
}

function asciiLowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** The part after the last `@`. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf("@") + 1);
}
