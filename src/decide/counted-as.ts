import { registeredDomain, withoutPlus } from "../mail/index.ts";
import { FREEMAIL } from "./freemail.ts";

/** Gmail reads past the dots of a local part, so one account has thousands of spellings. */
const DOTLESS: ReadonlySet<string> = new Set(["gmail.com", "googlemail.com"]);

/** One sender as caps and budgets count him (PRODUCT §3, By whose word). */
export interface CountedAs {
  /** His mailbox: lower case, plus form folded, what his provider reads past left out. */
  readonly person: string;
  /** Whoever registered his domain owns every name below it; a public suffix counts as itself. */
  readonly domain: string;
  /** Anybody gets an address there for nothing. */
  readonly freemail: boolean;
}

/** Senders whom we have counted: each is asked for several times while his mail is decided. */
const COUNTED = new Map<string, CountedAs>();

/** As many as a few groups of mails have; then they are forgotten. */
const MOST_COUNTED = 256;

/** @param address bare address */
export function countedAs(address: string): CountedAs {
  const known = COUNTED.get(address);
  if (known !== undefined) return known;
  const counted = count(address);
  if (COUNTED.size >= MOST_COUNTED) COUNTED.clear();
  COUNTED.set(address, counted);
  return counted;
}

function count(address: string): CountedAs {
  const folded = withoutPlus(address).toLowerCase();
  const at = folded.lastIndexOf("@");
  const [local, host] = [folded.slice(0, at), folded.slice(at + 1)];
  // A name below a freemail domain is no customer's: whoever writes from there is the provider himself.
  const freemail = FREEMAIL.has(host);
  return {
    person: DOTLESS.has(host) ? `${local.replaceAll(".", "")}@gmail.com` : folded,
    domain: registeredDomain(host) ?? host,
    freemail,
  };
}

/**
 * In whose cap this sender's pending certificates count (PRODUCT §3): his organisation's, or his own at a freemail
 * provider.
 */
export function capOf(address: string): string {
  const { person, domain, freemail } = countedAs(address);
  return freemail ? person : domain;
}
