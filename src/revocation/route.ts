/** Where a connection goes: the one place that decides which machine a stranger's URL can reach. */
import { Resolver, lookup as resolveName } from "node:dns/promises";
import { isIP } from "node:net";
import { type FetchFailure, failure } from "./fetched.ts";
import { isPublicAddress } from "./public-address.ts";

/** How the outside is reached. */
export interface Network {
  /** URL of an HTTP proxy (http or https), or null. It resolves names itself, so what it can reach is its own rule. */
  readonly proxy: string | null;
  /** Addresses that are not public may be fetched from. */
  readonly privateAddresses: boolean;
  /** All addresses of a host name; rejects when there is none. */
  readonly lookup: (host: string) => Promise<readonly string[]>;
}

/** Addresses that were checked and are connected to as they stand, or the proxy. */
export type Route =
  | { readonly kind: "direct"; readonly addresses: readonly string[] }
  | { readonly kind: "proxy"; readonly proxy: URL };

/**
 * The route to a URL. ALL addresses of its host must be public, not only one, and the connection is made to these very
 * addresses, so that a second look-up cannot lead elsewhere (DNS rebinding).
 */
export async function routeTo(url: URL, network: Network): Promise<Route | FetchFailure> {
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1"); // an IPv6 address stands in brackets (RFC 3986 §3.2.2)
  const literal = isIP(host) !== 0;
  if (network.proxy !== null && !literal) return { kind: "proxy", proxy: new URL(network.proxy) };
  const addresses = literal ? [host] : await resolve(host, network);
  if (addresses.length === 0) return failure("name", "the host name cannot be resolved");
  const refused = network.privateAddresses
    ? undefined
    : addresses.find((address) => !isPublicAddress(address));
  if (refused !== undefined) {
    return failure("private-address", `${refused} is not a public address`);
  }
  return network.proxy === null
    ? { kind: "direct", addresses }
    : { kind: "proxy", proxy: new URL(network.proxy) };
}

async function resolve(host: string, { lookup }: Network): Promise<readonly string[]> {
  try {
    return await lookup(host);
  } catch {
    return []; // for us all the same: no such name, no name server, no address
  }
}

/** The look-up of the system's resolver. */
export async function systemLookup(host: string): Promise<readonly string[]> {
  return (await resolveName(host, { all: true })).map(({ address }) => address);
}

/**
 * A look-up for strangers' names, at the name servers of the system and of no file (`/etc/hosts`). The system's own holds one
 * of very few threads until its name servers have answered: names that never resolve would keep those of our own mail
 * server waiting (libuv has two for it).
 * @param servers name servers instead of the system's: address and port
 */
export async function impatientLookup(host: string, servers?: readonly string[]): Promise<readonly string[]> {
  const resolver = new Resolver({ timeout: 1_000, tries: 2 });
  if (servers !== undefined) resolver.setServers(servers);
  const both = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  return both.flatMap((found) => (found.status === "fulfilled" ? found.value : []));
}
