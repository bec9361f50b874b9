import { describe, expect, it } from "vitest";
import { formsPath } from "../../src/inspect/index.ts";
import { Authority, type Identity } from "../lab/openssl.ts";
import { ALICE, scratch } from "./kit.ts";

const folder = scratch();
const CA = {
  basicConstraints: "critical,CA:TRUE",
  keyUsage: "critical,keyCertSign,cRLSign",
  extendedKeyUsage: null,
} as const;
const root = Authority.root(folder, { name: "Root" });
const upper = root.intermediate({ name: "Upper CA" });
const lower = upper.intermediate({ name: "Lower CA" });
const alice = lower.issue({ addresses: [ALICE], key: "P-256" });
const namesake = upper.intermediate({ name: "Lower CA" });
const noCa = upper.issue({ name: "Lower CA", keyFile: lower.identity.keyFile });
const cross = root.issue({ name: "Lower CA", keyFile: lower.identity.keyFile, ...CA });

describe("CA certificates form the path of a certificate", () => {
  it.each<readonly [string, readonly Identity[], boolean]>([
    ["none", [], true],
    ["its issuer", [lower.identity], true],
    ["all above it", [lower.identity, upper.identity, root.identity], true],
    ["its issuer by another certificate of the same key", [cross, root.identity], true],
    ["not in this order", [upper.identity, lower.identity], false],
    ["one is missing between", [lower.identity, root.identity], false],
    ["another key of the issuer's name", [namesake.identity], false],
    ["an issuer that is no CA", [noCa], false],
    ["one more that has issued none of them", [lower.identity, upper.identity, namesake.identity], false],
    ["a certificate below", [alice], false],
    ["the root again and again", Array.from({ length: 12 }, () => root.identity), false],
  ])("%s: %#", (_, chain, forms) => {
    const ders = chain.map(({ der }) => der);
    expect(formsPath(alice.der, ders)).toBe(forms);
    expect(formsPath(alice.der, ders)).toBe(forms);
  });

  it("not when one of them cannot be read", () => {
    expect(formsPath(alice.der, [Buffer.from("no certificate")])).toBe(false);
    expect(formsPath(Buffer.from("no certificate"), [lower.identity.der])).toBe(false);
  });
});
