import { describe, expect, it } from "vitest";
import { holderFindings, namesAddress } from "../../src/inspect/holder.ts";
import { type CertificateOptions, selfSigned } from "../lab/openssl.ts";
import { ALICE, codes, decoded, scratch } from "./kit.ts";

const folder = scratch();

/** A certificate that names exactly this; who signed it is not asked here. */
function naming(options: CertificateOptions) {
  return decoded(selfSigned(folder, { key: "P-256", ...options }));
}

const BOB = "bob@partner.example";
type Row = [name: string, names: CertificateOptions, address: string, expected: string[]];

const ROWS: readonly Row[] = [
  ["the SAN names it", { addresses: [ALICE] }, ALICE, []],
  ["the SAN names it among others", { addresses: [BOB, ALICE] }, ALICE, []],
  ["the SAN names another", { addresses: [BOB] }, ALICE, ["address.mismatch"]],
  [
    "the SAN names another, the subject fits",
    { addresses: [BOB], emailAddress: ALICE },
    ALICE,
    ["address.mismatch"],
  ],
  ["the subject alone", { emailAddress: ALICE }, ALICE, ["address.subject"]],
  ["the subject alone names another", { emailAddress: BOB }, ALICE, ["address.mismatch"]],
  [
    "the subject, beside a host name in the SAN",
    { emailAddress: ALICE, altNames: ["DNS:partner.example"] },
    ALICE,
    ["address.subject"],
  ],
  ["nothing", { name: ALICE }, ALICE, ["address.missing"]],
  ["ASCII case of the local part", { addresses: ["Alice@partner.example"] }, ALICE, []],
  ["case of the domain", { addresses: ["alice@PARTNER.example"] }, ALICE, []],
  ["a plus form is another address", { addresses: [ALICE] }, "alice+x@partner.example", ["address.mismatch"]],
  [
    "a subdomain is another address",
    { addresses: ["alice@mail.partner.example"] },
    ALICE,
    ["address.mismatch"],
  ],
  ["the domain as host name", { altNames: ["DNS:partner.example"] }, ALICE, ["cert.domain"]],
  ["the domain above", { altNames: ["DNS:partner.example"] }, "alice@mail.partner.example", ["cert.domain"]],
  ["a domain that merely ends alike", { altNames: ["DNS:ner.example"] }, ALICE, ["address.missing"]],
  ["a wildcard host", { altNames: ["DNS:*.partner.example"] }, ALICE, ["cert.domain"]],
  ["a wildcard mailbox", { altNames: ["email:*@partner.example"] }, ALICE, ["cert.domain"]],
  ["a domain as rfc822Name", { altNames: ["email:partner.example"] }, ALICE, ["cert.domain"]],
  [
    "a gateway of the domain (RFC 3183 §4)",
    { addresses: ["domain-confidentiality-authority@partner.example"] },
    ALICE,
    ["cert.domain"],
  ],
  [
    "a signing gateway (RFC 3183 §3.1)",
    { addresses: ["Domain-Signing-Authority@partner.example"] },
    ALICE,
    ["cert.domain"],
  ],
  [
    "a gateway of another domain",
    { addresses: ["domain-confidentiality-authority@elsewhere.example"] },
    ALICE,
    ["address.mismatch"],
  ],
  [
    "a gateway's name beside a person's",
    { addresses: ["domain-confidentiality-authority@partner.example", BOB] },
    ALICE,
    ["address.mismatch"],
  ],
  [
    "a gateway writing itself",
    { addresses: ["domain-confidentiality-authority@partner.example"] },
    "domain-confidentiality-authority@partner.example",
    [],
  ],
];

describe("the holder of a certificate (RFC 8550 §3)", () => {
  it.each(ROWS)("%s", (_, names, address, expected) => {
    expect(codes(holderFindings(naming(names), address, false))).toEqual(expected);
  });

  it("is compared exactly where the policy says so", () => {
    const upper = naming({ addresses: ["Alice@partner.example"] });
    expect(codes(holderFindings(upper, ALICE, true))).toEqual(["address.mismatch"]);
    expect(codes(holderFindings(upper, "Alice@partner.example", true))).toEqual([]);
    expect([namesAddress(upper, ALICE, true), namesAddress(upper, ALICE, false)]).toEqual([false, true]);
  });

  it("is told by at most three of the names, so that a long list does not flood the reply", () => {
    const many = naming({
      addresses: ["a@x.example", "b@x.example", "c@x.example", "d@x.example", "e@x.example"],
    });
    expect(holderFindings(many, ALICE, false)[0]?.detail).toBe(
      `the certificate names a@x.example, b@x.example, c@x.example and 2 more, the mail is from ${ALICE}`,
    );
  });
});
