import { sign } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { main } from "../../src/cli/main.ts";
import { DerReader, TAG } from "../../src/pki/der.ts";
import { encode } from "../../src/pki/der-write.ts";
import { toPem } from "../../src/pki/pem.ts";
import { Authority, signedMail } from "../lab/openssl.ts";
import { FakeTerminal, outside } from "./fake-terminal.ts";

const ALICE = "alice@partner.example";
const folder = mkdtempSync(join(tmpdir(), "keybot-inspect-crl-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const root = Authority.root(folder, { name: "Root" });
const ca = root.intermediate({ name: "Mail CA" });
const other = root.intermediate({ name: "Other CA" });
const alice = ca.issue({ addresses: [ALICE] });
const ofCa = ca.crl();
const mail = file("mail.eml", signedMail({ from: ALICE, to: "keys@company.example", signer: alice }));
const rootCrl = file("root.crl", root.crl());
const good = file("good.crl", ofCa);

function file(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const pem = (der: Uint8Array): string => toPem(der, "X509 CRL");

/** The CRL with another version (RFC 5280 §5.1.2.1); its signature is then wrong, which is not reached. */
function versioned(version: number): Buffer {
  const bytes = Buffer.from(ofCa);
  bytes[bytes.indexOf(Buffer.of(2, 1, 1)) + 2] = version;
  return bytes;
}

/** The CRL in version 1, which has neither a version nor extensions (X.509 of 1988), signed anew by its CA. */
function inVersion1(): Buffer {
  const { content, behind } = partsOf(ofCa);
  const tbs = encode.sequence(content.subarray(3, content.lastIndexOf(Buffer.of(0xa0))));
  const signature = sign("sha256", tbs, readFileSync(ca.identity.keyFile));
  const algorithm = new DerReader(behind).raw("signatureAlgorithm");
  return encode.sequence(
    tbs,
    algorithm,
    encode.tagged(TAG.bitString, Buffer.concat([Buffer.of(0), signature])),
  );
}

/** The CRL with one entry that is none. */
function withBadEntry(der: Buffer): Buffer {
  const { content, behind } = partsOf(der);
  const extensions = content.lastIndexOf(Buffer.of(0xa0));
  const entries = encode.sequence(encode.sequence(encode.integer(5)));
  const tbs = encode.sequence(content.subarray(0, extensions), entries, content.subarray(extensions));
  return encode.sequence(tbs, behind);
}

/** The contents of the TBSCertList of a CRL without entries, and what stands behind it. */
function partsOf(der: Buffer): { readonly content: Buffer; readonly behind: Buffer } {
  const outer = new DerReader(der).enter(TAG.sequence, "CRL");
  const content = Buffer.from(outer.content(TAG.sequence, "tbsCertList"));
  return { content, behind: Buffer.from(outer.rest()) };
}

interface Inspected {
  readonly code: number;
  readonly stderr: string;
  readonly verdict: string;
  /** The details of the findings on revocation. */
  readonly revocation: readonly string[];
}

async function inspect(...crls: readonly string[]): Promise<Inspected> {
  const terminal = new FakeTerminal();
  const options = crls.flatMap((path) => ["--crl", path]);
  const args = ["inspect", "--json", "--trust-anchor", root.identity.certFile, "--at", AT, ...options, mail];
  const code = await main(args, outside(terminal, folder));
  const [certificate] = JSON.parse(terminal.stdout).certificates;
  const findings: readonly { readonly code: string; readonly detail: string }[] = certificate.findings;
  const revocation = findings.filter(({ code: name }) => name.startsWith("revocation."));
  return {
    code,
    stderr: terminal.stderr,
    verdict: certificate.verdict,
    revocation: revocation.map(({ detail }) => detail),
  };
}

const AT = new Date().toISOString();

const UNREADABLE: readonly (readonly [name: string, bytes: Uint8Array | string, why: string])[] = [
  ["empty", "", "it is empty"],
  ["a page", "\n<!DOCTYPE html>\n<html><body>404</body></html>", "it is an HTML page, not a CRL"],
  ["a page of a portal", "<html>log in</html>", "it is an HTML page, not a CRL"],
  ["words", "no CRL today\n", "it is neither DER nor PEM"],
  ["cut off", ofCa.subarray(0, 100), `it is cut off: 100 of ${ofCa.length} octets are there`],
  ["a certificate", ca.identity.der, "it is a certificate, not a CRL"],
  ["a certificate in PEM", ca.identity.pem, "it is PEM with a certificate in it, not a CRL"],
  ["a key in PEM", toPem(ofCa, "PRIVATE KEY"), "it is PEM with a private key in it, not a CRL"],
  ["PEM with garbage", pem(ofCa).replace("\n", "\n???"), "it is PEM whose body is not base64"],
  [
    "PEM without end",
    pem(ofCa).replace(/-----END.*/, ""),
    "it is PEM that is cut off: its END line is missing",
  ],
  ["PEM of half a CRL", pem(ofCa.subarray(0, 90)), `it is cut off: 90 of ${ofCa.length} octets are there`],
  ["version 3", versioned(2), "CRL of version 3"],
  ["octets behind it", Buffer.concat([ofCa, Buffer.of(1)]), "CRL: something follows at its end"],
  ["a broken entry", withBadEntry(ofCa), "an element is missing"],
];

describe("a CRL that cannot be read (keybot inspect --crl)", () => {
  it.each(UNREADABLE)(
    "%s: file and reason stand in the finding and on standard error",
    async (_name, bytes, why) => {
      const bad = file("bad.crl", bytes);
      const { code, stderr, verdict, revocation } = await inspect(rootCrl, bad);
      expect({ code, verdict }).toEqual({ code: 0, verdict: "pending" });
      expect(revocation).toHaveLength(1);
      for (const told of [revocation[0], stderr]) {
        expect(told).toContain(bad);
        expect(told).toContain(`: ${why}`);
      }
      expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    },
  );

  it.each(UNREADABLE)(
    "%s: a good list beside it counts, and the file is named all the same",
    async (_name, bytes, why) => {
      const bad = file("bad.crl", bytes);
      const { code, stderr, verdict, revocation } = await inspect(bad, rootCrl, good);
      expect({ code, verdict, revocation }).toEqual({ code: 0, verdict: "accepted", revocation: [] });
      expect(stderr).toContain(bad);
      expect(stderr).toContain(`: ${why}`);
    },
  );

  it("is named with its CA where that can be read, and not to those of another", async () => {
    const bad = file("bad.crl", withBadEntry(ofCa));
    expect((await inspect(rootCrl, bad)).revocation[0]).toContain(
      `the CRL of CN=Mail CA,O=keybot lab,C=DE (${bad}) cannot be read`,
    );
    // Of a CA that nobody asks about, it makes no difference.
    const foreign = file("foreign.crl", withBadEntry(other.crl()));
    const { stderr, revocation } = await inspect(rootCrl, foreign);
    expect(revocation).toEqual(["no CRL of CN=Mail CA,O=keybot lab,C=DE covers the certificate"]);
    expect(stderr).toContain(`the CRL of CN=Other CA,O=keybot lab,C=DE (${foreign}) cannot be read`);
  });

  it("over the size that is read is not read", async () => {
    const bad = file("bad.crl", ofCa);
    truncateSync(bad, 64 * 1024 * 1024 + 1);
    const { code, stderr, revocation } = await inspect(rootCrl, bad);
    expect(code).toBe(0);
    expect(revocation[0]).toContain(`${bad} cannot be read as a CRL: it has 67108865 octets, at most`);
    expect(stderr).toContain(bad);
  });

  it("with more octets than a CRL may have is not decoded", async () => {
    const bad = file(
      "bad.crl",
      Buffer.concat([Buffer.of(0x30, 0x84, 2, 0, 0, 0), Buffer.alloc(32 * 1024 * 1024)]),
    );
    expect((await inspect(rootCrl, bad)).revocation[0]).toContain("of a CRL at most 33554432 are read");
  });
});

describe("forms in which a CRL is read", () => {
  it.each<[string, Uint8Array | string]>([
    ["DER", ofCa],
    ["a line end behind the DER", Buffer.concat([ofCa, Buffer.from("\n")])],
    ["line ends of Windows behind the DER", Buffer.concat([ofCa, Buffer.from("\r\n\r\n")])],
    ["PEM", pem(ofCa)],
    ["PEM with the line ends of Windows", pem(ofCa).replaceAll("\n", "\r\n")],
    [
      "PEM behind the text of openssl crl -text",
      `Certificate Revocation List (CRL):\n  Version 2\n${pem(ofCa)}`,
    ],
    ["PEM behind a byte order mark", `\ufeff${pem(ofCa)}`],
    ["PEM beside its CA's certificate", `${ca.identity.pem}${pem(ofCa)}`],
    ["version 1", inVersion1()],
    ["an old label of PEM", toPem(ofCa, "CRL")],
  ])("%s", async (_name, bytes) => {
    const { stderr, verdict, revocation } = await inspect(rootCrl, file("form.crl", bytes));
    expect({ stderr, verdict, revocation }).toEqual({ stderr: "", verdict: "accepted", revocation: [] });
  });

  it("several in PEM, each for itself: the broken one is named by its place", async () => {
    const bundle = file("bundle.pem", `${pem(root.crl())}${pem(ofCa.subarray(0, 50))}${pem(ofCa)}`);
    const { stderr, verdict } = await inspect(bundle);
    expect(verdict).toBe("accepted");
    expect(stderr).toBe(
      `keybot: ${bundle} (CRL 2 of 3) cannot be read as a CRL: it is cut off: 50 of ${ofCa.length} octets are there\n`,
    );
  });
});

it("more CRLs in PEM than are read: that is told, and the first of them count", async () => {
  const bundle = file("bundle.pem", `${pem(root.crl())}${pem(ofCa)}${pem(ofCa.subarray(0, 9)).repeat(999)}`);
  const { stderr, verdict } = await inspect(bundle);
  expect(verdict).toBe("accepted");
  expect(stderr).toMatch(
    /\(CRL 1001 of 1001\) cannot be read as a CRL: it holds more CRLs than the 1000 that are read\n$/,
  );
});

describe("a folder of CRLs", () => {
  const crls = join(folder, "crls");
  beforeAll(() => {
    mkdirSync(crls);
    file("crls/a.crl", Buffer.concat([root.crl(), Buffer.from("\n")]));
    file("crls/b.crl", ofCa.subarray(0, 60));
    symlinkSync(join(folder, "nowhere"), join(crls, "c.crl"));
    mkdirSync(join(crls, "d.crl"));
  });

  it("with bad files among good ones: each bad one is named, the good ones count", async () => {
    const withoutIt = await inspect(crls);
    expect(withoutIt.code).toBe(0);
    expect(withoutIt.verdict).toBe("pending");
    expect(withoutIt.stderr.match(/[a-z]\.crl/g)).toEqual(["b.crl", "c.crl", "c.crl"]);
    expect(withoutIt.revocation[0]).toContain(join(crls, "b.crl"));
    file("crls/e.pem", pem(ofCa));
    const withIt = await inspect(crls);
    expect(withIt).toMatchObject({ code: 0, verdict: "accepted", revocation: [] });
    expect(withIt.stderr).toContain(`${join(crls, "b.crl")} cannot be read as a CRL`);
  });

  it("of which many are bad: three are named in the finding, all on standard error", async () => {
    const many = join(folder, "many");
    mkdirSync(many);
    for (let index = 0; index < 5; index++) file(`many/${index}.crl`, "?");
    const { stderr, revocation } = await inspect(rootCrl, many);
    expect(revocation[0]).toContain(
      `${join(many, "2.crl")} cannot be read as a CRL: it is neither DER nor PEM`,
    );
    expect(revocation[0]).toMatch(/; and 2 more that cannot be read$/);
    expect(stderr.trimEnd().split("\n")).toHaveLength(5);
  });
});

it("a path that is not there ends the command with 1 (CONTRACT.md), named", async () => {
  const terminal = new FakeTerminal();
  const gone = join(folder, "gone.crl");
  expect(await main(["inspect", "--crl", gone, mail], outside(terminal, folder))).toBe(1);
  expect(terminal.stderr).toContain(basename(gone));
});
