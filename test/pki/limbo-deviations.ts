/** Cases of x509-limbo that are not judged as they expect; `docs/conformance.md` lists the same. */

/** Cases that fail for something that is no part of a path: it is judged elsewhere or not at all. */
export const NOT_APPLICABLE: Readonly<Record<string, string>> = {
  "pathlen::max-chain-depth-0-exhausted":
    "a limit on the depth that the caller sets; there is no such setting",
  "pathlen::max-chain-depth-1-exhausted":
    "a limit on the depth that the caller sets; there is no such setting",
  "rfc5280::ca-as-leaf-wrong-san": "the host name differs; names are matched by whoever asks for the path",
  "rfc5280::eku::ee-wrong-eku": "the extended key usage is judged beside the path",
  "rfc5280::san::ip-in-dns": "the form of a host name, which mail does not use",
  "rfc5280::san::underscore-dns": "the form of a host name, which mail does not use",
};

const FIND_ONLY =
  "RFC 5280 §4.2.1.1 and §4.2.1.2 bind CAs; the identifiers help to find issuers and decide nothing in §6.1";
const SERIAL =
  "RFC 5280 §4.1.2.2: users should be prepared to handle such serial numbers; PKITS 4.4.14 wants it";

/** Cases that are judged otherwise here, and why. */
export const DEVIATIONS: Readonly<Record<string, string>> = {
  "crl::crlnumber-missing": "RFC 5280 §5.2.3 binds CRL issuers; §6.3.3 needs the number for delta CRLs only",
  "pathological::nc-dos-3":
    "valid by its own words, and cheap: names are compared with constraints of their form only",
  "rfc5280::aki::cross-signed-root-missing-aki": FIND_ONLY,
  "rfc5280::aki::intermediate-missing-aki": FIND_ONLY,
  "rfc5280::aki::leaf-missing-aki": FIND_ONLY,
  "rfc5280::ski::intermediate-missing-ski": FIND_ONLY,
  "rfc5280::ski::root-missing-ski": FIND_ONLY,
  "rfc5280::nc::permitted-dns-match-noncritical":
    "nameConstraints are obeyed all the same; private mail CAs leave the flag out",
  "rfc5280::pc::ica-noncritical-pc": "policyConstraints are obeyed all the same",
  "rfc5280::root-non-critical-basic-constraints":
    "basicConstraints are obeyed all the same; PKITS 4.6.4 wants it",
  "rfc5280::serial::negative": SERIAL,
  "rfc5280::serial::too-long": SERIAL,
  "rfc5280::serial::zero": SERIAL,
};
