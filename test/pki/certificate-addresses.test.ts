import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { TAG } from "../../src/pki/der.ts";
import { encode } from "../../src/pki/der-write.ts";
import { certificateAddresses, parseCertificate } from "../../src/pki/index.ts";
import { OID } from "../../src/pki/oid.ts";
import { dnsName, extension, forge, nameDer, rfc822Name, smtpUtf8Mailbox, subjectAltName } from "./forge.ts";
import { good } from "./openssl-scratch.ts";

const inSubject = (text: string): Buffer => nameDer(text, OID.emailAddress, TAG.ia5String);

function addressesOf(san: readonly Uint8Array[] | null, subject = nameDer("Alice")) {
  const extensions = san === null ? null : [subjectAltName(...san)];
  return certificateAddresses(good(parseCertificate(forge({ extensions, subject }))));
}

describe("where addresses come from (RFC 8550 §3)", () => {
  it.each<[string, readonly Uint8Array[] | null, Buffer, readonly string[], string]>([
    ["the SAN alone", [rfc822Name("a@b.example")], nameDer("Alice"), ["a@b.example"], "san"],
    [
      "the SAN, not the subject beside it",
      [rfc822Name("a@b.example")],
      inSubject("c@d.example"),
      ["a@b.example"],
      "san",
    ],
    ["the subject without any SAN", null, inSubject("c@d.example"), ["c@d.example"], "subject"],
    [
      "the subject when the SAN has no mailbox form",
      [dnsName("b.example")],
      inSubject("c@d.example"),
      ["c@d.example"],
      "subject",
    ],
    [
      "nobody when the SAN's only address is unusable",
      [rfc822Name("a@b@example")],
      inSubject("c@d.example"),
      [],
      "none",
    ],
    [
      "nobody when the SAN names a domain as a mailbox",
      [rfc822Name("b.example")],
      inSubject("c@d.example"),
      [],
      "none",
    ],
    ["a common name is no address", null, nameDer("a@b.example"), [], "none"],
    [
      "several addresses, each once",
      [rfc822Name("a@b.example"), rfc822Name("c@d.example"), rfc822Name("a@B.EXAMPLE")],
      nameDer("A"),
      ["a@b.example", "c@d.example"],
      "san",
    ],
    [
      "SmtpUTF8Mailbox (RFC 9598 §3)",
      [smtpUtf8Mailbox("älice@b.example")],
      inSubject("c@d.example"),
      ["älice@b.example"],
      "san",
    ],
  ])("%s", (_case, san, subject, addresses, source) => {
    expect(addressesOf(san, subject)).toMatchObject({ addresses, source });
  });

  it("a subjectAltName that cannot be read does not make room for the subject", () => {
    const broken = extension(OID.subjectAltName, encode.integer(1));
    const certificate = good(
      parseCertificate(forge({ extensions: [broken], subject: inSubject("c@d.example") })),
    );
    expect(certificateAddresses(certificate)).toMatchObject({ addresses: [], source: "none" });
  });
});

describe("what is an address in an rfc822Name (RFC 5280 §4.2.1.6)", () => {
  it.each<[string, string | null]>([
    ["alice@example.com", "alice@example.com"],
    ["Alice@EXAMPLE.com", "Alice@example.com"],
    ["a.b+c_d/e=f@xn--mller-kva.example", "a.b+c_d/e=f@xn--mller-kva.example"],
    ["o'neill@mail_host.example", "o'neill@mail_host.example"],
    ["alice@localhost", "alice@localhost"],
    ["alice@example.com\u0000.evil.example", null],
    ["alice\u0000@example.com", null],
    ["alice@example.com\n", null],
    [" alice@example.com", null],
    ["alice@example.com ", null],
    ["älice@example.com", null],
    ["alice@exämple.com", null],
    ["alice@@example.com", null],
    ["alice@b@example.com", null],
    ['"alice@b"@example.com', null],
    ['"alice"@example.com', null],
    ["@example.com", null],
    ["alice@", null],
    [".alice@example.com", null],
    ["alice.@example.com", null],
    ["al..ice@example.com", null],
    ["alice@.example.com", null],
    ["alice@example.com.", null],
    ["alice@example..com", null],
    ["alice@-example.com", null],
    ["alice@[192.0.2.1]", null],
    ["alice@192.0.2.1", null],
    ["Alice <alice@example.com>", null],
    ["mailto:alice@example.com", null],
    ["alice@example.com,bob@example.com", null],
    ["*@example.com", null],
    [`${"a".repeat(65)}@example.com`, null],
    [`alice@${"a".repeat(64)}.example`, null],
    [`alice@${"a.".repeat(130)}example`, null],
    ["", null],
  ])("%j", (text, address) => {
    expect(addressesOf([rfc822Name(text)]).addresses).toEqual(address === null ? [] : [address]);
  });

  it.each<[string, string | null]>([
    ["用户@例子.example", "用户@xn--fsqu00a.example"],
    ["älice@xn--mller-kva.example", "älice@xn--mller-kva.example"],
    ["älice@MÜLLER.example", "älice@xn--mller-kva.example"],
    ["älice@par\u212aner.example", null],
    ["älice@\ufb01rma.example", null],
    ["alice@example.com", "alice@example.com"],
    ["ä\u202elice@example.com", null],
    ["ä\u00a0lice@example.com", null],
    ["älice@１９２.0.2.1", null],
    ["älice@exam\u200bple.com", null],
    ["älice@@example.com", null],
  ])("SmtpUTF8Mailbox %j (RFC 9598 §3)", (text, address) => {
    expect(addressesOf([smtpUtf8Mailbox(text)]).addresses).toEqual(address === null ? [] : [address]);
  });

  it.each<[string, Buffer, readonly string[]]>([
    ["a host", rfc822Name("mail.Example.com"), ["mail.example.com"]],
    ["a domain", rfc822Name(".example.com"), ["example.com"]],
    ["a domain with @", rfc822Name("@example.com"), ["example.com"]],
    ["a wildcard mailbox", rfc822Name("*@example.com"), ["example.com"]],
    ["a wildcard host", rfc822Name("*.example.com"), ["example.com"]],
    ["a dNSName", dnsName("example.com"), ["example.com"]],
    ["a mailbox is no domain", rfc822Name("a@example.com"), []],
    ["text is no domain", rfc822Name("no domain at all"), []],
  ])("domains are visible beside the addresses: %s", (_case, name, domains) => {
    expect(addressesOf([name]).domains).toEqual(domains);
  });
});

describe("node (OpenSSL) finds the same addresses", () => {
  it.each<[string, readonly Uint8Array[] | null, string]>([
    ["alice@example.com", [rfc822Name("alice@example.com")], "X"],
    ["alice@example.com", [rfc822Name("bob@example.com")], "alice@example.com"],
    ["alice@example.com", null, "alice@example.com"],
    ["alice@example.com", [dnsName("example.com")], "alice@example.com"],
  ])("%s", (address, san, subject) => {
    const extensions = san === null ? null : [subjectAltName(...san)];
    const der = forge({ extensions, subject: inSubject(subject) });
    const mine = certificateAddresses(good(parseCertificate(der))).addresses.includes(address);
    expect(mine).toBe(new X509Certificate(der).checkEmail(address) !== undefined);
  });
});
