import { BlockList, isIP, isIPv4 } from "node:net";

const known = new WeakMap<readonly string[], BlockList>();

/**
 * Whether an IP address lies in one of the networks. An IPv4 address and its IPv4-mapped IPv6 form (RFC 4291
 * §2.5.5.2) are the same address, on either side.
 *
 * @param ip IPv4 or IPv6 text
 * @param cidrs networks (`10.0.0.0/8`, `2001:db8::/32`) or single addresses; the list is read once and must
 *   not change
 * @returns false when `ip` is no IP address
 * @throws RangeError when a network is not valid (the configuration has checked it before)
 */
export function ipInNetworks(ip: string, cidrs: readonly string[]): boolean {
  const networks = known.get(cidrs) ?? blockList(cidrs);
  known.set(cidrs, networks);
  const family = isIP(ip);
  if (family === 0) return false;
  return networks.check(ip, family === 4 ? "ipv4" : "ipv6");
}

function blockList(cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = "", length, ...others] = cidr.split("/");
    const family = isIP(address);
    const bits = family === 4 ? 32 : 128;
    const prefix = length === undefined ? bits : Number(/^[0-9]{1,3}$/.test(length) ? length : Number.NaN);
    if (family === 0 || others.length > 0 || !(prefix <= bits))
      throw new RangeError(`not a network: ${cidr}`);
    const mapped = family === 6 ? mappedIpv4(address) : null;
    if (mapped !== null && prefix >= 96) list.addSubnet(mapped, prefix - 96, "ipv4");
    else list.addSubnet(address, prefix, family === 4 ? "ipv4" : "ipv6");
  }
  return list;
}

/**
 * The IPv4 address in `::ffff:a.b.c.d` or `::ffff:hhhh:hhhh`, however it is spelled; null for any other
 * address.
 */
function mappedIpv4(address: string): string | null {
  const groups = new URL(`http://[${address.replace(/%.*$/, "")}]`).hostname; // canonical: RFC 5952
  const match = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(groups);
  if (match === null) return null;
  const [high, low] = [Number.parseInt(match[1] ?? "", 16), Number.parseInt(match[2] ?? "", 16)];
  const text = [high >> 8, high & 255, low >> 8, low & 255].join(".");
  return isIPv4(text) ? text : null;
}
