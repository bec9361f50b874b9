import { describe, expect, it } from "vitest";
import { toPem } from "../../src/pki/pem.ts";
import { revocationQuestions } from "../../src/revocation/index.ts";
import { crlWorth } from "../../src/revocation/worth.ts";
import { issue, issueCa, issueCrl } from "../pki/path-authority.ts";

const NOW = new Date("2026-06-01T00:00:00Z");
const ca = issueCa({ subject: "CA" });
const alice = issue({ subject: "Alice", issuer: ca });
const [question] = revocationQuestions([alice.certificate, ca.certificate]);
const { der } = issueCrl(ca);

function worthOf(bytes: Uint8Array | string) {
  if (question === undefined) throw new Error("nothing to be asked");
  return crlWorth(Buffer.from(bytes), question, "complete", [], NOW);
}

describe("what a CA's URL gives for a CRL (RFC 5280 §4.2.1.13)", () => {
  it.each<[string, Uint8Array | string]>([
    ["DER", der],
    ["a line end behind the DER", Buffer.concat([der, Buffer.from("\r\n")])],
    ["PEM", toPem(der, "X509 CRL")],
  ])("%s is one, and may be kept", (_name, bytes) => {
    const worth = worthOf(bytes);
    expect(worth).toMatchObject({ usable: true });
    expect(worth.usable && worth.signer?.sha256).toBe(ca.certificate.sha256);
  });

  it.each<[string, Uint8Array | string, string]>([
    ["nothing", "", "it is empty"],
    ["a page", "<html>503</html>", "it is an HTML page, not a CRL"],
    ["a half", der.subarray(0, 99), `it is cut off: 99 of ${der.length} octets are there`],
    ["the CA's certificate", ca.certificate.der, "it is a certificate, not a CRL"],
    ["two CRLs", toPem(der, "X509 CRL").repeat(2), "several CRLs where one is expected"],
  ])("%s is none, and the attempt says so", (_name, bytes, why) => {
    expect(worthOf(bytes)).toMatchObject({ usable: false, detail: `no CRL: ${why}` });
  });
});
