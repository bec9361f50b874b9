import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ipInNetworks, parseReceived } from "../../src/mail/index.ts";
import { processorTime } from "./processor-time.ts";

describe("the client's address is the one that the receiving server wrote", () => {
  const rows: readonly (readonly [form: string, body: string, clientIp: string | null])[] = [
    [
      "Postfix",
      "from mail.partner.example (mail.partner.example [192.0.2.1]) by mx.company.example (Postfix) with ESMTPS id 4; Mon, 23 Nov 2026 10:00:00 +0100 (CET)",
      "192.0.2.1",
    ],
    [
      "Postfix with TLS comments",
      "from m.x (unknown [192.0.2.1]) (using TLSv1.3 with cipher X (256/256 bits)) (No client certificate requested) by mx (Postfix) with ESMTPS id 4",
      "192.0.2.1",
    ],
    ["Postfix, IPv6", "from m.x (m.x [IPv6:2001:DB8::1]) by mx (Postfix)", "2001:db8::1"],
    ["Postfix, port", "from m.x (m.x [192.0.2.1]:4711) by mx (Postfix)", "192.0.2.1"],
    [
      "Postfix, HELO is an address literal",
      "from [9.9.9.9] (unknown [192.0.2.1]) by mx (Postfix)",
      "192.0.2.1",
    ],
    [
      "Postfix, HELO is our host",
      "from mx.company.example (unknown [192.0.2.1]) by mx.company.example (Postfix)",
      "192.0.2.1",
    ],
    ["Postfix, HELO is a keyword", "from by (unknown [192.0.2.1]) by mx (Postfix)", "192.0.2.1"],
    [
      "Postfix, client without address",
      'from m.x (unknown [unknown]) (Client CN "[9.9.9.9]") by mx (Postfix)',
      null,
    ],
    ["sendmail", "from m.x (m.x [192.0.2.1]) by mx (8.17.1/8.17.1) with ESMTP id q", "192.0.2.1"],
    [
      "sendmail, may be forged",
      "from m.x (host.isp.example [192.0.2.1] (may be forged)) by mx (8.17.1)",
      "192.0.2.1",
    ],
    [
      "sendmail, ident text is an address",
      "from m.x (IDENT:[9.9.9.9]@m.x [192.0.2.1]) by mx (8.17.1)",
      "192.0.2.1",
    ],
    [
      "sendmail, ident text begins like Exim",
      "from m.x ([9.9.9.9]@m.x [192.0.2.1]) by mx (8.17.1)",
      "192.0.2.1",
    ],
    ["sendmail, ident text pretends to be HELO", "from [9.9.9.9] (HELO x@m.x [192.0.2.1]) by mx", null],
    ["Exim with reverse name", "from m.x ([192.0.2.1]) by mx with esmtps (Exim 4.96)", "192.0.2.1"],
    ["Exim, helo differs", "from m.x ([192.0.2.1] helo=other) by mx with esmtp (Exim 4.96)", "192.0.2.1"],
    [
      "Exim, helo is an address literal",
      "from m.x ([192.0.2.1]:25 helo=[9.9.9.9] ident=[9.9.9.9]) by mx with esmtp (Exim 4.96)",
      "192.0.2.1",
    ],
    ["Exim, something of the client behind a blank", "from m.x ([9.9.9.9] helo=x [192.0.2.1]) by mx", null],
    ["Exim without reverse name", "from [192.0.2.1] (helo=foo) by mx with esmtp (Exim 4.96)", "192.0.2.1"],
    [
      "Exim without reverse name, with port",
      "from [192.0.2.1]:40000 (helo=[9.9.9.9] ident=x) by mx with esmtp (Exim 4.96)",
      "192.0.2.1",
    ],
    ["Exim without helo", "from [192.0.2.1] by mx with esmtp (Exim 4.96) id x", "192.0.2.1"],
    [
      "a bare literal of a server that is not Exim may be the HELO",
      "from [9.9.9.9] by mx with LMTP id x",
      null,
    ],
    ["Exim, local user", "from www-data by mx with local (Exim 4.96)", null],
    ["qmail", "from unknown (HELO foo) (192.0.2.1) by mx with SMTP; 23 Nov 2026 10:00:00 -0000", "192.0.2.1"],
    ["qmail, HELO is an address", "from unknown (HELO 9.9.9.9) (192.0.2.1) by mx with SMTP", "192.0.2.1"],
    [
      "qmail, HELO is an address literal",
      "from unknown (HELO [9.9.9.9]) (192.0.2.1) by mx with SMTP",
      "192.0.2.1",
    ],
    ["qmail, HELO text with a blank", "from unknown (HELO x [9.9.9.9]) (192.0.2.1) by mx with SMTP", null],
    ["qmail, ident", "from m.x (9.9.9.9@192.0.2.1) by mx with SMTP", "192.0.2.1"],
    ["qmail, HELO equals the reverse name", "from m.x (192.0.2.1) by mx with SMTP", "192.0.2.1"],
    ["Yahoo", "from 9.9.9.9  (EHLO m.x) (192.0.2.1)  by mx with SMTP", "192.0.2.1"],
    [
      "Exchange",
      "from m.x (192.0.2.1) by mx (10.0.0.2) with Microsoft SMTP Server (version=TLS1_2) id 15.2.1; Mon, 23 Nov 2026 10:00:00 +0000",
      "192.0.2.1",
    ],
    [
      "Exchange, with zone",
      "from m.x ([fe80::1%22]) by mx ([fe80::2%22]) with Microsoft SMTP Server id 1",
      "fe80::1",
    ],
    ["Gmail", "from m.x (m.x. [192.0.2.1]) by mx.google.com with ESMTPS id 1", "192.0.2.1"],
    [
      "Dovecot LMTP",
      "from mx.company.example ([10.0.0.1]) by store.company.example with LMTP id x (envelope-from <a@b>) for <c@d>; Mon, 23 Nov 2026 10:00:00 +0000",
      "10.0.0.1",
    ],
    [
      "Dovecot LMTP on a Unix socket",
      "from mx.company.example by store.company.example with LMTP id x for <c@d>",
      null,
    ],
    ["Courier", "from m.x (m.x [::ffff:192.0.2.1]) (TLS: TLSv1.3) by mx with ESMTP", "::ffff:192.0.2.1"],
    ["CommuniGate", "from [192.0.2.1] (HELO foo) by mx (CommuniGate Pro SMTP 6.2) with ESMTP", "192.0.2.1"],
    [
      "Postfix pickup",
      "by mx.company.example (Postfix, from userid 0) id 4; Mon, 23 Nov 2026 10:00:00 +0000",
      null,
    ],
    [
      "CommuniGate with reverse name",
      "from m.x ([192.0.2.1] verified) by mx (CommuniGate Pro SMTP 6.2)",
      "192.0.2.1",
    ],
    ["no HELO", "from (unknown [192.0.2.1]) by mx with smtp", "192.0.2.1"],
    ["brackets outside of a comment may be the HELO", "from x [9.9.9.9] by mx with smtp", null],
    ["a HELO that opens a comment hides the rest", "from x( (unknown [9.9.9.9]) by mx (Postfix", null],
    ["a HELO of two words is no known form", "from x y (unknown [9.9.9.9]) by mx", null],
    ["an address that is none", "from m.x (m.x [192.0.2.256]) by mx", null],
    ["nothing", "", null],
  ];
  it.each(rows)("%s", (_form, body, clientIp) => {
    expect(parseReceived(body).clientIp).toBe(clientIp);
  });
});

describe("the other clauses (RFC 5321 §4.4)", () => {
  it("of Postfix", () => {
    const body =
      "from h (r [192.0.2.1]) by MX.Company.Example. (Postfix) with ESMTPS id 4Q for <Anna@Company.example>; Mon, 23 Nov 2026 10:00:00 +0100 (CET)";
    expect(parseReceived(body)).toEqual({
      by: "mx.company.example",
      clientIp: "192.0.2.1",
      hasFrom: true,
      withProtocol: "ESMTPS",
      for: "Anna@company.example",
      date: new Date("2026-11-23T09:00:00Z"),
    });
  });
  it.each([
    [
      "pickup",
      "by mx (Postfix, from userid 0) id 1; Mon, 23 Nov 2026 10:00:00 +0000",
      { hasFrom: false, by: "mx" },
    ],
    [
      "qmail, invoked",
      "(qmail 1 invoked from network); 23 Nov 2026 10:00:00 -0000",
      { hasFrom: false, by: null, date: new Date("2026-11-23T10:00:00Z") },
    ],
    [
      "Exchange's protocol has blanks",
      "from a (1.2.3.4) by b with Microsoft SMTP Server id 1",
      { withProtocol: "Microsoft SMTP Server" },
    ],
    ["for without brackets", "by b for a@b.example; x", { for: "a@b.example", date: null }],
    ["for two addresses", "by b for <a@b.example> <c@d.example>", { for: null }],
    ["by in the HELO does not count", "from by (a [1.2.3.4]) by mx", { by: "mx", hasFrom: true }],
    [
      "OpenSMTPD's semicolons",
      "from h (r [1.2.3.4]);\tby mx (OpenSMTPD) with ESMTP id 1;\tfor <a@b.example>;\tThu, 17 Jul 2014 11:20:14 +0000 (UTC)",
      { by: "mx", clientIp: "1.2.3.4", for: "a@b.example", date: new Date("2014-07-17T11:20:14Z") },
    ],
    ["without HELO", "from (unknown [1.2.3.4]) by mx", { by: "mx" }],
    ["from only at the start", "by mx from a (a [1.2.3.4])", { hasFrom: false, clientIp: null }],
    [
      "keyword as value",
      "from a by with with for for <a@b.example>",
      { by: "with", withProtocol: "for", for: "a@b.example" },
    ],
  ])("%s", (_what, body, expected) => {
    expect(parseReceived(body)).toMatchObject(expected);
  });
});

describe("networks", () => {
  it.each([
    ["10.1.2.3", ["10.0.0.0/8"], true],
    ["11.1.2.3", ["10.0.0.0/8"], false],
    ["192.0.2.1", ["192.0.2.1"], true],
    ["::ffff:10.1.2.3", ["10.0.0.0/8"], true],
    ["::ffff:a01:203", ["10.0.0.0/8"], true],
    ["10.1.2.3", ["::ffff:10.0.0.0/104"], true],
    ["11.1.2.3", ["::ffff:10.0.0.0/104"], false],
    ["2001:db8::1", ["2001:db8::/32"], true],
    ["2001:db9::1", ["2001:db8::/32"], false],
    ["::1", ["127.0.0.0/8"], false],
    ["10.1.2.3", [], false],
    ["10.1.2.3", ["0.0.0.0/0"], true],
    ["2001:db8::1", ["0.0.0.0/0"], false],
    ["no address", ["0.0.0.0/0", "::/0"], false],
  ])("%s in %j: %s", (ip, cidrs, expected) => {
    expect(ipInNetworks(ip, cidrs)).toBe(expected);
  });
  it.each(["10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "10.0.0.0/8/8", "x", "", "::/129", "10.0.0.0/-1"])(
    "%j is none",
    (cidr) => {
      expect(() => ipInNetworks("10.0.0.1", [cidr])).toThrow(RangeError);
    },
  );
});

describe("a HELO with parentheses is not taken for the server's comment", () => {
  const LAB = "by mx.company.example with ESMTP id 1; Mon, 23 Nov 2026 10:00:00 +0100";
  it.each([
    ["glued to the name", "x(127.0.0.1) (203.0.113.9)"],
    ["glued to the name, brackets", "x([127.0.0.1]) (m.x [203.0.113.9])"],
    ["instead of a name", "(127.0.0.1) (203.0.113.9)"],
    ["instead of a name, brackets", "([127.0.0.1]) (m.x [203.0.113.9])"],
    ["two of them", "x(a)(127.0.0.1) (203.0.113.9)"],
    ["with a keyword behind", "(127.0.0.1)with (203.0.113.9)"],
    ["with a protocol of its own", "x(1)with(2)LMTP (203.0.113.9)"],
    ["alone: the server wrote no address", "x(127.0.0.1)"],
  ])("%s", (_how, from) => {
    const read = parseReceived(`from ${from} ${LAB}`);
    expect(read.clientIp).toBeNull();
    expect(read.withProtocol ?? "").not.toMatch(/lmtp/i);
  });
  it.each([
    ["Exchange", "x (203.0.113.9)"],
    ["qmail", "unknown (HELO x) (203.0.113.9)"],
    ["Postfix", "x (m.x [203.0.113.9])"],
  ])("its honest twin of %s is read", (_server, from) => {
    expect(parseReceived(`from ${from} ${LAB}`).clientIp).toBe("203.0.113.9");
  });

  it("whatever stands in it, the client's address is the server's, or nobody's", () => {
    const helo = fc.stringMatching(
      /^[a-z()[\]9.;:@=\\"]{1,12}(?:\(9\.9\.9\.9\)|with|by|for|LMTP|\(\[9\.9\.9\.9\]\)){0,3}$/,
    );
    fc.assert(
      fc.property(helo, (name) => {
        const { by, clientIp, withProtocol } = parseReceived(`from ${name} (m.x [192.0.2.1]) ${LAB}`);
        if (by !== "mx.company.example") return; // the trusted block ends there
        expect([null, "192.0.2.1"]).toContain(clientIp);
        if (clientIp === null) expect(withProtocol ?? "").not.toMatch(/^lmtp/i);
      }),
      { numRuns: 5000 },
    );
  });
});

it("a HELO name of the client's choice never becomes its address", () => {
  // What Postfix lets through of a HELO: no blanks, parentheses, quotes, semicolons (smtpd.c neuters them).
  const helo = fc.stringMatching(/^[a-z0-9.:[\]=%_-]{1,30}$/);
  fc.assert(
    fc.property(helo, (name) => {
      const body = `from ${name} (unknown [192.0.2.1]) by mx.company.example (Postfix) with ESMTP id 1`;
      expect(parseReceived(body)).toMatchObject({ clientIp: "192.0.2.1", by: "mx.company.example" });
    }),
    { numRuns: 1000 },
  );
});

it.each([
  ["in a comment", (zone: string) => `(${zone})`],
  ["in brackets", (zone: string) => `(b.example [${zone}])`],
])("signs of a zone %s cost no more than their number, wherever a line ends", (_where, comment) => {
  const body = `from a.example ${comment(`${"%".repeat(60_000)}\u2028`)} by mx.example`;
  expect(parseReceived(body).clientIp).toBeNull();
  expect(processorTime(() => parseReceived(body))).toBeLessThan(300);
});
