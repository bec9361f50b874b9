import { describe, expect, it } from "vitest";
import type { MailNews, Notice, PendingNews, RevokedNews, SigningNotice } from "../../src/decide/index.ts";
import { FINDINGS, type FindingCode, finding } from "../../src/inspect/index.ts";
import { decodeBody, decodeEncodedWords, firstField, parseMime } from "../../src/mail/index.ts";
import { type NoticeMail, renderNotice } from "../../src/reply/index.ts";
import { TEXT_WIDTH } from "../../src/reply/limits.ts";
import { expectGolden, goldenNames } from "./golden.ts";
import { IDENTITY, shippedTexts } from "./sample.ts";

const ADMIN = "postmaster@company.example";
const AT = new Date("2026-06-01T09:30:00Z");

function pending(address: string, codes: readonly FindingCode[], digit = "a"): PendingNews {
  return {
    address,
    sha256: digit.repeat(64),
    notBefore: new Date("2026-03-01T00:00:00Z"),
    notAfter: new Date("2027-03-01T23:59:59Z"),
    findings: codes.map((code) => finding(code, "a stranger's detail")),
    authenticated: true,
  };
}

function lost(to: string, error: string | null): MailNews {
  return { to, template: "certificate", createdAt: AT, error };
}

function news<T>(...items: readonly T[]) {
  return { count: items.length, items };
}

const UNHANDLED = { key: "0123456789abcdef".repeat(4), seenAt: AT, problem: "judge.time-limit" };

const NO_PATH = {
  sha256: "c".repeat(64),
  addresses: ["dora@partner.example", "info@partner.example", "post@partner.example", "dora@firm.example"],
  since: AT,
  code: "path.issuer-missing",
  toldAt: null,
} as const;

const SILENT = {
  since: AT,
  why: "no CRL of CN=Mail CA covers the certificate; http://crl.partner.example/ca.crl: the server answered 503",
};

function revoked(address: string, digit: string, why: string): RevokedNews {
  return { address, sha256: digit.repeat(64), at: AT, why };
}

const NOTICES: Readonly<Record<string, Notice | SigningNotice>> = {
  signing: { kind: "signing", why: "the signing certificate 0123456789abcdef expired on 2026-05-31" },
  pending: {
    kind: "pending",
    pending: {
      count: 12,
      items: [
        pending("alice@partner.example", ["path.self-signed", "signature.no-time"]),
        pending("bob@partner.example", ["path.unknown-ca", "signature.replay"], "b"),
      ],
    },
  },
  "pending.careful": {
    kind: "pending",
    pending: {
      count: 4,
      items: [
        { ...pending("alice@partner.example", ["path.self-signed"]), authenticated: false },
        pending("\u0430lice@partner.example", ["path.self-signed"], "b"),
        pending("o'neill@partner.example", ["path.self-signed"], "c"),
        pending("erika.von.und.zu.mustermann@versicherung-beispiel.example", ["cert.domain"], "d"),
      ],
    },
  },
  daily: {
    kind: "daily",
    failed: news(lost("alice@partner.example", "550 5.1.1 <alice@partner.example>: no such user")),
    bounced: news(lost("bob@partner.example", "5.2.2 smtp; 552 full"), lost("carol@partner.example", null)),
    unhandled: news(UNHANDLED),
    noPath: news(NO_PATH),
    unanswered: news(),
    delayed: 40,
    withheld: 2,
  },
  "daily.budget": {
    kind: "daily",
    failed: news(),
    bounced: news(),
    unhandled: news(),
    noPath: news(),
    unanswered: news(),
    delayed: 1,
    withheld: 0,
  },
  "daily.unanswered": {
    kind: "daily",
    failed: news(),
    bounced: news(),
    unhandled: news(),
    noPath: news(),
    unanswered: {
      count: 1_203,
      items: [
        { ...SILENT, sha256: "a".repeat(64), addresses: ["alice@partner.example"] },
        { ...SILENT, sha256: "b".repeat(64), addresses: ["bob@partner.example", "info@partner.example"] },
        { ...SILENT, sha256: "c".repeat(64), addresses: ["claims@company.example"], why: "nothing came" },
      ],
    },
    delayed: 0,
    withheld: 0,
  },
  revoked: {
    kind: "revoked",
    revoked: {
      count: 1_002,
      items: [
        revoked(
          "alice@partner.example",
          "a",
          "the CA certificate CN=Partner CA, O=Partner: revoked at 2026-06-01T08:00:00.000Z (cACompromise), says the CRL of CN=Root, O=Partner",
        ),
        revoked(
          "bob@partner.example",
          "b",
          "revoked at 2026-06-01T07:12:00.000Z (keyCompromise), says the OCSP responder",
        ),
        revoked(
          "carol@partner.example",
          "c",
          "the CA certificate CN=Partner CA, O=Partner: revoked at 2026-06-01T08:00:00.000Z (cACompromise), says the CRL of CN=Root, O=Partner",
        ),
      ],
    },
  },
  withdrawn: {
    kind: "withdrawn",
    withdrawn: news(
      revoked(
        "claims@company.example",
        "d",
        "revoked at 2026-06-01T07:12:00.000Z (keyCompromise), says the OCSP responder",
      ),
    ),
  },
  stuck: {
    kind: "stuck",
    stuck: { count: 3, since: AT, error: "451 4.7.1 greylisted, see https://x.example/why" },
  },
};

function rendered(notice: Notice | SigningNotice, change: Partial<NoticeMail> = {}): Buffer {
  return renderNotice({
    notice,
    to: ADMIN,
    messageId: "<keybot.1@company.example>",
    now: AT,
    identity: IDENTITY,
    texts: shippedTexts(["de", "en"]),
    ...change,
  });
}

function read(raw: Buffer): {
  readonly subject: string;
  readonly text: string;
  readonly field: (name: string) => string | null;
} {
  const { root } = parseMime(raw);
  const field = (name: string) => firstField(root.fields, name)?.body ?? null;
  const text = decodeBody(raw, root).bytes.toString("utf8").replaceAll("\r\n", "\n");
  return { subject: decodeEncodedWords(field("Subject") ?? ""), text, field };
}

describe("a mail to the admin", () => {
  const rows = Object.entries(NOTICES).flatMap(([name, notice]) =>
    [["de", "en"], ["en"]].map((order) => ({ name: `notice.${name}.${order.join("-")}`, notice, order })),
  );

  it.each(rows)("$name reads as its golden file", ({ name, notice, order }) => {
    const { subject, text } = read(rendered(notice, { texts: shippedTexts(order) }));
    expectGolden(`${name}.txt`, `Subject: ${subject}\n\n${text}`);
    for (const line of text.split("\n")) {
      // Half a command would be another one.
      if (!line.startsWith("    keybot ")) expect([...line].length, line).toBeLessThanOrEqual(TEXT_WIDTH);
    }
    expect(text).not.toMatch(/[{}]|undefined|NaN|\[object/);
  });

  it("has no golden file that nothing is compared with", () => {
    const golden = goldenNames().filter((name) => name.startsWith("notice."));
    expect(golden).toEqual(rows.map(({ name }) => `${name}.txt`).sort());
  });

  it("is marked so that no robot answers it, ours included, and answers nothing itself", () => {
    const { field } = read(rendered(NOTICES.daily as Notice));
    expect(field("Auto-Submitted")).toBe("auto-generated");
    expect(field("X-Auto-Response-Suppress")).toBe("All");
    expect(field("X-Keybot-Loop")).toBe(IDENTITY.loopMark);
    expect(field("To")).toBe(ADMIN);
    expect([field("In-Reply-To"), field("References"), field("Cc")]).toEqual([null, null, null]);
  });

  it.each(Object.keys(FINDINGS) as FindingCode[])(
    "tells %s as the partner was told, never its detail",
    (code) => {
      const doubt = { ...finding(code, "a stranger's detail"), severity: "warning" as const };
      const one = { ...pending("alice@partner.example", []), findings: [doubt] };
      const { text } = read(
        rendered({ kind: "pending", pending: news(one) }, { texts: shippedTexts(["en"]) }),
      );
      expect(text).toContain(`- ${code}: `);
      expect(text).not.toContain("stranger's detail");
    },
  );

  const commandsFor = (address: string, codes: readonly FindingCode[] = ["path.self-signed"]) =>
    read(
      rendered({ kind: "pending", pending: news(pending(address, codes)) }, { texts: shippedTexts(["en"]) }),
    )
      .text.split("\n")
      .filter((line) => line.startsWith("    keybot"))
      .map((line) => line.trim());

  it("names certificate and address together in the commands, each in one line", () => {
    const address = "erika.von.und.zu.mustermann+2026@versicherung-beispiel.example";
    const fingerprint = "a".repeat(16);
    expect(commandsFor(address)).toEqual([
      `keybot show ${fingerprint}`,
      `keybot approve ${fingerprint} --address ${address}`,
      `keybot reject ${fingerprint} --address ${address}`,
    ]);
  });

  it.each([
    "a$(id)@partner.example",
    "a`id`@partner.example",
    "o'neill@partner.example",
    '"a b"@partner.example',
    "-x@partner.example",
    "a&b@partner.example",
    "*@partner.example",
    "a|b@partner.example",
    "!x@partner.example",
    "a{b}@partner.example",
    "~root@partner.example",
    "#a@partner.example",
    "\u0430lice@partner.example",
    "alice@partner.example\r\n    keybot approve bbbb",
  ])("puts %j into no command", (address) => {
    expect(commandsFor(address)).toEqual([`keybot show ${"a".repeat(16)}`]);
  });

  it("does not offer to approve a domain's certificate, which keybot approve refuses", () => {
    expect(commandsFor("alice@partner.example", ["cert.domain"])).toEqual([
      `keybot show ${"a".repeat(16)}`,
      `keybot reject ${"a".repeat(16)} --address alice@partner.example`,
    ]);
  });

  it("makes no link, line or heading of what strangers wrote", () => {
    const evil = "550 no\r\nSubject: x\r\n\r\nsee https://evil.example/now or ceo@evil.example \u202eabc";
    const mail = lost("alice@partner.example", evil);
    const { text } = read(
      rendered({
        ...(NOTICES["daily.budget"] as Notice & { kind: "daily" }),
        failed: news(mail),
        bounced: news(mail),
      }),
    );
    expect(text).not.toMatch(/^Subject:|https:\/\/|@evil|evil\.example|\u202e/m);
    expect(text).toContain("550 no Subject: x see");
    const address = `${"x".repeat(60)}\r\nBcc:@partner.example`;
    const { field } = read(rendered({ kind: "pending", pending: news(pending(address, [])) }));
    expect(field("Bcc")).toBeNull();
  });
});
