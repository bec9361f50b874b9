import { describe, expect, it } from "vitest";
import { parseAuthenticationResults } from "../../src/mail/index.ts";

/** Method, result and properties in short. */
function shortly(body: string) {
  const parsed = parseAuthenticationResults(body);
  if (parsed === null) return null;
  return parsed.results.map((one) => [one.method, one.result, Object.fromEntries(one.properties)]);
}

describe("Authentication-Results (RFC 8601 §2.2)", () => {
  const rows: readonly (readonly [what: string, body: string, expected: unknown])[] = [
    [
      "rspamd",
      "mx.company.example; dkim=pass header.d=partner.example header.s=s1 header.b=abc; spf=pass (mx: domain of alice@partner.example designates 192.0.2.1 as permitted sender) smtp.mailfrom=alice@partner.example; dmarc=pass (policy=reject) header.from=partner.example",
      [
        ["dkim", "pass", { "header.d": "partner.example", "header.s": "s1", "header.b": "abc" }],
        ["spf", "pass", { "smtp.mailfrom": "alice@partner.example" }],
        ["dmarc", "pass", { "header.from": "partner.example" }],
      ],
    ],
    [
      "opendmarc",
      "mx.company.example; dmarc=fail (p=reject dis=none) header.from=partner.example",
      [["dmarc", "fail", { "header.from": "partner.example" }]],
    ],
    ["none", "mx.example 1; none", []],
    ["no results at all", "mx.example", []],
    ["a version", "mx.example 1; spf=pass", [["spf", "pass", {}]]],
    [
      "comments everywhere",
      "(a) mx.example (b) 1 (c); (d) spf (e) = (f) pass (g) smtp (h) . (i) helo (j) = (k) x.example (l)",
      [["spf", "pass", { "smtp.helo": "x.example" }]],
    ],
    [
      "a reason in quotes",
      'mx.example; dkim=fail reason="bad; dmarc=pass header.from=bank.example" header.d=x',
      [["dkim", "fail", { reason: "bad; dmarc=pass header.from=bank.example", "header.d": "x" }]],
    ],
    ["a method with version", "mx.example; dkim/1=pass", [["dkim", "pass", {}]]],
    [
      "base64 in a value",
      "mx.example; dkim=pass header.b=ab/c+d==",
      [["dkim", "pass", { "header.b": "ab/c+d==" }]],
    ],
    [
      "a quoted local part cannot break out",
      'mx.example; spf=pass smtp.mailfrom="a; dmarc=pass header.from=bank.example"@evil.example',
      [["spf", "pass", { "smtp.mailfrom": '"a; dmarc=pass header.from=bank.example"@evil.example' }]],
    ],
    [
      "an empty value",
      "mx.example; spf=none smtp.mailfrom=; dkim=none",
      [
        ["spf", "none", { "smtp.mailfrom": "" }],
        ["dkim", "none", {}],
      ],
    ],
    [
      "the first of a repeated property",
      "mx.example; dmarc=pass header.from=a header.from=b",
      [["dmarc", "pass", { "header.from": "a" }]],
    ],
    [
      "several signatures",
      "mx.example; dkim=pass header.d=a; dkim=fail header.d=b",
      [
        ["dkim", "pass", { "header.d": "a" }],
        ["dkim", "fail", { "header.d": "b" }],
      ],
    ],
    ["case of names", "MX.example; DKIM=Pass Header.D=A", [["dkim", "pass", { "header.d": "A" }]]],
    [
      "Exchange Online's property without type",
      "mx.example; dmarc=pass action=none header.from=x;compauth=pass reason=100",
      [
        ["dmarc", "pass", { action: "none", "header.from": "x" }],
        ["compauth", "pass", { reason: "100" }],
      ],
    ],
    ["a semicolon too many", "mx.example; spf=pass;", [["spf", "pass", {}]]],
    [
      "no authserv-id (Exchange Online)",
      "spf=pass smtp.mailfrom=x; dkim=none",
      [
        ["spf", "pass", { "smtp.mailfrom": "x" }],
        ["dkim", "none", {}],
      ],
    ],
    ["no authserv-id, and broken", "spf=pass smtp.mailfrom=x; dkim", null],
    ["a name in quotes and a result", '"spf"=pass', null],
    ["another version (§2.6)", "mx.example 2; spf=pass", null],
    ["a result that is none", "mx.example; spf=pass@evil", null],
    ["text between results", "mx.example; spf=pass hello; dkim=pass", null],
    ["a comment that does not end", "mx.example; spf=fail (dkim=pass; dmarc=pass", null],
    ["a quoted string that does not end", 'mx.example; spf=pass smtp.mailfrom="x; dkim=pass', null],
    ["a control character", "mx.example; spf=pass smtp.mailfrom=a\0b", null],
    ["too many results", `mx.example${"; spf=pass".repeat(201)}`, null],
    ["nothing", "", null],
  ];
  it.each(rows)("%s", (_what, body, expected) => {
    expect(shortly(body)).toEqual(expected);
  });
  it("gives the authserv-id in lower case, without quotes", () => {
    expect(parseAuthenticationResults('"MX.Example"; none')?.authservId).toBe("mx.example");
  });
  it.each([
    ["spf=pass smtp.mailfrom=x", null],
    ["none", "none"],
    ["spf; dkim=pass", "spf"],
    ["spf 1; dkim=pass", "spf"],
  ])("%s: who says so", (body, authservId) => {
    expect(parseAuthenticationResults(body)?.authservId).toBe(authservId);
  });
});
