import { type Rule, rule } from "./finding-rule.ts";

/** Findings on a certificate beside those that are held under its address; part of the table in `finding.ts`. */
export const HISTORY_FINDINGS = {
  "history.same-key": rule(
    "info",
    "PRODUCT §3",
    "another certificate of a key that is held for this address",
    "Nothing to do; the key is the same, so nobody new can read the partner's mail.",
  ),
  "history.renewal": rule(
    "info",
    "PRODUCT §3",
    "follows a certificate of the same CA for this address that ends soon or has ended",
    "Nothing to do; both are used until the older one has ended.",
  ),
  "history.second-key": rule(
    "info",
    "PRODUCT §3",
    "a second key of the same CA beside one that has long to run: another device, or a changed key",
    "Nothing to do; mail is encrypted to both. If the partner has given up the older key, keybot revoke it; trust.pin = first puts every second key before a person.",
  ),
  "history.new-ca": rule(
    "info",
    "PRODUCT §3",
    "the first certificate of this CA for an address that others have vouched for",
    "Ask the partner in sensitive cases whether he has changed his CA; trust.pin = first puts every second key before a person.",
  ),
  "history.before-revocation": rule(
    "warning",
    "PRODUCT §3",
    "signed before a newer certificate of this address was revoked",
    "Ask the partner, not by mail, whether he went back to this older key; then keybot approve or keybot reject. It may be an old mail that somebody sends again.",
  ),
} as const satisfies Record<string, Rule>;
