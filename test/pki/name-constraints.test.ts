import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { GeneralSubtree } from "../../src/pki/extensions.ts";
import type { GeneralName } from "../../src/pki/general-name.ts";
import { nameOf } from "../../src/pki/name.ts";
import {
  type NameConstraints,
  NO_NAME_CONSTRAINTS,
  nameViolations,
  narrowed,
} from "../../src/pki/name-constraints.ts";
import { type Relation, relationTo } from "../../src/pki/name-subtree.ts";
import { processorTime } from "../mail/processor-time.ts";
import {
  basicConstraints,
  distinguishedName,
  issue,
  nameConstraints,
  subjectAltName,
} from "./path-authority.ts";

const always = () => true;

function email(text: string): GeneralName {
  return { form: "rfc822Name", text };
}
function utf8(text: string): GeneralName {
  return { form: "smtpUTF8Mailbox", text };
}
function dns(text: string): GeneralName {
  return { form: "dNSName", text };
}
function uri(text: string): GeneralName {
  return { form: "uniformResourceIdentifier", text };
}
function ip(...bytes: readonly number[]): GeneralName {
  return { form: "iPAddress", bytes: Uint8Array.from(bytes) };
}
function dn(...attributes: readonly (readonly [string, string])[]): GeneralName {
  return { form: "directoryName", name: nameOf(distinguishedName(...attributes)) };
}
function other(oid: string): GeneralName {
  return { form: "otherName", oid, value: Uint8Array.of(5, 0) };
}

const V6 = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const V6_NET = [0x20, 0x01, 0x0d, 0xb8, ...Array(12).fill(0), 0xff, 0xff, 0xff, 0xff, ...Array(12).fill(0)];

/** [rule, constraint, name, how they stand]; RFC 5280 §4.2.1.10 unless said otherwise. */
const RELATIONS: readonly (readonly [string, GeneralName, GeneralName, Relation])[] = [
  ["a mailbox holds itself", email("a@b.example"), email("a@b.example"), "inside"],
  ["a mailbox: the host in any case (§7.5)", email("a@b.example"), email("a@B.Example"), "inside"],
  ["a mailbox: the local part as it is (§7.5)", email("a@b.example"), email("A@b.example"), "outside"],
  [
    "a name too large to prepare: not to be told",
    dn(["CN", "a".repeat(5000)]),
    dn(["CN", "A".repeat(5000)]),
    "unclear",
  ],
  [
    "a name too large to prepare holds itself",
    dn(["CN", "a".repeat(5000)]),
    dn(["CN", "a".repeat(5000)]),
    "inside",
  ],
  ["a name too large to prepare, in nothing", dn(), dn(["CN", "A".repeat(5000)]), "inside"],
  ["a mailbox does not hold another", email("a@b.example"), email("c@b.example"), "outside"],
  ["a star is a star", email("*@b.example"), email("c@b.example"), "outside"],
  ["a host holds its mailboxes", email("b.example"), email("a@b.example"), "inside"],
  ["a host does not hold those below it", email("b.example"), email("a@c.b.example"), "outside"],
  ["a host is no suffix", email("b.example"), email("a@cb.example"), "outside"],
  ["a domain holds those below it", email(".b.example"), email("a@c.b.example"), "inside"],
  ["a domain holds those far below it", email(".b.example"), email("a@d.c.b.example"), "inside"],
  ["a domain does not hold the host itself", email(".b.example"), email("a@b.example"), "outside"],
  ["the empty constraint holds every mailbox (as NSS)", email(""), email("a@b.example"), "inside"],
  ["an address with two @", email("b.example"), email("x@a@b.example"), "unclear"],
  ["an address with a quoted @", email("b.example"), email('"x@a"@b.example'), "inside"],
  ["an address without local part", email("b.example"), email("@b.example"), "unclear"],
  ["an address with a NUL in its host", email("b.example"), email("a@b.example\0.c.example"), "unclear"],
  ["a mailbox constraint that is malformed", email("x@a@b.example"), email("a@b.example"), "unclear"],
  ["a host holds SmtpUTF8Mailboxes (RFC 9598 §6)", email("b.example"), utf8("ä@b.example"), "inside"],
  ["a foreign SmtpUTF8Mailbox (RFC 9598 §6)", email("b.example"), utf8("ä@c.example"), "outside"],
  [
    "A-label against U-label (RFC 9598 §5)",
    email("xn--bcher-kva.example"),
    utf8("ä@bücher.example"),
    "inside",
  ],
  ["a mailbox holds it, dressed as SmtpUTF8Mailbox", email("a@b.example"), utf8("a@b.example"), "inside"],
  ["a SmtpUTF8Mailbox is no constraint (RFC 9598 §6)", utf8("ä@b.example"), utf8("ä@b.example"), "unclear"],
  ["a DNS name holds itself", dns("b.example"), dns("B.EXAMPLE"), "inside"],
  ["a DNS name holds those below it", dns("b.example"), dns("a.b.example"), "inside"],
  ["a DNS name is no suffix", dns("b.example"), dns("ab.example"), "outside"],
  ["the empty DNS name holds all", dns(""), dns("a.example"), "inside"],
  ["a leading dot is undefined for DNS", dns(".b.example"), dns("a.b.example"), "unclear"],
  ["a wildcard is no constraint", dns("*.b.example"), dns("a.b.example"), "unclear"],
  ["a wildcard below is inside", dns("b.example"), dns("*.b.example"), "inside"],
  ["a wildcard that could stand for it (CVE-2025-61727)", dns("a.b.example"), dns("*.b.example"), "unclear"],
  ["a wildcard elsewhere", dns("a.b.example"), dns("*.c.example"), "outside"],
  ["a URI's host", uri("b.example"), uri("https://B.example:443/x?y#z"), "inside"],
  ["a URI's host is not a suffix", uri("b.example"), uri("https://a.b.example/"), "outside"],
  ["a URI's domain", uri(".b.example"), uri("https://u:p@a.b.example"), "inside"],
  ["a URI's domain is not the host itself", uri(".b.example"), uri("https://b.example/"), "outside"],
  [
    "a URI whose userinfo looks like the host",
    uri("b.example"),
    uri("https://b.example@evil.example/"),
    "outside",
  ],
  ["a URI without authority must be rejected", uri("b.example"), uri("mailto:a@b.example"), "unclear"],
  ["a URI with an address must be rejected", uri("b.example"), uri("https://192.0.2.1/"), "unclear"],
  ["an IPv4 network", ip(192, 0, 2, 0, 255, 255, 255, 0), ip(192, 0, 2, 77), "inside"],
  ["outside of an IPv4 network", ip(192, 0, 2, 0, 255, 255, 255, 0), ip(192, 0, 3, 77), "outside"],
  ["an IPv6 network", ip(...V6_NET), ip(...V6), "inside"],
  ["IPv6 is outside of an IPv4 network", ip(0, 0, 0, 0, 0, 0, 0, 0), ip(...V6), "outside"],
  ["a mask with holes", ip(192, 0, 2, 0, 255, 0, 255, 0), ip(192, 0, 2, 77), "unclear"],
  ["a network without mask", ip(192, 0, 2, 0), ip(192, 0, 2, 0), "unclear"],
  [
    "an address of 8 octets",
    ip(192, 0, 2, 0, 255, 255, 255, 0),
    ip(192, 0, 2, 0, 255, 255, 255, 0),
    "unclear",
  ],
  ["a directory name holds itself (§7.1)", dn(["C", "DE"]), dn(["C", "de"]), "inside"],
  [
    "a directory name holds those below it",
    dn(["C", "DE"]),
    dn(["C", "DE"], ["O", "X"], ["CN", "A"]),
    "inside",
  ],
  ["a directory name does not hold those above", dn(["C", "DE"], ["O", "X"]), dn(["C", "DE"]), "outside"],
  ["RDNs are compared whole", dn(["C", "DE"], ["O", "X"]), dn(["C", "DE"], ["O", "XY"]), "outside"],
  ["the empty directory name holds all", dn(), dn(["C", "DE"]), "inside"],
  ["an otherName cannot be compared", other("1.2.3"), other("1.2.3"), "unclear"],
];

describe("a name and a subtree of its form (RFC 5280 §4.2.1.10)", () => {
  it.each(RELATIONS)("%s", (_, base, name, relation) => {
    expect(relationTo({ base, minimum: 0, maximum: null }, name, "permitted")).toBe(relation);
  });

  it.each<[string, Pick<GeneralSubtree, "minimum" | "maximum">]>([
    ["minimum", { minimum: 1, maximum: null }],
    ["maximum", { minimum: 0, maximum: 3 }],
  ])("a %s is never understood", (_, limits) => {
    expect(relationTo({ base: email("b.example"), ...limits }, email("a@b.example"), "permitted")).toBe(
      "unclear",
    );
  });

  it("a host constraint holds exactly the mailboxes of that host, whatever the labels", () => {
    const label = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    const host = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));
    fc.assert(
      fc.property(host, host, label, (base, name, local) => {
        const relation = relationTo(
          { base: email(base), minimum: 0, maximum: null },
          email(`${local}@${name}`),
          "permitted",
        );
        expect(relation).toBe(base === name ? "inside" : "outside");
        const below = relationTo(
          { base: email(`.${base}`), minimum: 0, maximum: null },
          email(`${local}@${name}`),
          "permitted",
        );
        expect(below).toBe(name.endsWith(`.${base}`) ? "inside" : "outside");
      }),
    );
  });
});

/** The constraints below CAs with these lists, from the top. */
function below(
  ...cas: readonly { permitted?: readonly string[]; excluded?: readonly string[] }[]
): NameConstraints {
  return cas.reduce((state, { permitted = [], excluded = [] }) => {
    const ca = issue({
      subject: "CA",
      extensions: [basicConstraints(true), nameConstraints(permitted, excluded)],
    });
    return narrowed(state, ca.certificate.extensions.nameConstraints);
  }, NO_NAME_CONSTRAINTS);
}

function certificate(...names: readonly string[]) {
  const alternative = names.length === 0 ? undefined : subjectAltName(...names);
  return issue({ subject: "Alice", extensions: [basicConstraints(false), alternative] }).certificate;
}

describe("the names of a certificate under constraints (RFC 5280 §6.1.3 (b)(c), §6.1.4 (g))", () => {
  it.each<[string, NameConstraints, readonly string[], number]>([
    ["without constraints everything is right", below(), ["email:a@b.example"], 0],
    [
      "every name must be permitted",
      below({ permitted: ["email:b.example"] }),
      ["email:a@b.example", "email:a@c.example"],
      1,
    ],
    [
      "one of several subtrees is enough",
      below({ permitted: ["email:b.example", "email:c.example"] }),
      ["email:a@c.example"],
      0,
    ],
    ["another form is not limited", below({ permitted: ["email:b.example"] }), ["dns:c.example"], 0],
    [
      "excluded wins over permitted",
      below({ permitted: ["email:b.example"], excluded: ["email:a@b.example"] }),
      ["email:a@b.example"],
      1,
    ],
    [
      "a lower CA narrows",
      below({ permitted: ["email:b.example", "email:c.example"] }, { permitted: ["email:c.example"] }),
      ["email:a@b.example"],
      1,
    ],
    [
      "a lower CA cannot widen",
      below({ permitted: ["email:b.example"] }, { permitted: ["email:b.example", "email:c.example"] }),
      ["email:a@c.example"],
      1,
    ],
    [
      "exclusions add up",
      below({ excluded: ["email:b.example"] }, { excluded: ["email:c.example"] }),
      ["email:a@b.example", "email:a@c.example"],
      2,
    ],
    ["the subject must be permitted too", below({ permitted: ["dn:Bob"] }), [], 1],
    ["both the subject and a directoryName", below({ permitted: ["dn:Alice"] }), ["dn:Bob"], 1],
    [
      "a subtree that is unclear loses to one that permits",
      below({ permitted: ["dns:a.b.example", "dns:b.example"] }),
      ["dns:*.b.example"],
      0,
    ],
    [
      "a subtree that is unclear is no permission",
      below({ permitted: ["dns:a.b.example"] }),
      ["dns:*.b.example"],
      1,
    ],
    ["a subtree that is unclear excludes", below({ excluded: ["dns:a.b.example"] }), ["dns:*.b.example"], 1],
  ])("%s", (_, constraints, names, violations) => {
    expect(nameViolations(certificate(...names), constraints, always)).toHaveLength(violations);
  });

  it("an address in the subject is constrained although there is a subjectAltName", () => {
    const subject = distinguishedName(["CN", "Alice"], ["emailAddress", "a@c.example"]);
    const extensions = [basicConstraints(false), subjectAltName("email:a@b.example")];
    const { certificate: both } = issue({ subject, extensions });
    expect(nameViolations(both, below({ permitted: ["email:b.example"] }), always)).toHaveLength(1);
  });

  it("gives up when the budget for comparisons is spent", () => {
    let left = 3;
    const constraints = below({ excluded: ["email:b.example", "email:c.example"] });
    const names = certificate("email:a@d.example", "email:a@e.example");
    expect(nameViolations(names, constraints, () => left-- > 0)).toBe("budget");
  });

  it("one more CA with constraints never lets a name pass that did not pass before", () => {
    const pool = [
      "email:b.example",
      "email:.b.example",
      "email:a@c.example",
      "dns:b.example",
      "dn:Alice",
      "uri:.b.example",
    ];
    const list = fc.subarray(pool);
    const names = fc.subarray([
      "email:a@b.example",
      "email:a@c.example",
      "dns:x.b.example",
      "uri:http://b.example",
    ]);
    fc.assert(
      fc.property(
        fc.array(fc.record({ permitted: list, excluded: list }), { maxLength: 3 }),
        names,
        (cas, own) => {
          const usable = cas.filter(({ permitted, excluded }) => permitted.length + excluded.length > 0);
          const leaf = certificate(...own);
          const counts = usable.map(
            (_, i) => nameViolations(leaf, below(...usable.slice(0, i + 1)), always).length,
          );
          expect(counts).toEqual([...counts].sort((left, right) => left - right));
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe("an excluded mailbox is excluded in every spelling of it", () => {
  it.each<[string, GeneralName, GeneralName, Relation]>([
    ["other capitals in the constraint", email("Alice@b.example"), email("alice@b.example"), "inside"],
    ["other capitals in the certificate", email("alice@b.example"), email("ALICE@B.example"), "inside"],
    ["quotes in the certificate", email("alice@b.example"), email('"Alice"@b.example'), "inside"],
    ["quotes and a backslash", email("alice@b.example"), email('"A\\lice"@b.example'), "inside"],
    ["SmtpUTF8Mailbox", email("Alice@b.example"), utf8("alice@b.example"), "inside"],
    [
      "SmtpUTF8Mailbox, the host in U-labels",
      email("Alice@xn--bcher-kva.example"),
      utf8("alice@bücher.example"),
      "inside",
    ],
    ["a host in other capitals", email("B.example"), email("Alice@b.EXAMPLE"), "inside"],
    ["a domain in other capitals", email(".B.example"), email("alice@c.b.EXAMPLE"), "inside"],
    ["ASCII only: the Kelvin sign is no k", email("k@b.example"), utf8("\u212a@b.example"), "outside"],
    ["ASCII only: another letter", utf8("x@b.example"), utf8("ü@b.example"), "unclear"],
    ["another mailbox", email("Alice@b.example"), email("alicia@b.example"), "outside"],
  ])("%s", (_case, base, name, relation) => {
    expect(relationTo({ base, minimum: 0, maximum: null }, name, "excluded")).toBe(relation);
  });

  it("and permitted as it is written (RFC 5280 §7.5)", () => {
    expect(
      nameViolations(certificate("email:a@b.example"), below({ permitted: ["email:A@b.example"] }), always),
    ).toHaveLength(1);
    expect(
      nameViolations(certificate("email:a@b.example"), below({ excluded: ["email:A@b.example"] }), always),
    ).toHaveLength(1);
  });
});

it("a domain of 20,000 characters that are all different is no host, and costs no square", () => {
  const text = `a@${Array.from({ length: 20_000 }, (_, at) => String.fromCharCode(0x4e00 + at)).join("")}.example`;
  const base: GeneralSubtree = { base: email("partner.example"), minimum: 0, maximum: null };
  let relation: Relation | null = null;
  const spent = processorTime(() => {
    for (let at = 0; at < 10; at += 1) relation = relationTo(base, utf8(text), "permitted");
  });
  expect(relation).toBe("unclear");
  expect(spent).toBeLessThan(500);
});
