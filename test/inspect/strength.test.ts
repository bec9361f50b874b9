import { describe, expect, it } from "vitest";
import { pathStrengthFindings, strengthFindings } from "../../src/inspect/strength.ts";
import type { Certificate, PathResult } from "../../src/pki/index.ts";
import { Authority, type CertificateOptions, selfSigned } from "../lab/openssl.ts";
import { codes, decoded, POLICY, scratch } from "./kit.ts";

const folder = scratch();
const root = Authority.root(folder, { name: "Root" });
const issue = (options: CertificateOptions) => decoded(root.issue({ key: "P-256", ...options }));
const ca = (options: Partial<CertificateOptions>) =>
  decoded(root.intermediate({ name: "CA", ...options }).identity);

function path(reaches: boolean, ...certificates: readonly Certificate[]): PathResult {
  const last = certificates.at(-1);
  return {
    valid: reaches,
    path: certificates,
    anchor: reaches && last !== undefined ? { certificate: last } : null,
    problems: [],
  };
}

const GOOD = issue({});
const ROOT = decoded(root.identity);
const SHA1_ROOT = decoded(Authority.root(folder, { name: "Old", digest: "sha1" }).identity);
const SHA1_CA = ca({ digest: "sha1" });
const SELF_SHA1 = decoded(selfSigned(folder, { key: "P-256", digest: "sha1" }));

describe("the strength of a certificate and its path (RFC 8550 §4.3)", () => {
  it.each<[string, CertificateOptions, string[]]>([
    ["RSA 1024", { key: "rsa:1024" }, ["cert.weak-key"]],
    ["RSA 2048", { key: "rsa:2048" }, []],
    ["RSA 3072", { key: "rsa:3072" }, []],
    ["P-256", { key: "P-256" }, []],
    ["P-384", { key: "P-384" }, []],
    ["brainpoolP256r1", { key: "brainpoolP256r1" }, []],
    ["Ed25519", { key: "ed25519" }, []],
    ["signed with SHA-1", { digest: "sha1" }, ["path.weak"]],
    ["signed with SHA-384", { digest: "sha384" }, []],
    ["RSA 1024 and SHA-1", { key: "rsa:1024", digest: "sha1" }, ["cert.weak-key", "path.weak"]],
  ])("%s", (_, options, expected) => {
    const certificate = issue(options);
    expect(codes(strengthFindings(certificate, POLICY))).toEqual(expected);
  });

  it.each<[string, PathResult, string[]]>([
    ["a SHA-1 anchor: its own signature proves nothing", path(true, GOOD, SHA1_ROOT), []],
    ["a SHA-1 root that is no anchor", path(false, GOOD, SHA1_ROOT), []],
    ["a SHA-1 CA below an anchor", path(true, GOOD, SHA1_CA, ROOT), ["path.weak"]],
    ["a SHA-1 CA where the path breaks off", path(false, GOOD, SHA1_CA), ["path.weak"]],
    ["a SHA-1 CA that is the anchor", path(true, GOOD, SHA1_CA), []],
    ["a CA with RSA 1024", path(true, GOOD, ca({ key: "rsa:1024" }), ROOT), ["path.weak"]],
    ["an anchor with RSA 1024", path(true, GOOD, ca({ key: "rsa:1024" })), ["path.weak"]],
    ["no path at all", { valid: false, path: [], anchor: null, problems: [] }, []],
  ])("%s", (_, result, expected) => expect(codes(pathStrengthFindings(result, POLICY))).toEqual(expected));

  it("counts the signature of a self-signed certificate that is judged itself", () => {
    expect(codes(strengthFindings(SELF_SHA1, POLICY))).toEqual(["path.weak"]);
  });

  it("asks for as many bits of RSA as the policy says", () => {
    const certificate = issue({ key: "rsa:2048" });
    const asked = (minimumRsaBits: number) =>
      codes(strengthFindings(certificate, { ...POLICY, minimumRsaBits }));
    expect([asked(2048), asked(3072)]).toEqual([[], ["cert.weak-key"]]);
  });
});
