/** Which IP addresses belong to the public Internet: the guard against requests into our own network (SSRF). Pure. */
import { BlockList, isIP } from "node:net";

/** IANA IPv4 Special-Purpose Address Registry (RFC 6890), everything that is not globally reachable, and multicast. */
const NOT_PUBLIC_IPV4 = [
  "0.0.0.0/8", // this network (RFC 791 §3.2)
  "10.0.0.0/8", // private (RFC 1918)
  "100.64.0.0/10", // shared by carriers (RFC 6598)
  "127.0.0.0/8", // loopback (RFC 1122 §3.2.1.3)
  "169.254.0.0/16", // link-local (RFC 3927), where clouds keep their metadata
  "172.16.0.0/12", // private (RFC 1918)
  "192.0.0.0/24", // protocol assignments (RFC 6890)
  "192.0.2.0/24", // documentation (RFC 5737)
  "192.88.99.0/24", // 6to4 relays (RFC 7526)
  "192.168.0.0/16", // private (RFC 1918)
  "198.18.0.0/15", // benchmarks (RFC 2544)
  "198.51.100.0/24", // documentation (RFC 5737)
  "203.0.113.0/24", // documentation (RFC 5737)
  "224.0.0.0/4", // multicast (RFC 5771)
  "240.0.0.0/4", // reserved (RFC 1112 §4), broadcast
] as const;

/** All that is public in IPv6: global unicast (RFC 4291 §2.4), and IPv4 hosts as NAT64 shows them (RFC 6052 §2.1). */
const PUBLIC_IPV6 = ["2000::/3", "64:ff9b::/96"] as const;

/** IANA IPv6 Special-Purpose Address Registry (RFC 6890), as far as it lies inside of these. */
const NOT_PUBLIC_IPV6 = [
  "2001::/23", // protocol assignments (RFC 2928): Teredo, benchmarks, ORCHID
  "2001:db8::/32", // documentation (RFC 3849)
  "2002::/16", // 6to4 (RFC 3056), which hides an IPv4 address
  "3fff::/20", // documentation (RFC 9637)
] as const;

const notPublic = new BlockList();
const publicIpv6 = new BlockList();
for (const network of NOT_PUBLIC_IPV4) {
  const [address, bits] = split(network);
  notPublic.addSubnet(address, bits, "ipv4");
  notPublic.addSubnet(`64:ff9b::${address}`, 96 + bits, "ipv6"); // the same host behind NAT64
}
for (const network of NOT_PUBLIC_IPV6) notPublic.addSubnet(...split(network), "ipv6");
for (const network of PUBLIC_IPV6) publicIpv6.addSubnet(...split(network), "ipv6");

/** Whether this text is an IP address of the public Internet; false for what is no address. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !notPublic.check(address, "ipv4");
    case 6:
      return publicIpv6.check(address, "ipv6") && !notPublic.check(address, "ipv6");
    default:
      return false;
  }
}

function split(network: string): [address: string, bits: number] {
  const [address = "", bits = ""] = network.split("/");
  return [address, Number(bits)];
}
