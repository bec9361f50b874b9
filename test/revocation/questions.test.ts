import { describe, expect, it } from "vitest";
import { encode } from "../../src/pki/der-write.ts";
import { OID } from "../../src/pki/index.ts";
import { fetchableUrl } from "../../src/revocation/fetchable-url.ts";
import { revocationQuestions } from "../../src/revocation/index.ts";
import { MAX_PLACES, MAX_URL_LENGTH } from "../../src/revocation/limits.ts";
import { basicConstraints, extension, generalName, issue, issueCa } from "../pki/path-authority.ts";

const root = issueCa({ subject: "Root" });
const ca = issueCa({ subject: "CA", issuer: root });

interface Point {
  readonly urls: readonly string[];
  readonly crlIssuer?: string;
  /** ReasonFlags, as the contents of the BIT STRING. */
  readonly reasons?: Buffer;
}

/** A certificate of the CA's that names these. */
function naming(ocsp: readonly string[], points: readonly Point[]) {
  const access = ocsp.map((url) => encode.sequence(encode.oid(OID.ocspAccess), generalName(`uri:${url}`)));
  const caIssuers = encode.sequence(
    encode.oid(OID.caIssuersAccess),
    generalName("uri:http://ca.example/ca.cer"),
  );
  const distribution = points.map(({ urls, reasons, crlIssuer }) => {
    const names = encode.tagged(0xa0, encode.tagged(0xa0, ...urls.map((url) => generalName(`uri:${url}`))));
    return encode.sequence(
      names,
      ...(reasons === undefined ? [] : [encode.tagged(0x81, reasons)]),
      ...(crlIssuer === undefined ? [] : [encode.tagged(0xa2, generalName(`dn:${crlIssuer}`))]),
    );
  });
  const extensions = [
    basicConstraints(false),
    extension(OID.authorityInfoAccess, encode.sequence(...access, caIssuers)),
    distribution.length === 0
      ? undefined
      : extension(OID.crlDistributionPoints, encode.sequence(...distribution)),
  ];
  return issue({ subject: "Alice", issuer: ca, extensions }).certificate;
}

const SOME = Buffer.of(5, 0b0110_0000);
const OTHERS = Buffer.of(4, 0b0001_0000);

describe("revocationQuestions", () => {
  it.each([
    {
      rule: "RFC 5280 §4.2.2.1: OCSP in order, caIssuers is no responder",
      given: naming(["http://a.example/", "http://b.example/ocsp"], []),
      ocsp: ["http://a.example/", "http://b.example/ocsp"],
      crls: [],
    },
    {
      rule: "RFC 5280 §4.2.1.13: several names of one point are places of one CRL; LDAP is not asked",
      given: naming(
        [],
        [{ urls: ["ldap://d.example/cn=CA", "http://a.example/1.crl", "http://b.example/1.crl"] }],
      ),
      ocsp: [],
      crls: [["http://a.example/1.crl", "http://b.example/1.crl"]],
    },
    {
      rule: "points for all reasons are mirrors of each other",
      given: naming([], [{ urls: ["http://a.example/1.crl"] }, { urls: ["http://b.example/1.crl"] }]),
      ocsp: [],
      crls: [["http://a.example/1.crl", "http://b.example/1.crl"]],
    },
    {
      rule: "RFC 5280 §4.2.1.13: points that share the reasons out are all needed",
      given: naming(
        [],
        [
          { urls: ["http://a.example/1.crl"], reasons: SOME },
          { urls: ["http://a.example/2.crl"], reasons: OTHERS },
        ],
      ),
      ocsp: [],
      crls: [["http://a.example/1.crl"], ["http://a.example/2.crl"]],
    },
    {
      rule: "RFC 5280 §4.2.1.13: the list of another issuer is no mirror of the CA's own",
      given: naming(
        [],
        [{ urls: ["http://a.example/1.crl"], crlIssuer: "Lister" }, { urls: ["http://a.example/2.crl"] }],
      ),
      ocsp: [],
      crls: [["http://a.example/2.crl"], ["http://a.example/1.crl"]],
    },
    {
      rule: "the same URL twice is one, in its normal form",
      given: naming(["HTTP://A.example:80/x", "http://a.example/x#y"], []),
      ocsp: ["http://a.example/x"],
      crls: [],
    },
    {
      rule: "no more than a message may ask, however many are named",
      given: naming(
        Array.from({ length: 100 }, (_, index) => `http://${index}.example/`),
        Array.from({ length: 100 }, (_, index) => ({ urls: [`http://${index}.example/`], reasons: SOME })),
      ),
      ocsp: Array.from({ length: MAX_PLACES }, (_, index) => `http://${index}.example/`),
      crls: Array.from({ length: MAX_PLACES }, (_, index) => [`http://${index}.example/`]),
    },
    {
      rule: "no more mirrors than a message may ask",
      given: naming([], [{ urls: Array.from({ length: 100 }, (_, index) => `http://${index}.example/`) }]),
      ocsp: [],
      crls: [Array.from({ length: MAX_PLACES }, (_, index) => `http://${index}.example/`)],
    },
  ])("$rule", ({ given, ocsp, crls }) => {
    const [question] = revocationQuestions([given, ca.certificate, root.certificate]);
    expect(question).toMatchObject({ ocsp, crls, named: true });
  });

  it("one for each certificate below the anchor, with the issuer above it", () => {
    const alice = naming(["http://a.example/"], []);
    const questions = revocationQuestions([alice, ca.certificate, root.certificate]);
    expect(questions.map(({ certificate, issuer, named }) => [certificate, issuer, named])).toEqual([
      [alice, ca.certificate, true],
      [ca.certificate, root.certificate, false],
    ]);
  });

  it("PRODUCT §3: a certificate that names only what cannot be fetched does name something", () => {
    const ldap = naming([], [{ urls: ["ldap://directory.example/cn=CA"] }]);
    expect(revocationQuestions([ldap, ca.certificate])[0]).toMatchObject({ named: true, ocsp: [], crls: [] });
  });
});

describe("fetchableUrl", () => {
  it.each([
    ["http://ca.example/a.crl", "http://ca.example/a.crl"],
    ["https://ca.example", "https://ca.example/"],
    ["http://ca.example:8080/", "http://ca.example:8080/"],
    ["http://bücher.example/", "http://xn--bcher-kva.example/"],
    ["http://0x7f.1/", "http://127.0.0.1/"],
    ["http://2130706433/", "http://127.0.0.1/"],
    ["http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/"],
  ])("%s is %s", (text, href) => expect(String(fetchableUrl(text))).toBe(href));

  it.each([
    ["ftp://ca.example/a.crl", "neither http nor https"],
    ["file:///etc/passwd", "neither http nor https"],
    ["ldap://ca.example/", "neither http nor https"],
    ["javascript:alert(1)", "neither http nor https"],
    ["http://user@ca.example/", "user or password in the URL"],
    ["http://:secret@ca.example/", "user or password in the URL"],
    ["http://ca.example:25/", "port 25"],
    ["http://ca.example:143/", "port 143"],
    ["http://ca.example:0/", "port 0"],
    ["//ca.example/", "not a URL"],
    ["http://", "not a URL"],
    ["", "not a URL"],
    [`http://ca.example/${"a".repeat(MAX_URL_LENGTH)}`, `a URL of ${MAX_URL_LENGTH + 18} characters`],
  ])("%s is never fetched: %s", (text, why) => expect(fetchableUrl(text)).toBe(why));
});
