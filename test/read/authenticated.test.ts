import { describe, expect, it } from "vitest";
import { ALICE, aliceWith, border, FROM_OUTSIDE, factsOf, LMTP, POLICY } from "./kit.ts";

const OURS = "Authentication-Results: mx.company.example;";
const RSPAMD = `${OURS} dkim=pass header.d=partner.example header.s=s1 header.b=abc;\r\n\tspf=pass (mx.company.example: domain of alice@partner.example designates 192.0.2.1 as permitted sender) smtp.mailfrom=alice@partner.example;\r\n\tdmarc=pass (policy=reject) header.from=partner.example`;

describe("authenticated (PRODUCT §1, RFC 8601, RFC 7489 §3.1)", () => {
  it.each<[string, readonly string[], boolean | null]>([
    ["rspamd: one header, all pass", [RSPAMD], true],
    ["opendmarc: DMARC passes", [`${OURS} dmarc=pass (p=none dis=none) header.from=partner.example`], true],
    ["opendmarc: DMARC fails", [`${OURS} dmarc=fail (p=reject dis=none) header.from=partner.example`], false],
    [
      "one header each: a DMARC failure outweighs DKIM and SPF",
      [
        `${OURS} dkim=pass header.d=partner.example`,
        `${OURS} spf=pass smtp.mailfrom=partner.example`,
        `${OURS} dmarc=fail header.from=partner.example`,
      ],
      false,
    ],
    ["aligned DKIM alone", [`${OURS} dkim=pass header.d=partner.example`], true],
    ["DKIM of the signing identity", [`${OURS} dkim=pass header.i=@partner.example`], true],
    [
      "DKIM of the organisation above",
      [`${OURS} dkim=pass header.d=example`.replace("d=example", "d=mail.partner.example")],
      true,
    ],
    ["DKIM of another domain", [`${OURS} dkim=pass header.d=esp.example`], null],
    ["DKIM of a domain that merely ends alike", [`${OURS} dkim=pass header.d=evilpartner.example`], null],
    ["DKIM of a top-level domain", [`${OURS} dkim=pass header.d=example`], null],
    ["DKIM fails, nothing else is said", [`${OURS} dkim=fail header.d=partner.example`], null],
    ["aligned SPF alone", [`${OURS} spf=pass smtp.mailfrom=alice@partner.example`], true],
    ["SPF of another envelope sender", [`${OURS} spf=pass smtp.mailfrom=x@evil.example`], null],
    ["SPF of the HELO alone", [`${OURS} spf=pass smtp.helo=partner.example`], null],
    ["SPF soft fail", [`${OURS} spf=softfail smtp.mailfrom=alice@partner.example`], null],
    ["DMARC none", [`${OURS} dmarc=none header.from=partner.example`], null],
    ["a DMARC pass for another From", [`${OURS} dmarc=pass header.from=evil.example`], null],
    ["a DMARC failure for another From", [RSPAMD, `${OURS} dmarc=fail header.from=evil.example`], true],
    [
      "a version number behind the authserv-id",
      ["Authentication-Results: mx.company.example 1; dmarc=pass header.from=partner.example"],
      true,
    ],
    [
      "the authserv-id in another case",
      ["Authentication-Results: MX.Company.example; dmarc=pass header.from=Partner.Example"],
      true,
    ],
    [
      "somebody else's authserv-id",
      ["Authentication-Results: mx.elsewhere.example; dmarc=pass header.from=partner.example"],
      null,
    ],
    ["nothing was checked", [`${OURS} none`], null],
    ["no header", [], null],
    ["broken syntax", [`${OURS} dmarc==pass`], null],
  ])("%s", (_, results, expected) => {
    expect(factsOf([LMTP, ...results, FROM_OUTSIDE, ...ALICE]).authenticated).toBe(expected);
  });

  it("is not, when our own authserv-id stands below the border (a sender wrote it)", () => {
    expect(factsOf([LMTP, FROM_OUTSIDE, RSPAMD, ...ALICE]).authenticated).toBeNull();
  });
  it("is not failed by what a sender wrote either", () => {
    const forged = `${OURS} dmarc=fail header.from=partner.example`;
    expect(factsOf([RSPAMD, FROM_OUTSIDE, forged, ...ALICE]).authenticated).toBe(true);
  });
  it("is unknown without an authserv-id in the configuration", () => {
    expect(factsOf([RSPAMD, FROM_OUTSIDE, ...ALICE], border({ authservIds: [] })).authenticated).toBeNull();
  });
  it("is unknown without own hosts", () => {
    expect(factsOf([RSPAMD, FROM_OUTSIDE, ...ALICE], border({ ownHosts: [] })).authenticated).toBeNull();
  });
  it("is unknown without exactly one From address", () => {
    const two = aliceWith("From: alice@partner.example, bob@partner.example");
    expect(factsOf([RSPAMD, FROM_OUTSIDE, ...two], POLICY).authenticated).toBeNull();
  });
});
