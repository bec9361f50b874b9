import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isProblem, type NssRoot, parseNssRoots } from "../../src/pki/index.ts";
import {
  block,
  certdata,
  certificateObject,
  type Entry,
  HEAD,
  NOT_FOR_THIS,
  trustObject,
} from "./certdata.ts";
import { forge, SPKI } from "./forge.ts";
import { certificateOf, corpus } from "./path-corpora.ts";

const ONE = forge({ serial: Buffer.of(1) });
const TWO = forge({ serial: Buffer.of(2) });
/** Of the same issuer and serial number as ONE. */
const TWIN = forge({ serial: Buffer.of(1), spki: Buffer.concat([SPKI.subarray(0, -1), Buffer.of(0x22)]) });

function rootsOf(list: Uint8Array): readonly NssRoot[] {
  const roots = parseNssRoots(list);
  if (isProblem(roots)) throw new Error(roots.detail);
  return roots;
}

/** Each root as `label: trusted or not, last day`. */
function read(...entries: readonly Entry[]): readonly string[] {
  return rootsOf(certdata(...entries)).map(
    ({ label, emailTrusted, distrustAfter }) =>
      `${label}: ${emailTrusted ? "yes" : "no"}${distrustAfter === null ? "" : `, ${distrustAfter.toISOString()}`}`,
  );
}

describe("a root of the list", () => {
  it("is its octets, each certificate with the trust of its issuer and serial number", () => {
    const roots = rootsOf(certdata({ der: ONE, trust: NOT_FOR_THIS }, { der: TWO }));
    expect(roots.map(({ der, emailTrusted }) => [Buffer.from(der).equals(ONE), emailTrusted])).toEqual([
      [true, false],
      [false, true],
    ]);
  });

  it.each<[string, Entry, string]>([
    ["is trusted where its trust says so", { der: ONE }, "A Root: yes"],
    ["is not for web servers alone", { der: ONE, trust: NOT_FOR_THIS }, "A Root: no"],
    ["is not when it is distrusted", { der: ONE, trust: "CKT_NSS_NOT_TRUSTED" }, "A Root: no"],
    ["needs no digest beside the trust", { der: ONE, sha1: null }, "A Root: yes"],
    ["has a last day", { der: ONE, distrust: "220831000000Z" }, "A Root: yes, 2022-08-31T00:00:00.000Z"],
    [
      "has one after 2049",
      { der: ONE, distrust: "20510101000000Z" },
      "A Root: yes, 2051-01-01T00:00:00.000Z",
    ],
    [
      "has one that stands beside the trust",
      { der: ONE, distrustBesideTrust: "210301000000Z" },
      "A Root: yes, 2021-03-01T00:00:00.000Z",
    ],
    [
      "has the earlier of two",
      { der: ONE, distrust: "220831000000Z", distrustBesideTrust: "210301000000Z" },
      "A Root: yes, 2021-03-01T00:00:00.000Z",
    ],
    ["is named in UTF-8", { der: ONE, label: "Főtanúsítvány" }, "Főtanúsítvány: yes"],
    ["is named as older files do it", { der: ONE, label: 'F\\xC5\\x91 \\"A\\"' }, 'Fő "A": yes'],
  ])("%s", (_, entry, expected) => expect(read(entry)).toEqual([expected]));

  it("that shares issuer and serial number with another has the trust of its own digest", () => {
    expect(read({ der: ONE, label: "one" }, { der: TWIN, label: "twin", trust: NOT_FOR_THIS })).toEqual([
      "one: yes",
      "twin: no",
    ]);
  });

  it("is not trusted when one of two trusts says no", () => {
    const list =
      HEAD +
      certificateObject({ der: ONE }) +
      trustObject({ der: ONE }) +
      trustObject({ der: ONE, trust: NOT_FOR_THIS });
    expect(rootsOf(Buffer.from(list)).map(({ emailTrusted }) => emailTrusted)).toEqual([false]);
  });

  it("may come with line ends of DOS", () => {
    const list = certdata({ der: ONE }).toString("latin1").replaceAll("\n", "\r\n");
    expect(rootsOf(Buffer.from(list, "latin1"))).toHaveLength(1);
  });
});

describe("what is no list, or a damaged one, is a problem as a whole", () => {
  const good = certdata({ der: ONE }).toString("latin1");
  it.each<[string, string, RegExp]>([
    ["nothing", "", /no BEGINDATA/],
    ["another text", "hello\n", /no BEGINDATA/],
    ["a PEM file", "-----BEGIN CERTIFICATE-----\nAAAA\n", /no BEGINDATA/],
    ["an attribute of no object", "BEGINDATA\nCKA_TOKEN CK_BBOOL CK_TRUE\n", /of no object/],
    ["a line that is no attribute", `${good}hello world\n`, /not an attribute/],
    ["an attribute twice", good.replace("CKA_TOKEN CK_BBOOL", "CKA_CLASS2 X Y\nCKA_CLASS2 X"), /twice/],
    ["digits that are not octal", good.replace("\\060", "\\068"), /line \d+: not octal/],
    ["more than an octet", good.replace("\\060", "\\460"), /not octal/],
    ["half an octet", good.replace(/(\\[0-7]{2})[0-7]\n/, "$1\n"), /not octal/],
    ["no backslash", good.replace("\\060", "0600"), /not octal/],
    [
      "a certificate without octets",
      good.replace(/CKA_VALUE [\s\S]*?END/, "CKA_VALUE UTF8"),
      /CKA_VALUE is missing/,
    ],
    [
      "a date that is none",
      certdata({ der: ONE, distrust: "221301000000Z" }).toString("latin1"),
      /no such time/,
    ],
    ["a date of another form", certdata({ der: ONE, distrust: "soon" }).toString("latin1"), /not a time/],
    [
      "a certificate without its trust",
      certdata({ der: ONE, trust: null }).toString("latin1"),
      /without its trust/,
    ],
    [
      "another's digest",
      certdata({ der: ONE, sha1: Buffer.alloc(20) }).toString("latin1"),
      /without its trust/,
    ],
    ["a last line without its end", good.trimEnd(), /cut off/],
  ])("%s", (_, text, detail) => {
    const problem = parseNssRoots(Buffer.from(text, "latin1"));
    expect(isProblem(problem) ? problem : "a list").toMatchObject({
      problem: "malformed",
      detail: expect.stringMatching(detail),
    });
  });

  it.each<[string, Buffer]>([
    ["a file of 17 MiB", Buffer.alloc(17 * 1024 * 1024, "#")],
    [
      "a value of 70,000 octets",
      Buffer.from(
        `${HEAD}CKA_CLASS CK_OBJECT_CLASS CKO_CERTIFICATE\n${block("CKA_VALUE", Buffer.alloc(70_000))}`,
      ),
    ],
    ["5,000 objects", Buffer.from(HEAD + "CKA_CLASS CK_OBJECT_CLASS CKO_DATA\n".repeat(5_000))],
  ])("too large: %s", (_, list) => expect(parseNssRoots(list)).toMatchObject({ problem: "too-large" }));

  it("cut anywhere it never gives more than it held, and never throws", () => {
    const list = certdata({ der: ONE, trust: NOT_FOR_THIS }, { der: TWO, trust: NOT_FOR_THIS });
    for (let length = 0; length < list.length; length += 7) {
      const cut = parseNssRoots(list.subarray(0, length));
      expect(isProblem(cut) || cut.every(({ emailTrusted }) => !emailTrusted)).toBe(true);
    }
  });
});

const folder = corpus("nss");

describe.skipIf(folder === null)("Mozilla's own list of May 2026", () => {
  const list = folder === null ? Buffer.alloc(0) : readFileSync(join(folder, "certdata.txt"));
  const roots = folder === null ? [] : rootsOf(list);

  it("has 167 roots, 90 for e-mail, 44 of these for e-mail only", () => {
    const email = roots.filter(({ emailTrusted }) => emailTrusted);
    expect([roots.length, email.length]).toEqual([167, 90]);
    expect(email.filter(({ label }) => !serverTrusted(list).has(label))).toHaveLength(44);
    expect(email.map(({ label }) => label)).toEqual(
      expect.arrayContaining(["D-Trust SBR Root CA 1 2022", "Telekom Security SMIME RSA Root 2023"]),
    );
  });

  it("has certificates that decode, each another one, and no last day for e-mail", () => {
    expect(new Set(roots.map(({ der }) => certificateOf(der).sha256)).size).toBe(167);
    expect(roots.filter(({ distrustAfter }) => distrustAfter !== null)).toEqual([]);
  });

  it("is read in well under a second, and cut in half it is a problem or has fewer roots", () => {
    const begun = process.hrtime.bigint();
    parseNssRoots(list);
    expect(Number(process.hrtime.bigint() - begun) / 1e6).toBeLessThan(1_000);
    for (const share of [0.2, 0.5, 0.8, 0.999]) {
      const cut = parseNssRoots(list.subarray(0, Math.floor(list.length * share)));
      expect(isProblem(cut) || cut.length < 167).toBe(true);
    }
  });
});

/** Labels of the trust objects that name web servers: a second, cruder reader. */
function serverTrusted(list: Buffer): ReadonlySet<string> {
  const objects = list.toString("utf8").split("CKA_CLASS CK_OBJECT_CLASS CKO_NSS_TRUST\n").slice(1);
  return new Set(
    objects
      .filter((text) => text.includes("CKA_TRUST_SERVER_AUTH CK_TRUST CKT_NSS_TRUSTED_DELEGATOR"))
      .map((text) => /CKA_LABEL UTF8 "(.*)"/.exec(text)?.[1] ?? ""),
  );
}
