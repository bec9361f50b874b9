/** A list of public CAs from the URL that an admin typed: the one thing fetched here that carries no signature. */
import { Budget } from "./budget.ts";
import { fetchUrl } from "./fetch.ts";
import type { Fetched } from "./fetched.ts";
import { type AskLimits, MAX_FETCHED_ROOT_LIST_BYTES, ROOT_LIST_LIMITS } from "./limits.ts";
import { type Network, systemLookup } from "./route.ts";

/** How the outside is reached, as for revocation. */
export interface RootListOptions {
  readonly proxy: string | null;
  readonly privateAddresses: boolean;
  /** All addresses of a host name; the system's resolver when it is left out. */
  readonly lookup?: Network["lookup"];
  /** `ROOT_LIST_LIMITS` when it is left out. */
  readonly limits?: AskLimits;
}

/**
 * Fetches a list of public CAs over https, every redirect included: with http anybody on the way could add a CA. What the
 * bytes are is for whoever asked to see. Never rejects for what a URL does.
 */
export async function fetchRootList(url: string, options: RootListOptions): Promise<Fetched> {
  const { proxy, privateAddresses, lookup = systemLookup, limits = ROOT_LIST_LIMITS } = options;
  const budget = new Budget(limits);
  try {
    const request = { url, post: null, maxBytes: MAX_FETCHED_ROOT_LIST_BYTES, httpsOnly: true };
    return await fetchUrl(request, { proxy, privateAddresses, lookup }, budget);
  } finally {
    budget.close();
  }
}
