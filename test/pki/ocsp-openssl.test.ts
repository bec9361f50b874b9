import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  buildOcspRequest,
  type Certificate,
  checkOcsp,
  isProblem,
  type OcspRequestOptions,
  type OcspStatus,
  parseOcspResponse,
} from "../../src/pki/index.ts";
import { MAX_OCSP_ANSWERS, MAX_OCSP_BYTES, MAX_OCSP_CERTIFICATES } from "../../src/pki/limits.ts";
import { refusal, respond } from "./ocsp-authority.ts";
import { OpensslCa } from "./openssl-ca.ts";
import { good, KEYS } from "./openssl-scratch.ts";
import { issue, issueCa } from "./path-authority.ts";

/** Requests and responses against OpenSSL as the responder, at the time of this machine, as it knows no other. */
const authority = new OpensslCa(KEYS["P-256"]);
const alice = authority.issue("alice");
const bob = authority.issue("bob");
const carol = authority.issue("carol");
let now = new Date();

beforeAll(() => {
  authority.issueResponder("responder");
  authority.revoke("bob", "keyCompromise");
  authority.forget("carol");
  now = new Date();
});

/** OpenSSL's response to our request, checked. */
function ask(
  certificate: Certificate,
  options: OcspRequestOptions & { readonly signer?: string; readonly more?: readonly string[] } = {},
): OcspStatus {
  const { signer = "ca", more = ["-ndays", "1"], nonce = null } = options;
  const request = buildOcspRequest(certificate, authority.certificate, options);
  const response = good(parseOcspResponse(authority.ocspResponse(request, signer, more)));
  return checkOcsp({
    certificate,
    issuer: { certificate: authority.certificate, key: authority.certificate.publicKey },
    response,
    nonce,
    at: now,
    statusOfDelegate: () => "unknown",
  });
}

describe("OCSP with OpenSSL as the responder", () => {
  it.each<[string, Parameters<typeof ask>[1]]>([
    ["SHA-1, no nonce, the CA itself", {}],
    ["SHA-256", { digest: "sha256" }],
    ["a nonce of 32 octets", { nonce: Buffer.alloc(32, 0x5a) }],
    ["a nonce of one octet", { nonce: Buffer.of(0) }],
    ["a delegated responder", { signer: "responder" }],
    [
      "a delegated responder, named by its key",
      { signer: "responder", more: ["-nmin", "5", "-resp_key_id"] },
    ],
    ["no nextUpdate", { more: [] }],
    ["signed with SHA-512", { more: ["-ndays", "1", "-rmd", "sha512"] }],
  ])("good: %s", (_, options) => {
    expect(ask(alice, options)).toMatchObject({ status: "good" });
  });

  it("revoked, with time and reason", () => {
    expect(ask(bob)).toMatchObject({ status: "revoked", reason: 1 });
  });

  it("unknown: a certificate that is not in the responder's list", () => {
    expect(ask(carol)).toMatchObject({ status: "unknown" });
  });

  it("unusable: the CA certificate is no responder for what another CA issued", () => {
    const request = buildOcspRequest(alice, authority.certificate);
    const response = good(parseOcspResponse(authority.ocspResponse(request, "ca", ["-ndays", "1"])));
    const stranger = issueCa({ subject: "Stranger" }).certificate;
    const issuer = { certificate: stranger, key: stranger.publicKey };
    const result = checkOcsp({
      certificate: alice,
      issuer,
      response,
      nonce: null,
      at: now,
      statusOfDelegate: () => "unknown",
    });
    expect(result).toMatchObject({ status: "unusable", fault: "other-certificate" });
  });

  it("the request says what OpenSSL's own request says", () => {
    authority.scratch.write("ours.der", buildOcspRequest(alice, authority.certificate));
    const certificates = ["-issuer", "ca.crt", "-cert", "alice.crt"];
    authority.scratch.openssl("ocsp", ...certificates, "-no_nonce", "-reqout", "theirs.der");
    expect(authority.scratch.read("ours.der")).toEqual(authority.scratch.read("theirs.der"));
  });

  it("a negative or zero serial number goes into the request as it stands in the certificate", () => {
    const ca = issueCa({ subject: "CA" });
    const { certificate } = issue({ subject: "Zero", issuer: ca, serial: 0 });
    authority.scratch.write("zero.der", buildOcspRequest(certificate, ca.certificate));
    expect(authority.scratch.openssl("ocsp", "-reqin", "zero.der", "-req_text")).toMatch(
      /Serial Number: 00?\n/,
    );
  });
});

describe("parseOcspResponse", () => {
  it.each([
    [1, "malformedRequest"],
    [2, "internalError"],
    [3, "tryLater"],
    [5, "sigRequired"],
    [6, "unauthorized"],
  ])("RFC 6960 §4.2.1: status %i is %s", (number, status) => {
    expect(parseOcspResponse(refusal(number))).toEqual({ status });
  });

  it.each([
    ["a status that does not exist", refusal(4), "malformed"],
    ["successful without a response", refusal(0), "malformed"],
    ["nothing", Buffer.alloc(0), "malformed"],
    ["a web page", Buffer.from("<html>not found</html>"), "malformed"],
    ["more than a response may have", Buffer.alloc(MAX_OCSP_BYTES + 1), "too-large"],
    ["too many answers", crowded({ answers: MAX_OCSP_ANSWERS + 1, certificates: 0 }), "too-large"],
    ["too many certificates", crowded({ answers: 1, certificates: MAX_OCSP_CERTIFICATES + 1 }), "too-large"],
  ])("%s is a problem", (_, der, problem) => {
    expect(parseOcspResponse(der)).toMatchObject({ problem });
  });

  it("never throws, whatever the bytes, and believes no changed response", () => {
    const request = buildOcspRequest(alice, authority.certificate);
    const whole = authority.ocspResponse(request, "ca", ["-ndays", "1"]);
    const issuer = { certificate: authority.certificate, key: authority.certificate.publicKey };
    const change = fc.record({ at: fc.nat(whole.length - 1), to: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(3), (changes, cut) => {
        const bytes = Buffer.from(whole.subarray(0, whole.length - cut));
        for (const { at, to } of changes) if (at < bytes.length) bytes[at] = to;
        const response = parseOcspResponse(bytes);
        if (isProblem(response)) return;
        const input = { certificate: alice, issuer, response, nonce: null, at: now };
        const result = checkOcsp({ ...input, statusOfDelegate: () => "good" });
        if (result.status === "unusable" || response.status !== "successful") return;
        // What is still believed differs only where nothing is signed: in the certificates that came along.
        const original = good(parseOcspResponse(whole));
        expect(original.status === "successful" && response.tbs).toEqual(
          original.status === "successful" && original.tbs,
        );
      }),
      { numRuns: 400, seed: 6960 },
    );
  });
});

/** A response with so many answers and certificates. */
function crowded(count: { readonly answers: number; readonly certificates: number }): Buffer {
  const ca = issueCa({ subject: "CA" });
  const { certificate } = issue({ subject: "Alice", issuer: ca });
  return respond(ca, {
    answers: Array.from({ length: count.answers }, () => ({ certificate, issuer: ca.certificate })),
    certificates: Array.from({ length: count.certificates }, () => certificate),
  });
}
