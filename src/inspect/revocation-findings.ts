import { type Rule, rule } from "./finding-rule.ts";

/** Findings on what CAs say of a certificate, or do not say; part of the table in `finding.ts`. */
export const REVOCATION_FINDINGS = {
  "revocation.revoked": rule(
    "error",
    "RFC 5280 §6.3.3",
    "the CA has revoked the certificate",
    "Ask the partner for a new certificate; if an older one of his is in use with the same key, keybot revoke it.",
  ),
  "revocation.unknown": rule(
    "warning",
    "RFC 5280 §6.3.3",
    "no CRL or OCSP answer says that the certificate is not revoked",
    "Check that this machine reaches the CA's servers (named in the certificate); where its responder does not know the certificate, ask the CA: it may be new, or false. Then keybot approve; trust.revocation says what no answer means.",
  ),
  "revocation.unaskable": rule(
    "warning",
    "RFC 5280 §4.2.1.13",
    "the certificate names only places for CRL or OCSP that cannot be asked (LDAP, a directory, a private address)",
    "Look the certificate up at its CA, then keybot approve; where the place is a server of your own network, with network.private_addresses = true it is asked.",
  ),
  "revocation.unchecked": rule(
    "info",
    "RFC 5280 §6.3.3",
    "revocation could not be asked; the policy goes on without",
    "Nothing to do at once; under soft-fail a stolen key can be accepted while the CA's servers cannot be reached.",
  ),
  "revocation.unnamed": rule(
    "info",
    "RFC 5280 §4.2.1.13",
    "the certificate names neither CRL nor OCSP",
    "Nothing to do; whether such a certificate is revoked only its holder can tell.",
  ),
} as const satisfies Record<string, Rule>;
