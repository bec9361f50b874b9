import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  parseAddressList,
  parseAddrSpec,
  parseReturnPath,
  sameAddress,
  withoutPlus,
} from "../../src/mail/index.ts";
import { processorTime } from "./processor-time.ts";

const addresses = (body: string) => parseAddressList(body).mailboxes.map((mailbox) => mailbox.address);

describe("an address field that is right gives its mailboxes", () => {
  const rows: readonly (readonly [rule: string, body: string, expected: readonly string[]])[] = [
    ["§3.4.1 addr-spec", "alice@partner.example", ["alice@partner.example"]],
    ["§3.4 name-addr", "Alice Smith <alice@partner.example>", ["alice@partner.example"]],
    ["§3.4 angle-addr without name", "<alice@partner.example>", ["alice@partner.example"]],
    ["§3.4 mailbox-list", "a@b.example, C <c@d.example>", ["a@b.example", "c@d.example"]],
    ["§3.2.4 comma in a quoted string", '"Smith, Alice" <a@b.example>', ["a@b.example"]],
    ["§3.2.4 address in a quoted display name", '"x@evil.example" <a@b.example>', ["a@b.example"]],
    ["§3.2.4 escaped quote in a display name", '"A \\"B\\" <x@y>" <a@b.example>', ["a@b.example"]],
    ["§3.2.2 nested comments", "(one (two, <x@y>) three) a@b.example (end)", ["a@b.example"]],
    ["§3.2.2 escaped parenthesis in a comment", "(one \\) <x@y>) a@b.example", ["a@b.example"]],
    ["§3.4 group", "Team: a@b.example, C <c@d.example>;", ["a@b.example", "c@d.example"]],
    ["§3.4 empty group", "undisclosed-recipients:;", []],
    ["§3.4 group, then mailbox", "Team: a@b.example;, c@d.example", ["a@b.example", "c@d.example"]],
    ["unfinished empty group, as some mailers write it", "undisclosed-recipients:", []],
    ["§4.4 obs-route", "<@x.example,@y.example:c@d.example>", ["c@d.example"]],
    ["§4.4 obs-addr-list: empty entries", ", a@b.example,, c@d.example,", ["a@b.example", "c@d.example"]],
    ["§4.4 blanks and comments around the dots", "a . (x) b @ c . example", ["a.b@c.example"]],
    ["§4.1 obs-phrase: dots in a name", "J. R. Smith <a@b.example>", ["a@b.example"]],
    ["§3.4.1 domain literal", "a@[192.0.2.1]", ["a@[192.0.2.1]"]],
    ["§3.4.1 domain literal, IPv6", "a@[IPv6:2001:DB8::1]", ["a@[ipv6:2001:db8::1]"]],
    ["RFC 5321 §4.1.2 needless quotes go", '"alice.smith"@b.example', ["alice.smith@b.example"]],
    ["RFC 5321 §4.1.2 needed quotes stay", '"a b"@c.example', ['"a b"@c.example']],
    ["§3.4.1 at sign in a quoted local part", '"a@b.example"@c.example', ['"a@b.example"@c.example']],
    ["§3.2.4 escapes in a local part", '"a\\"\\\\b"@c.example', ['"a\\"\\\\b"@c.example']],
    ["RFC 5321 §2.4 domain in lower case, local part as it is", "Alice@B.EXAMPLE", ["Alice@b.example"]],
    ["RFC 6532 §3.2 UTF-8 local part", "jürgen@b.example", ["jürgen@b.example"]],
    ["RFC 6532 §3.2 letters of other scripts", "użytkownik@b.example", ["użytkownik@b.example"]],
    ["RFC 5890 §2.3.2.1 ß stays ß", "a@straße.example", ["a@xn--strae-oqa.example"]],
    ["RFC 5890 §2.3.2.1 U-label in capitals", "a@BÜCHER.example", ["a@xn--bcher-kva.example"]],
    ["RFC 5890 §2.3.2.1 U-label becomes A-label", "a@Bücher.example", ["a@xn--bcher-kva.example"]],
    ["empty", "", []],
    ["only a comment", "(nobody)", []],
  ];
  it.each(rows)("RFC 5322 %s: %s", (_rule, body, expected) => {
    expect(parseAddressList(body)).toMatchObject({ problem: null });
    expect(addresses(body)).toEqual(expected);
  });
});

describe("an address that clients read differently is a problem and no mailbox", () => {
  const rows: readonly (readonly [why: string, body: string, problem: string])[] = [
    ["address as unquoted display name", "a@b.example <c@d.example>", "syntax"],
    ["two angle addresses", "<a@b.example> <c@d.example>", "syntax"],
    ["two addresses without comma", "a@b.example c@d.example", "syntax"],
    ["text after the angle address", "<a@b.example> trailing", "syntax"],
    ["text before the address", "Alice a@b.example", "syntax"],
    ["nested angle brackets", "<<a@b.example>>", "syntax"],
    ["angle bracket that does not close", "Alice <a@b.example", "syntax"],
    ["two at signs", "a@b@c.example", "syntax"],
    ["no local part", "@b.example", "syntax"],
    ["empty quoted local part", '""@b.example', "syntax"],
    ["no domain", "alice@", "syntax"],
    ["no address at all", "Alice", "syntax"],
    ["empty angle brackets", "Alice <>", "syntax"],
    ["double dot", "a..b@c.example", "syntax"],
    ["trailing dot of the domain", "a@c.example.", "syntax"],
    ["quotes beside an atom", '"a"b@c.example', "syntax"],
    ["quoted domain", 'a@"b.example"', "syntax"],
    ["quoted string that does not end", '"Alice <a@b.example>', "syntax"],
    ["comment that does not end", "(Alice <a@b.example>", "syntax"],
    ["closing parenthesis alone", "a)@b.example", "syntax"],
    ["semicolon outside a group", "a@b.example;", "syntax"],
    ["group in a group", "a: b: c@d.example;;", "syntax"],
    ["group that does not end, with members", "a: c@d.example", "syntax"],
    ["backslash outside quotes", "a\\@b@c.example", "syntax"],
    ["route without colon", "<@x.example,c@d.example>", "syntax"],
    ["encoded word as local part", "=?utf-8?Q?a=40b.example?=@c.example", "encoded-word"],
    ["encoded word as domain", "a@=?utf-8?Q?b?=", "encoded-word"],
    ["encoded word in a quoted local part", '"=?utf-8?Q?a?="@c.example', "encoded-word"],
    ["NUL", "a\0@b.example", "control-character"],
    ["NUL in a quoted local part", '"a\0b"@c.example', "control-character"],
    ["CR", "a@b.example\r", "control-character"],
    ["LF in a quoted display name", '"a\nb" <c@d.example>', "control-character"],
    ["TAB in a quoted local part", '"a\tb"@c.example', "control-character"],
    ["zero-width space (RFC 6532 §4)", "a\u200b@b.example", "control-character"],
    ["right-to-left override", "a\u202eb@c.example", "control-character"],
    ["no-break space in the domain", "a@b\u00a0.example", "control-character"],
    ["a combining grapheme joiner", "a\u034f@b.example", "control-character"],
    ["a Hangul filler in the domain", "a@b\u3164.example", "control-character"],
    ["a Kelvin sign in the domain, K by NFC", "a@par\u212aner.example", "syntax"],
    ["a Kelvin sign in the local part", "mar\u212a@b.example", "syntax"],
    ["full-width letters, ASCII by NFKC", "a@\uff42.example", "syntax"],
    ["a full-width local part", "\uff41@b.example", "syntax"],
    ["a ligature, two letters by NFKC", "\ufb01ona@b.example", "syntax"],
    ["a mathematical letter", "\u{1d41a}@b.example", "syntax"],
    ["a dotted capital I, i by lower case", "a@b\u0130.example", "syntax"],
    ["an ideographic stop", "a@b\u3002example", "syntax"],
    ["longer than RFC 5321 §4.5.3.1 allows", `${"a".repeat(311)}@b.example`, "too-long"],
  ];
  it.each(rows)("%s: %s", (_why, body, problem) => {
    expect(parseAddressList(body).problem).toBe(problem);
    const entryThatIsRight = body.startsWith("a@b.example;") || body.startsWith("a: ");
    if (!entryThatIsRight) expect(addresses(body)).toEqual([]);
  });

  it("returns the right entries beside a wrong one", () => {
    const list = parseAddressList("a@b.example, x y@z, c@d.example");
    expect(list.problem).toBe("syntax");
    expect(list.mailboxes.map((mailbox) => mailbox.address)).toEqual(["a@b.example", "c@d.example"]);
  });

  it("stops at the budget of mailboxes", () => {
    const list = parseAddressList("a@b.example,".repeat(1001));
    expect(list.problem).toBe("too-many-mailboxes");
    expect(list.mailboxes).toHaveLength(1000);
  });
});

describe("the display name", () => {
  it.each([
    ["atoms keep their blanks as one", "Alice   Smith <a@b.example>", "Alice Smith"],
    ["quotes and escapes go", '"A \\"B\\" C" <a@b.example>', 'A "B" C'],
    ["encoded words are decoded", "=?utf-8?Q?J=C3=BCrgen?= =?utf-8?Q?_M?= <a@b.example>", "Jürgen M"],
    ["raw UTF-8 stays", "Jürgen <a@b.example>", "Jürgen"],
    ["none", "<a@b.example>", null],
    ["a comment is none", "a@b.example (Alice)", null],
  ])("%s", (_rule, body, expected) => {
    expect(parseAddressList(body).mailboxes[0]?.displayName).toBe(expected);
  });
  it("counts groups", () => {
    expect(parseAddressList("a:;, b: c@d.example;").groups).toBe(2);
  });
});

describe("a bare address", () => {
  it.each(["a@b.example", "Jürgen@Bücher.example", '"a b"@c.example', "a@[192.0.2.1]"])(
    "takes %s",
    (text) => {
      expect(parseAddrSpec(text)).not.toBeNull();
    },
  );
  it.each([
    "",
    "a",
    "a@",
    " a@b.example",
    "a@b.example ",
    "a@b.example(x)",
    "a @b.example",
    "<a@b.example>",
    "a@b.example,c@d.example",
    "Alice <a@b.example>",
    "a@b.example\n",
    "a\0@b.example",
  ])("refuses %j", (text) => {
    expect(parseAddrSpec(text)).toBeNull();
  });
});

describe("a Return-Path (RFC 5321 §4.4)", () => {
  it.each([
    ["<>", "null-sender"],
    ["", "null-sender"],
    ["< >", "null-sender"],
    ["<a@b.example>", "a@b.example"],
    ["a@b.example", "a@b.example"],
    ["<MAILER-DAEMON>", null],
    ["<a@b.example> <c@d.example>", null],
  ])("%j is %s", (body, expected) => {
    const path = parseReturnPath(body);
    expect(typeof path === "object" ? (path?.address ?? null) : path).toBe(expected);
  });
});

describe("addresses compared", () => {
  it.each([
    ["claims+x@d.example", "claims@d.example"],
    ["claims+x+y@d.example", "claims@d.example"],
    ["claims@d.example", "claims@d.example"],
    ["+x@d.example", "+x@d.example"],
    ["not an address", "not an address"],
  ])("%s without its plus tag is %s", (address, expected) => {
    expect(withoutPlus(address)).toBe(expected);
  });

  it.each([
    ["the domain never counts its case", "a@B.Example", "a@b.example", true, true],
    ["the local part may", "Alice@b.example", "alice@b.example", false, true],
    ["needless quotes do not count", '"alice"@b.example', "alice@b.example", true, true],
    ["U-label and A-label are one domain", "a@bücher.example", "a@xn--bcher-kva.example", true, true],
    ["another domain", "a@b.example", "a@c.example", false, false],
    ["a quoted at sign is no other domain", '"a@b.example"@c.example', "a@b.example", false, false],
    ["the Kelvin sign is no k", "\u212Aarl@b.example", "karl@b.example", false, false],
    ["É and é differ: only ASCII case is ignored", "É@b.example", "é@b.example", false, false],
    ["NFC is not applied", "e\u0301@b.example", "\u00e9@b.example", false, false],
    ["what is no address equals nothing", "x", "x", false, false],
  ])("%s", (_rule, a, b, exact, loose) => {
    expect(sameAddress(a, b, { exactLocalPart: true })).toBe(exact);
    expect(sameAddress(a, b, { exactLocalPart: false })).toBe(loose);
  });
});

describe("whatever a stranger writes", () => {
  const hostile = fc.stringMatching(/^[ab@<>()",:;.\\[\] =?\t\0é-]{0,60}$/);
  it("the parser never throws, and each address is one that parses to itself", () => {
    fc.assert(
      fc.property(hostile, (body) => {
        for (const mailbox of parseAddressList(body).mailboxes) {
          expect(parseAddrSpec(mailbox.address)).toMatchObject({
            address: mailbox.address,
            localPart: mailbox.localPart,
            domain: mailbox.domain,
          });
        }
      }),
      { numRuns: 2000 },
    );
  });
  it.each(["(", '"', "<", "a@b,", "a:", "<@", "\\", "[", "a ", "=?"])(
    "%j repeated to the limit costs little",
    (piece) => {
      const field = piece.repeat(Math.floor((256 * 1024) / piece.length));
      expect(processorTime(() => parseAddressList(field))).toBeLessThan(2000);
    },
  );
});
