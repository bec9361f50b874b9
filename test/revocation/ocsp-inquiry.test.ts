import { beforeAll, describe, expect, it } from "vitest";
import { buildOcspRequest } from "../../src/pki/index.ts";
import { ocspRequest } from "../../src/revocation/ocsp-inquiry.ts";
import { issue, issueCa } from "../pki/path-authority.ts";

const ca = issueCa({ subject: "CA" });
const alice = issue({ subject: "Alice", issuer: ca }).certificate;
let base64 = "";
beforeAll(() => {
  base64 = Buffer.from(buildOcspRequest(alice, ca.certificate)).toString("base64");
});

describe("an OCSP request as a GET (RFC 6960 appendix A.1)", () => {
  it.each([
    ["http://ocsp.example", "http://ocsp.example/"],
    ["http://ocsp.example/", "http://ocsp.example/"],
    ["http://ocsp.example/ca/ocsp", "http://ocsp.example/ca/ocsp/"],
    ["http://ocsp.example/ca/?x=1", "http://ocsp.example/ca/"],
  ])("has itself in base64 as the last part of the path: %s", (url, start) => {
    const { asGet } = ocspRequest(url, alice, ca.certificate, null);
    const get = new URL(asGet ?? "");
    expect(get.href.startsWith(start)).toBe(true);
    const last = get.pathname.slice(get.pathname.lastIndexOf("/") + 1);
    expect(decodeURIComponent(last)).toBe(base64);
    expect(get.search).toBe(new URL(url).search);
  });

  it("leaves no character of base64 that means something in a URL", () => {
    const nonces = Array.from({ length: 20 }, (_, index) => Buffer.alloc(32, index * 13 + 0xf0));
    for (const nonce of nonces) {
      const { asGet } = ocspRequest("http://ocsp.example/", alice, ca.certificate, nonce);
      expect(new URL(asGet ?? "").pathname.slice(1)).toMatch(/^[\w%-]+$/);
    }
  });
});
