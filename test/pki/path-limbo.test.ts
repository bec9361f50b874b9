import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Crl, findPath, isProblem, parseCertificate, parseCrl } from "../../src/pki/index.ts";
import { certificateOf, corpus, derOf } from "./path-corpora.ts";

/** C2SP x509-limbo, the cases about certification paths. */
interface Case {
  readonly id: string;
  readonly trusted_certs: readonly string[];
  readonly untrusted_intermediates: readonly string[];
  readonly peer_certificate: string;
  readonly crls: readonly string[];
  readonly validation_time: string | null;
  readonly expected_result: "SUCCESS" | "FAILURE";
}

/** Cases that fail for something that is no part of a path: it is judged elsewhere or not at all. */
const NOT_APPLICABLE: Readonly<Record<string, string>> = {
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
const DEVIATIONS: Readonly<Record<string, string>> = {
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

const folder = corpus("x509-limbo");

describe.skipIf(folder === null)("x509-limbo", () => {
  const file = join(folder ?? "", "limbo-subset.json");
  const testcases =
    folder === null ? [] : (JSON.parse(readFileSync(file, "utf8")) as { testcases: Case[] }).testcases;
  const known = new Map(testcases.map((one) => [one.id, one]));

  it("ends as expected in every case that is about paths", () => {
    const judged = testcases.filter(({ id }) => !(id in NOT_APPLICABLE) && !(id in DEVIATIONS));
    const wrong = judged.filter((one) => result(one) !== one.expected_result).map(({ id }) => id);
    const other = `${Object.keys(DEVIATIONS).length} departures, ${Object.keys(NOT_APPLICABLE).length} not about paths`;
    console.info(`x509-limbo: ${judged.length - wrong.length} of ${judged.length} as expected; ${other}`);
    expect(wrong).toEqual([]);
  });

  it.each(Object.entries({ ...DEVIATIONS, ...NOT_APPLICABLE }))("departs in %s: %s", (id) => {
    const one = known.get(id);
    expect(one, "the corpus has this case").toBeDefined();
    if (one !== undefined) expect(result(one), "listed, but as expected").not.toBe(one.expected_result);
  });
});

/** A certificate that cannot even be read has no path. */
function result(one: Case): Case["expected_result"] {
  const target = parseCertificate(derOf(one.peer_certificate));
  if (isProblem(target)) return "FAILURE";
  const { valid } = findPath({
    target,
    intermediates: one.untrusted_intermediates.map(certificateOf),
    anchors: one.trusted_certs.flatMap((pem) => {
      const certificate = parseCertificate(derOf(pem));
      return isProblem(certificate) ? [] : [{ certificate }];
    }),
    at: new Date(one.validation_time ?? "2026-01-01T00:00:00Z"),
    acceptablePolicies: null,
    explicitPolicy: false,
    inhibitAnyPolicy: false,
    inhibitPolicyMapping: false,
    crls: one.crls.length === 0 ? null : one.crls.map(crlOf),
  });
  return valid ? "SUCCESS" : "FAILURE";
}

function crlOf(pem: string): Crl {
  const crl = parseCrl(derOf(pem));
  if (isProblem(crl)) throw new Error(crl.detail);
  return crl;
}
