import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readRootList } from "../../src/admin/index.ts";
import { shippedRoots } from "../../src/cli/shipped-roots.ts";
import { toPem } from "../../src/pki/index.ts";
import { certdata, NOT_FOR_THIS } from "../pki/certdata.ts";
import { forge } from "../pki/forge.ts";

const ONE = forge({ serial: Buffer.of(1) });
const TWO = forge({ serial: Buffer.of(2) });

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const read = (content: string | Uint8Array) => readRootList({ name: "list", bytes: Buffer.from(content) });

function shipped(...roots: readonly { readonly der: Uint8Array; readonly email?: string }[]): string {
  const entries = roots.map(
    ({ der, email = "trusted" }, index) =>
      `\n# Label: Root ${index}\n# SHA-256: ${sha256(der)}\n# E-mail: ${email}\n${toPem(der, "CERTIFICATE")}`,
  );
  return `# Some words.\n#\n# List: Some list 1.2\n# Dated: 2023-02-15\n# Roots: ${roots.length}\n${entries.join("")}`;
}

describe("a list of public CAs", () => {
  it("is Mozilla's own text, of which those for e-mail count, each once", () => {
    const file = certdata(
      { der: ONE, label: "one", distrust: "220831000000Z" },
      { der: TWO, trust: NOT_FOR_THIS },
    );
    const { list, roots, unreadable } = read(file);
    expect(list).toEqual({ name: "certdata.txt", sha256: sha256(file), dated: null });
    expect(
      roots.map(({ certificate, label, distrustAfter }) => [certificate.sha256, label, distrustAfter]),
    ).toEqual([[sha256(ONE), "one", new Date("2022-08-31T00:00:00Z")]]);
    expect(unreadable).toEqual([]);
  });

  it("is the shipped form, which says what it is and how old", () => {
    const text = shipped(
      { der: ONE },
      { der: TWO, email: "trusted, for certificates issued until 2022-08-31T00:00:00Z" },
    );
    const { list, roots } = read(text);
    expect(list).toEqual({
      name: "Some list 1.2",
      sha256: sha256(Buffer.from(text)),
      dated: new Date("2023-02-15T00:00:00Z"),
    });
    expect(
      roots.map(({ certificate, label, distrustAfter }) => [certificate.sha256, label, distrustAfter]),
    ).toEqual([
      [sha256(ONE), "Root 0", null],
      [sha256(TWO), "Root 1", new Date("2022-08-31T00:00:00Z")],
    ]);
  });

  it("leaves out and names what is no certificate", () => {
    const broken = Buffer.from(ONE).fill(0xff, 4);
    expect(read(shipped({ der: broken }, { der: TWO }))).toMatchObject({
      unreadable: ["Root 0"],
      roots: [{}],
    });
  });

  it.each<[string, string | Uint8Array, RegExp]>([
    ["nothing", "", /is not a list of public CAs, or a damaged one \(root list: no BEGINDATA\)/],
    ["certificates that nobody says anything of", toPem(ONE, "CERTIFICATE"), /is not a list/],
    [
      "a list of nobody",
      certdata({ der: ONE, trust: NOT_FOR_THIS }),
      /names no CA that is trusted for e-mail/,
    ],
    [
      "a shipped list that lost a CA",
      shipped({ der: ONE }).replace("Roots: 1", "Roots: 2"),
      /cut off or was changed/,
    ],
    ["one that was cut off", shipped({ der: ONE }).slice(0, -40), /cut off or was changed/],
    [
      "one whose certificate was exchanged",
      shipped({ der: ONE }).replace(sha256(ONE), sha256(TWO)),
      /is damaged at "Root 0"/,
    ],
    [
      "words about e-mail that are not understood",
      shipped({ der: ONE, email: "trusted, until spring" }),
      /is damaged at/,
    ],
    [
      "a date that is none",
      shipped({ der: ONE, email: "trusted, for certificates issued until soon" }),
      /is damaged at/,
    ],
    ["17 MiB", Buffer.alloc(17 * 1024 * 1024), /is too large/],
  ])("is refused as a whole: %s", (_, content, message) => {
    expect(() => read(content)).toThrow(
      expect.objectContaining({ kind: "usage", message: expect.stringMatching(message) }),
    );
  });
});

describe("the shipped list", () => {
  it("is whole: as many as it says, each the certificate of its fingerprint, as Node reads it too", async () => {
    const file = await shippedRoots();
    const { roots, list, unreadable } = readRootList(file);
    expect(unreadable).toEqual([]);
    expect(list.name).toMatch(/^NSS built-in roots \d+\.\d+$/);
    expect(list.dated).not.toBeNull();
    expect(roots.length).toBeGreaterThan(80);
    const pems =
      Buffer.from(file.bytes)
        .toString("utf8")
        .match(/-----BEGIN[^-]*-----[^-]*-----END[^-]*-----/g) ?? [];
    expect(pems.map((pem) => sha256(new X509Certificate(pem).raw))).toEqual(
      roots.map(({ certificate }) => certificate.sha256),
    );
    for (const { certificate, label } of roots) {
      expect(certificate.extensions.basicConstraints?.ca ?? certificate.version === 1, label).toBe(true);
    }
  });

  it("names its licence, and who has a last day", () => {
    const text = readFileSync(new URL("../../data/roots/email-roots.pem", import.meta.url), "utf8");
    expect(text).toContain("Mozilla Public License, v. 2.0");
    const { roots } = readRootList({ name: "list", bytes: Buffer.from(text) });
    const limited = roots.filter(({ distrustAfter }) => distrustAfter !== null);
    expect(limited).toHaveLength(text.match(/issued until/g)?.length ?? 0);
  });
});
