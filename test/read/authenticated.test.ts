import { describe, expect, it } from "vitest";
import { parseMime } from "../../src/mail/index.ts";
import { trustedBlock } from "../../src/read/trusted-block.ts";
import { ALICE, aliceWith, border, FROM_OUTSIDE, factsOf, LMTP, mail, POLICY, REINJECTED } from "./kit.ts";

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

  it.each<[from: string, authenticated: string, boolean | null]>([
    ["partner.example", "mail.partner.example", true],
    ["mail.partner.example", "partner.example", true],
    ["news.partner.example", "bounces.mail.partner.example", true],
    ["partner.co.uk", "mail.partner.co.uk", true],
    ["partner.co.uk", "evil.co.uk", null],
    ["partner.co.uk", "co.uk", null],
    ["co.uk", "evil.co.uk", null],
    ["alice.github.io", "evil.github.io", null],
    ["alice.github.io", "github.io", null],
    ["github.io", "evil.github.io", null],
    ["alice.github.io", "mail.alice.github.io", true],
  ])("From %s, DKIM of %s: %s", (from, by, expected) => {
    const fields = [LMTP, `${OURS} dkim=pass header.d=${by}`, FROM_OUTSIDE, ...aliceWith(`From: a@${from}`)];
    expect(factsOf(fields).authenticated).toBe(expected);
    const spf = [
      LMTP,
      `${OURS} spf=pass smtp.mailfrom=x@${by}`,
      FROM_OUTSIDE,
      ...aliceWith(`From: a@${from}`),
    ];
    expect(factsOf(spf).authenticated).toBe(expected);
  });

  it("is not, when our own authserv-id stands below the border (a sender wrote it)", () => {
    expect(factsOf([LMTP, FROM_OUTSIDE, RSPAMD, ...ALICE]).authenticated).toBeNull();
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

// FC-43: milters that insert at index 1 write directly below the border's Received.
const PASS = `${OURS} dmarc=pass header.from=partner.example`;
const FAIL = `${OURS} dmarc=fail (p=reject dis=none) header.from=partner.example`;
const DKIM_FILTER = "DKIM-Filter: OpenDKIM Filter v2.11.0 mx.company.example 4A1B2C";
const DMARC_FILTER = "DMARC-Filter: OpenDMARC Filter v1.4.2 mx.company.example 4A1B2C";
const SPF = "Received-SPF: pass (partner.example) client-ip=192.0.2.1";
const HOP =
  "Received: from a.partner.example (a.partner.example [198.51.100.1])\r\n\tby mail.partner.example; Mon, 1 Jun 2026 11:59:59 +0200";
const FOLDED =
  "Authentication-Results:\r\n\tmx.company.example;\r\n\tdmarc=pass\r\n\t header.from=partner.example";
const said = (body: string) => `Authentication-Results: ${body}`;

describe("where our results stand (authentication_results)", () => {
  const below = border({ authenticationResults: "below" });

  it.each<[string, readonly string[], { above: boolean | null; below: boolean | null }]>([
    ["a pass above the border", [PASS, FROM_OUTSIDE, ...ALICE], { above: true, below: true }],
    [
      "a pass between our own hops",
      [LMTP, PASS, REINJECTED, FROM_OUTSIDE, ...ALICE],
      { above: true, below: true },
    ],
    ["a pass directly below", [FROM_OUTSIDE, PASS, ...ALICE], { above: null, below: true }],
    ["folded", [FROM_OUTSIDE, FOLDED, ...ALICE], { above: null, below: true }],
    [
      "version 1",
      [FROM_OUTSIDE, said("mx.company.example 1; dmarc=pass header.from=partner.example"), ...ALICE],
      { above: null, below: true },
    ],
    ["another case", [FROM_OUTSIDE, PASS.toUpperCase(), ...ALICE], { above: null, below: true }],
    [
      "behind the lines of OpenDKIM, OpenDMARC and SPF",
      [FROM_OUTSIDE, DMARC_FILTER, DKIM_FILTER, SPF, PASS, ...ALICE],
      { above: null, below: true },
    ],
    [
      "two in one run, DKIM below DMARC's silence",
      [FROM_OUTSIDE, `${OURS} dmarc=none`, `${OURS} dkim=pass header.d=partner.example`, ...ALICE],
      { above: null, below: true },
    ],
    [
      "two in one run, one of them a failure",
      [FROM_OUTSIDE, PASS, FAIL, ...ALICE],
      { above: false, below: false },
    ],
    [
      "behind a field that no filter writes",
      [FROM_OUTSIDE, "X-Spam: no", PASS, ...ALICE],
      { above: null, below: null },
    ],
    [
      "behind another server's results",
      [FROM_OUTSIDE, said("mx.elsewhere.example; spf=pass"), PASS, ...ALICE],
      { above: null, below: null },
    ],
    [
      "behind a line that is no field",
      [FROM_OUTSIDE, "no field at all", PASS, ...ALICE],
      { above: null, below: null },
    ],
    ["among the sender's fields", [FROM_OUTSIDE, ...ALICE, PASS], { above: null, below: null }],
    ["below the sender's own hop", [FROM_OUTSIDE, HOP, PASS, ...ALICE], { above: null, below: null }],
    [
      "an id in quotes (no filter writes it so)",
      [FROM_OUTSIDE, said('"mx.company.example"; dmarc=pass header.from=partner.example'), ...ALICE],
      { above: null, below: null },
    ],
    [
      "an id behind a comment",
      [FROM_OUTSIDE, said("(x) mx.company.example; dmarc=pass header.from=partner.example"), ...ALICE],
      { above: null, below: null },
    ],
    [
      "an id with a comment in its heels",
      [FROM_OUTSIDE, said("mx.company.example(x); dmarc=pass header.from=partner.example"), ...ALICE],
      { above: null, below: null },
    ],
    [
      "version 2",
      [FROM_OUTSIDE, said("mx.company.example 2; dmarc=pass header.from=partner.example"), ...ALICE],
      { above: null, below: null },
    ],
    [
      "an id that merely begins alike",
      [
        FROM_OUTSIDE,
        said("mx.company.example.evil.example; dmarc=pass header.from=partner.example"),
        ...ALICE,
      ],
      { above: null, below: null },
    ],
    [
      "another server's pass",
      [FROM_OUTSIDE, said("mx.elsewhere.example; dmarc=pass header.from=partner.example"), ...ALICE],
      { above: null, below: null },
    ],
    [
      "no id at all",
      [FROM_OUTSIDE, said("dmarc=pass header.from=partner.example"), ...ALICE],
      { above: null, below: null },
    ],
    [
      "ARC-Authentication-Results",
      [FROM_OUTSIDE, `ARC-${PASS.replace("Results: ", "Results: i=1; ")}`, ...ALICE],
      { above: null, below: null },
    ],
    ["Received-SPF alone", [FROM_OUTSIDE, SPF, ...ALICE], { above: null, below: null }],
    ["no border: from inside", [LMTP, REINJECTED, PASS, ...ALICE], { above: null, below: null }],
    // Nobody lies to his own harm: a failure is believed as far as a filter of ours may have written it.
    ["a failure directly below", [FROM_OUTSIDE, FAIL, ...ALICE], { above: false, below: false }],
    [
      "a failure below the fields of another filter",
      [FROM_OUTSIDE, "X-Spam: no", SPF, FAIL, ...ALICE],
      { above: false, below: false },
    ],
    ["a failure that a filter appended", [FROM_OUTSIDE, ...ALICE, FAIL], { above: false, below: false }],
    [
      "a failure below, a pass above: two filters",
      [`${OURS} dkim=pass header.d=partner.example`, FROM_OUTSIDE, FAIL, ...ALICE],
      { above: false, below: false },
    ],
    [
      "a failure below the next hop, of an earlier visit",
      [FROM_OUTSIDE, HOP, FAIL, ...ALICE],
      { above: null, below: null },
    ],
    [
      "another server's failure",
      [FROM_OUTSIDE, said("mx.elsewhere.example; dmarc=fail header.from=partner.example"), ...ALICE],
      { above: null, below: null },
    ],
    [
      "a failure of another From",
      [FROM_OUTSIDE, `${OURS} dmarc=fail header.from=evil.example`, ...ALICE],
      { above: null, below: null },
    ],
  ])("%s", (_, header, expected) => {
    expect({
      above: factsOf(header).authenticated,
      below: factsOf(header, below).authenticated,
    }).toEqual(expected);
  });

  it("the run belongs to the trusted block, and nothing behind it", () => {
    const raw = mail([
      FROM_OUTSIDE,
      DKIM_FILTER,
      PASS,
      "X-Original-To: boss@company.example",
      PASS,
      ...ALICE,
    ]);
    const block = trustedBlock(parseMime(raw).root.fields, below.border);
    expect(block.fields.map(({ name }) => name)).toEqual([
      "Received",
      "DKIM-Filter",
      "Authentication-Results",
    ]);
    expect(raw.subarray(block.end).toString()).toMatch(/^X-Original-To: /);
  });
});

/** FC-63: what a failure says where the domain publishes no policy, as the filters write it. */
describe("a DMARC failure of a domain that asks for nothing", () => {
  const FROM = "header.from=partner.example";
  it.each<[string, string, boolean | null]>([
    ["OpenDMARC", `dmarc=fail (p=none dis=none) ${FROM}`, null],
    ["Gmail", `dmarc=fail (p=NONE sp=NONE dis=NONE) ${FROM}`, null],
    ["Gmail, subdomains are refused", `dmarc=fail (p=NONE sp=REJECT dis=NONE) ${FROM}`, null],
    [
      "Fastmail",
      `dmarc=fail (p=none,has-list-id=yes,d=none,d.eval=none) policy.published-domain-policy=none ${FROM}`,
      null,
    ],
    ["rspamd", `dmarc=fail reason="SPF not aligned (relaxed), No valid DKIM" ${FROM} (policy=none)`, null],
    ["rspamd, the comment first", `dmarc=fail (policy=none) ${FROM}`, null],
    ["Exchange Online", `dmarc=fail action=none ${FROM}`, null],
    ["a property", `dmarc=fail policy.dmarc=none ${FROM}`, null],
    ["beside an aligned pass", `dkim=pass header.d=partner.example; dmarc=fail (p=none) ${FROM}`, null],
    ["reject", `dmarc=fail (p=reject dis=none) ${FROM}`, false],
    ["quarantine, nothing done", `dmarc=fail (p=quarantine dis=none) ${FROM}`, false],
    ["nothing named", `dmarc=fail ${FROM}`, false],
    ["the disposition alone", `dmarc=fail (dis=none) ${FROM}`, false],
    ["two words", `dmarc=fail (p=none) policy.dmarc=reject ${FROM}`, false],
    ["in the reason, which may quote a sender", `dmarc=fail reason="p=none" ${FROM}`, false],
    ["of another result", `spf=fail (p=none) smtp.mailfrom=partner.example; dmarc=fail ${FROM}`, false],
    ["Exchange Online, refused", `dmarc=fail action=oreject ${FROM}`, false],
    ["one of two failures", `dmarc=fail (p=none) ${FROM}; dmarc=fail (p=reject) ${FROM}`, false],
  ])("%s: %s is %s", (_, results, expected) => {
    expect(factsOf([LMTP, `${OURS} ${results}`, FROM_OUTSIDE, ...ALICE]).authenticated).toBe(expected);
  });

  it("counts the policy for subdomains for a subdomain", () => {
    const of = (policy: string) => [
      LMTP,
      `${OURS} dmarc=fail (${policy}) header.from=mail.partner.example`,
      FROM_OUTSIDE,
      ...aliceWith("From: alice@mail.partner.example"),
    ];
    expect(factsOf(of("p=none sp=reject")).authenticated).toBe(false);
    expect(factsOf(of("p=none sp=none")).authenticated).toBeNull();
  });
});

describe("domains are compared as A-labels, without a last dot", () => {
  it.each<[string, boolean | null]>([
    ["dmarc=pass header.from=m\u00fcller.example", true],
    ["dmarc=pass header.from=M\u00dcLLER.example", true],
    ["dmarc=pass header.from=xn--mller-kva.example.", true],
    ["dkim=pass header.d=m\u00fcller.example", true],
    ["dkim=pass header.i=@mail.m\u00fcller.example", true],
    ["spf=pass smtp.mailfrom=a@m\u00fcller.example", true],
    ["dmarc=fail header.from=m\u00fcller.example", false],
    ["dmarc=pass header.from=muller.example", null],
    ["dkim=pass header.d=\uff4d\u00fcller.example", null],
  ])("%s: %s", (result, expected) => {
    const from = aliceWith("From: max@m\u00fcller.example");
    expect(factsOf([LMTP, `${OURS} ${result}`, FROM_OUTSIDE, ...from]).authenticated).toBe(expected);
  });
});

// FC-44: Exchange Online writes no authserv-id.
describe('authserv_id = "exchange-online"', () => {
  const exchange = border({ authservIds: ["exchange-online"] });
  const NAMELESS = said(
    "spf=pass (sender IP is 192.0.2.1)\r\n smtp.mailfrom=partner.example; dkim=pass (signature was verified)\r\n header.d=partner.example;dmarc=pass action=none header.from=partner.example;compauth=pass reason=100",
  );
  const FAILED = said(
    "spf=fail smtp.mailfrom=partner.example; dmarc=fail action=oreject header.from=partner.example",
  );
  const NOTHING = said(
    "spf=none smtp.mailfrom=partner.example; dkim=none (message not signed) header.d=none",
  );

  it.each<[string, readonly string[], boolean | null, typeof POLICY?]>([
    ["the field without an id counts above the border", [NAMELESS, FROM_OUTSIDE, ...ALICE], true],
    ["its failure too", [FAILED, FROM_OUTSIDE, ...ALICE], false],
    ["only the first one: it says nothing", [NOTHING, NAMELESS, FROM_OUTSIDE, ...ALICE], null],
    ["only the first one: it passed", [NAMELESS, FAILED, FROM_OUTSIDE, ...ALICE], true],
    ["one with an id is not it", [PASS, NOTHING, FROM_OUTSIDE, ...ALICE], null],
    [
      "an id is passed over",
      [said("mx.elsewhere.example; spf=fail"), NAMELESS, FROM_OUTSIDE, ...ALICE],
      true,
    ],
    ["below the border anybody can write one", [FROM_OUTSIDE, NAMELESS, ...ALICE], null],
    [
      "no border strips it by a name, so `below` changes nothing",
      [FROM_OUTSIDE, NAMELESS, ...ALICE],
      null,
      border({ authservIds: ["exchange-online"], authenticationResults: "below" }),
    ],
    [
      "the word itself is nobody's id",
      [said("exchange-online; dmarc=pass header.from=partner.example"), FROM_OUTSIDE, ...ALICE],
      null,
    ],
    ["without the word a field without an id is nobody's", [NAMELESS, FROM_OUTSIDE, ...ALICE], null, POLICY],
    [
      "another id beside it counts as well",
      [PASS, FROM_OUTSIDE, ...ALICE],
      true,
      border({ authservIds: ["exchange-online", "mx.company.example"] }),
    ],
  ])("%s", (_, header, expected, policy = exchange) => {
    expect(factsOf(header, policy).authenticated).toBe(expected);
  });
});
