import { domainToASCII } from "node:url";
import type { GeneralSubtree } from "./extensions.ts";
import type { GeneralName } from "./general-name.ts";
import { type Name, sameName } from "./name.ts";

/**
 * How a name stands to a subtree of its form: `unclear` when the subtree or the name is of a kind or shape that cannot
 * be compared, which RFC 5280 §4.2.1.10 makes a reason to reject ("process the constraint or reject the certificate").
 */
export type Relation = "inside" | "outside" | "unclear";

/**
 * The name form that a name is constrained by: names are only compared with subtrees of the same form.
 * SmtpUTF8Mailbox has no subtrees of its own, it obeys those of rfc822Name (RFC 9598 §6). An otherName is a form by its
 * type-id: a constraint on one kind of otherName says nothing about another kind.
 */
export function constrainedForm(name: GeneralName): string {
  if (name.form === "smtpUTF8Mailbox") return "rfc822Name";
  return name.form === "otherName" ? `otherName ${name.oid}` : name.form;
}

/**
 * Whether a name lies in a subtree of the same `constrainedForm` (RFC 5280 §4.2.1.10).
 * @param kind of the subtree: a mailbox is excluded in every spelling that mail programs hold for the same one
 */
export function relationTo(
  subtree: GeneralSubtree,
  name: GeneralName,
  kind: "permitted" | "excluded",
): Relation {
  // RFC 5280 §4.2.1.10: minimum is 0 and maximum absent; no meaning is known for anything else.
  if (subtree.minimum !== 0 || subtree.maximum !== null) return "unclear";
  const { base } = subtree;
  switch (base.form) {
    case "rfc822Name":
      return name.form === "rfc822Name" || name.form === "smtpUTF8Mailbox"
        ? mailboxRelation(base, name, kind)
        : "unclear";
    case "dNSName":
      return name.form === "dNSName" ? dnsRelation(base, name) : "unclear";
    case "uniformResourceIdentifier":
      return name.form === base.form ? uriRelation(base, name) : "unclear";
    case "directoryName":
      return name.form === base.form ? nameRelation(base.name, name.name) : "unclear";
    case "iPAddress":
      return name.form === base.form ? addressRelation(base.bytes, name.bytes) : "unclear";
    default:
      // RFC 5280 §4.2.1.10 defines nothing for otherName, ediPartyName and registeredID; x400Address nobody uses;
      // RFC 9598 §6 forbids SmtpUTF8Mailbox subtrees.
      return "unclear";
  }
}

/** RFC 5280 §7.1: a name lies in the subtree of a name whose relative distinguished names it begins with. */
function nameRelation(base: Name, name: Name): Relation {
  if (base.rdns.length === 0 || sameName(name, base)) return "inside";
  // Octets cannot tell: the same name may be spelled in another way, and an exclusion must not be escaped by that.
  if (base.isUnprepared || name.isUnprepared) return "unclear";
  // The canonical form is a comma-separated list of JSON values, so this prefix always ends between two RDNs.
  return inside(name.canonical.startsWith(`${base.canonical},`));
}

/** RFC 5280 §4.2.1.10: one mailbox (`a@b.example`), all of a host (`b.example`), all below a domain (`.example`). */
function mailboxRelation(subtree: TextName, name: TextName, kind: "permitted" | "excluded"): Relation {
  const base = subtree.text;
  const mailbox = mailboxOf(name);
  if (mailbox === null) return "unclear";
  if (base.includes("@")) {
    const wanted = mailboxOf(subtree);
    if (wanted === null) return "unclear";
    // RFC 5280 §7.5: the local part octet by octet, the host in any case. Departs from it for what is excluded, because the
    // local part is held for the same in any ASCII case here, and in quotes or not: an exclusion must not be void for that.
    const local = kind === "excluded" ? "anySpelling" : "local";
    return inside(wanted[local] === mailbox[local] && wanted.host === mailbox.host);
  }
  if (base === "") return "inside"; // The RFC is silent; as NSS has it, the empty constraint holds every mailbox.
  const host = constraintHost(subtree);
  if (host === null) return "unclear";
  return inside(base.startsWith(".") ? mailbox.host.endsWith(`.${host}`) : mailbox.host === host);
}

/** RFC 5280 §4.2.1.10: the host itself and everything made by adding labels on the left. */
function dnsRelation(subtree: TextName, named: TextName): Relation {
  const wildcard = named.text.startsWith("*.");
  const name = dnsHost(named);
  if (name === null) return "unclear";
  if (subtree.text === "") return "inside";
  // A leading dot is the URI form and undefined here, though OpenSSL takes it; a wildcard is not allowed at all.
  const host = wholeHost(subtree);
  if (host === null) return "unclear";
  if (name === host || name.endsWith(`.${host}`)) return "inside";
  // `*.a.example` may stand for `b.a.example`: neither inside nor outside of that subtree (CVE-2025-61727).
  return wildcard && host.endsWith(`.${name}`) ? "unclear" : "outside";
}

/** RFC 5280 §4.2.1.10: applies to the host part; `.example.com` means one or more labels before it. */
function uriRelation(subtree: TextName, named: TextName): Relation {
  const base = subtree.text;
  const name = hostOfUri(named);
  const host = constraintHost(subtree);
  // RFC 5280 §4.2.1.10: a URI without authority, or whose host is no domain name, must be rejected.
  if (name === null || host === null) return "unclear";
  return inside(base.startsWith(".") ? name.endsWith(`.${host}`) : name === host);
}

/** RFC 5280 §4.2.1.10: address and mask, 4 + 4 or 16 + 16 bytes, in the manner of RFC 4632. */
function addressRelation(base: Uint8Array, address: Uint8Array): Relation {
  if ((base.length !== 8 && base.length !== 32) || (address.length !== 4 && address.length !== 16))
    return "unclear";
  const size = base.length / 2;
  const mask = base.subarray(size);
  if (!isPrefixMask(mask)) return "unclear";
  if (address.length !== size) return "outside";
  return inside(address.every((byte, i) => ((byte ^ (base[i] ?? 0)) & (mask[i] ?? 0)) === 0));
}

function isPrefixMask(mask: Uint8Array): boolean {
  const bits = Array.from(mask, (byte) => byte.toString(2).padStart(8, "0")).join("");
  return !bits.includes("01");
}

/** A name or subtree whose value is a text. */
interface TextName {
  readonly text: string;
}

interface SplitMailbox {
  readonly local: string;
  /** The same for every spelling of it. */
  readonly anySpelling: string;
  readonly host: string;
}

/**
 * What is made of a text is made once: a name meets every constraint of the CAs above, and a constraint every name, which is
 * the product of what strangers send (`MAX_NAME_COMPARISONS`).
 */
function once<Value>(make: (text: string) => Value): (name: TextName) => Value {
  const known = new WeakMap<TextName, { readonly value: Value }>();
  return (name) => {
    const found = known.get(name);
    if (found !== undefined) return found.value;
    const value = make(name.text);
    known.set(name, { value });
    return value;
  };
}

const mailboxOf = once(splitMailbox);
const hostOfUri = once(uriHost);
const wholeHost = once(hostOf);
const dnsHost = once((text) => hostOf(text.startsWith("*.") ? text.slice(2) : text));
const constraintHost = once((text) => hostOf(text.startsWith(".") ? text.slice(1) : text));

function splitMailbox(text: string): SplitMailbox | null {
  const at = text.lastIndexOf("@");
  const local = text.slice(0, Math.max(at, 0));
  const quoted = local.length > 1 && local.startsWith('"') && local.endsWith('"');
  if (local === "" || (local.includes("@") && !quoted)) return null;
  const host = mailHost(text.slice(at + 1));
  return host === null ? null : { local, anySpelling: anySpelling(local), host };
}

/** One text for all spellings of a local part: its quotes (RFC 5321 §4.1.2) taken off, ASCII letters in lower case. */
function anySpelling(local: string): string {
  const bare = local.startsWith('"') ? local.slice(1, -1).replace(/\\(.)/gs, "$1") : local;
  return bare.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Characters of a host name (RFC 1035 §2.3.4, without the length octets at both ends). */
const MAX_HOST = 253;

/** RFC 9598 §5: domains are compared as A-labels. */
function mailHost(domain: string): string | null {
  if (/^[ -~]*$/.test(domain)) return hostOf(domain);
  // domainToASCII reads a host as browsers do, percent signs and all: nothing of that may come near it.
  // Punycode costs the square of its input (RFC 3492 §6.3), and a host has no more than 253 characters.
  const isHost = domain.length <= MAX_HOST && !/[^a-z0-9._\u0080-\uffff-]/i.test(domain);
  return isHost ? hostOf(domainToASCII(domain)) : null;
}

function uriHost(uri: string): string | null {
  const start = uri.indexOf("://");
  if (start < 0) return null;
  const end = uri.slice(start + 3).search(/[/?#]/);
  const authority = end < 0 ? uri.slice(start + 3) : uri.slice(start + 3, start + 3 + end);
  const server = authority.slice(authority.lastIndexOf("@") + 1);
  const host = hostOf(server.split(":", 1)[0] ?? "");
  const last = host?.slice(host.lastIndexOf(".") + 1);
  return host === null || last === undefined || /^[0-9]+$/.test(last) ? null : host;
}

/** A host name in lower case, or null when it is none: labels of 1 to 63 letters, digits, `-`, `_`. */
function hostOf(text: string): string | null {
  const labels = text.split(".");
  return text.length <= MAX_HOST && labels.every((label) => /^[a-z0-9_-]{1,63}$/i.test(label))
    ? text.toLowerCase()
    : null;
}

function inside(yes: boolean): Relation {
  return yes ? "inside" : "outside";
}
