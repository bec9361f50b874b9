import { isIP } from "node:net";
import { domainToASCII } from "node:url";

import { isPlainLine, type Kind, kind, Refusal, textKind } from "./kind.ts";

// RFC 1035 §2.3.4 (63 octets a label, 255 a name) with the underscore that real host names have.
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** A name in lower-case A-labels, or null when it is none. */
function hostName(text: string): string | null {
  // domainToASCII reads "1.2" as an IPv4 address and drops tabs; both would be another name than was written.
  if (!isPlainLine(text) || /\s/.test(text)) return null;
  const ascii = domainToASCII(text.endsWith(".") ? text.slice(0, -1) : text);
  if (ascii === "" || ascii.length > 253 || isIP(ascii) !== 0) return null;
  return ascii.split(".").every((label) => LABEL.test(label)) ? ascii : null;
}

/** A mail domain; becomes lower-case A-labels. */
export const DOMAIN: Kind<string> = textKind("domain", 'a domain such as "company.example"', (text) => {
  if (text.startsWith("@")) return new Refusal('write it without the "@"');
  if (text.startsWith("*")) return new Refusal("there are no wildcards; name each domain");
  return hostName(text) ?? new Refusal();
});

/** A host name or an IP address. */
export const HOST: Kind<string> = textKind(
  "host name or IP address",
  'a host name such as "mail.company.example", or an IP address',
  (text) => {
    if (text.includes("://")) return new Refusal("it is a URL; write the host alone");
    if (isIP(text) !== 0) return text.toLowerCase();
    if (/^[^:]+:[0-9]+$/.test(text)) return new Refusal("the port is a key of its own");
    return hostName(text) ?? new Refusal();
  },
);

// RFC 5322 §3.2.3 atext, and RFC 6532 §3.2: non-ASCII is allowed there too. Quoted local parts are not: nobody has one as a role address.
const DOT_ATOM =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\uffff-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\uffff-]+)*$/;

/** A bare mail address with its domain in lower-case A-labels, or null when it is none. */
export function bareAddress(text: string): string | null {
  const at = text.lastIndexOf("@");
  if (at < 1 || !isPlainLine(text)) return null;
  const domain = hostName(text.slice(at + 1));
  const localPart = text.slice(0, at);
  return domain !== null && localPart.length <= 64 && DOT_ATOM.test(localPart)
    ? `${localPart}@${domain}`
    : null;
}

export const ADDRESS: Kind<string> = textKind(
  "mail address",
  'a mail address such as "name@company.example"',
  (text) =>
    bareAddress(text) ?? new Refusal(text.includes("<") ? "write the address alone, without a name" : null),
);

/** A mail address with or without a name before it. */
export interface NamedAddress {
  readonly name: string | null;
  readonly address: string;
}

/** `Name <address>`, `"Name" <address>` or `address`. */
export const NAMED_ADDRESS: Kind<NamedAddress> = textKind(
  "mail address, with a name if you like",
  'a mail address such as "Key Management <name@company.example>"',
  (text) => {
    const open = text.lastIndexOf("<");
    const named = open >= 0 && text.endsWith(">");
    const address = bareAddress(named ? text.slice(open + 1, -1) : text);
    if (address === null || !isPlainLine(text)) return new Refusal();
    const name = named ? unquote(text.slice(0, open).trim()) : "";
    if (/["<>]/.test(name)) return new Refusal();
    return { name: name === "" ? null : name, address };
  },
);

function unquote(name: string): string {
  return name.length >= 2 && name.startsWith('"') && name.endsWith('"') ? name.slice(1, -1) : name;
}

/** A network as `address/bits`; a bare address is a network of one. */
export const NETWORK: Kind<string> = textKind("CIDR network", 'a network such as "10.0.0.0/8"', (text) => {
  const [address = "", bits, ...more] = text.split("/");
  const widest = isIP(address) === 4 ? 32 : 128;
  if (isIP(address) === 0 || address.includes("%") || more.length > 0) return new Refusal();
  if (bits === undefined) return `${address.toLowerCase()}/${widest}`;
  if (!/^[0-9]{1,3}$/.test(bits) || Number(bits) > widest) return new Refusal();
  // With every client inside, the border would never be found and each forged header believed.
  if (Number(bits) === 0) return new Refusal("it would make the whole Internet our own network");
  return `${address.toLowerCase()}/${Number(bits)}`;
});

/** An HTTP proxy without credentials: they would be a secret inside the file. */
export const PROXY: Kind<string> = {
  ...kind(
    "URL of an HTTP proxy",
    'the URL of an HTTP proxy without user and password, such as "http://proxy.company.example:3128"',
    (raw) => {
      if (typeof raw !== "string" || !isPlainLine(raw) || !URL.canParse(raw)) return new Refusal();
      const url = new URL(raw);
      const plain = url.username === "" && url.password === "" && url.search === "" && url.hash === "";
      return plain && /^https?:$/.test(url.protocol) && url.pathname === "/" ? url.href : new Refusal();
    },
  ),
  quotable: false,
};

/** True for a host that is this machine: a password sent there in clear text crosses no network. */
export function isLoopback(host: string): boolean {
  // RFC 6761 §6.3: "localhost" never leaves the machine.
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
