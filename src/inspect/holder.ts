import { sameAddress } from "../mail/index.ts";
import { type Certificate, certificateAddresses } from "../pki/index.ts";
import { type Finding, finding } from "./finding.ts";

/**
 * Whether a certificate is that of the From address (RFC 8550 §3): an address of the SAN, the subject's emailAddress
 * only where the SAN holds no address at all. Names of other people prove nothing about this one.
 * @param address the single From address
 */
export function holderFindings(
  certificate: Certificate,
  address: string,
  exactLocalPart: boolean,
): Finding[] {
  const { addresses, domains, source } = certificateAddresses(certificate);
  if (addresses.some((named) => sameAddress(named, address, { exactLocalPart }))) {
    return source === "subject" ? [finding("address.subject")] : [];
  }
  const domain = address.slice(address.lastIndexOf("@") + 1);
  const gateways = addresses.filter(isGateway).map((named) => named.slice(named.lastIndexOf("@") + 1));
  const spokenFor = gateways.length < addresses.length ? [] : [...domains, ...gateways];
  if (spokenFor.some((named) => covers(named, domain))) {
    return [finding("cert.domain", `a certificate of the domain ${domain}, not of one mailbox`)];
  }
  if (addresses.length === 0) return [finding("address.missing")];
  return [
    finding("address.mismatch", `the certificate names ${listed(addresses)}, the mail is from ${address}`),
  ];
}

/** A certificate that names this address and no other check: which of several signers is the sender's own. */
export function namesAddress(certificate: Certificate, address: string, exactLocalPart: boolean): boolean {
  return certificateAddresses(certificate).addresses.some((named) =>
    sameAddress(named, address, { exactLocalPart }),
  );
}

/** RFC 3183 §3.1, §4: the names under which a gateway signs and decrypts for its whole domain. */
const GATEWAYS = new Set(["domain-signing-authority", "domain-confidentiality-authority"]);

function isGateway(address: string): boolean {
  return GATEWAYS.has(address.slice(0, address.lastIndexOf("@")).toLowerCase());
}

/** `example.com`, `@example.com`, `.example.com` and `*.example.com` all speak for a domain, never for a mailbox. */
function covers(named: string, domain: string): boolean {
  const bare = named.replace(/^(\*@|@|\*\.|\.)/, "").toLowerCase();
  return bare !== "" && (domain === bare || domain.endsWith(`.${bare}`));
}

function listed(addresses: readonly string[]): string {
  const shown = addresses.slice(0, 3).join(", ");
  return addresses.length > 3 ? `${shown} and ${addresses.length - 3} more` : shown;
}
