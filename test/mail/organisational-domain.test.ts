import { describe, expect, it } from "vitest";
import { organisationalDomain, registeredDomain } from "../../src/mail/index.ts";

describe("the domain that somebody registered, and that of an organisation (Public Suffix List)", () => {
  it.each<[string, string | null, string | null]>([
    ["partner.example", "partner.example", "partner.example"],
    ["a.b.partner.example", "partner.example", "partner.example"],
    ["a.partner.co.uk", "partner.co.uk", "partner.co.uk"],
    ["co.uk", null, null],
    ["com", null, null],
    ["localhost", null, null],
    ["", null, null],
    ["192.0.2.1", null, null],
    ["a.city.kawasaki.jp", "city.kawasaki.jp", "city.kawasaki.jp"],
    ["WWW.Partner.Example.", "partner.example", "partner.example"],
    ["mail.münchen.de", "xn--mnchen-3ya.de", "xn--mnchen-3ya.de"],
    ["mail.xn--mnchen-3ya.de", "xn--mnchen-3ya.de", "xn--mnchen-3ya.de"],
    ["a.公司.cn", "a.xn--55qx5d.cn", "a.xn--55qx5d.cn"],
    // Names that somebody hands out below a domain of his own: his for counting, strangers to each other for trust.
    ["github.io", "github.io", null],
    ["someone.github.io", "github.io", "someone.github.io"],
    ["someone.dyndns.org", "dyndns.org", "someone.dyndns.org"],
  ])("%j: %j, %j", (domain, registered, organisation) => {
    expect(registeredDomain(domain)).toBe(registered);
    expect(organisationalDomain(domain)).toBe(organisation);
  });
});
