import { generateKeyPairSync, sign } from "node:crypto";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { answerWeakness, judgeRevocation } from "../../src/inspect/index.ts";
import { silentLog } from "../../src/log.ts";
import { encode } from "../../src/pki/der-write.ts";
import { type Certificate, OID, parseCertificate, revocationStatuses } from "../../src/pki/index.ts";
import { DEFAULT_POLICY } from "../../src/policy.ts";
import {
  memoryCache,
  openRevocationDesk,
  type RevocationDesk,
  type RevocationOptions,
  revocationQuestions,
} from "../../src/revocation/index.ts";
import { hours, respond, type Said } from "../pki/ocsp-authority.ts";
import { good } from "../pki/openssl-scratch.ts";
import {
  basicConstraints,
  type CrlSpec,
  extension,
  generalName,
  type Issued,
  issue,
  issueCa,
  issueCrl,
  type Key,
  key,
  keyUsage,
} from "../pki/path-authority.ts";
import { crlsOf, ocspOf } from "./evidence.ts";
import { LoopbackServer } from "./loopback-server.ts";

/** A CA of our own, its places on loopback, and a clock that the test moves. */
const web = new LoopbackServer();
const silent = new LoopbackServer();
const root = issueCa({ subject: "Root" });
const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
/** The CA's key, signing with this digest. */
function rsa(digest: "sha1" | "sha256"): Key {
  const oid = digest === "sha1" ? "1.2.840.113549.1.1.5" : "1.2.840.113549.1.1.11";
  const algorithm = encode.sequence(encode.oid(oid), encode.null());
  return key(pair.publicKey, algorithm, (data) => sign(digest, data, pair.privateKey));
}
const ca = issueCa({ subject: "CA", issuer: root, key: rsa("sha256") });
const weaknessOf = answerWeakness(DEFAULT_POLICY.certificates);
let now = hours(0);

beforeAll(async () => {
  await Promise.all([web.start(), silent.start()]);
});
beforeEach(() => {
  now = hours(0);
  for (const server of [web, silent]) {
    server.pages.clear();
    server.requests.length = 0;
  }
});

/** Never answers. */
function hang(path: string): string {
  silent.pages.set(path, () => {});
  return silent.url(path);
}

function points(...places: readonly (readonly string[])[]): Buffer {
  const each = places.map((urls) =>
    encode.sequence(
      encode.tagged(0xa0, encode.tagged(0xa0, ...urls.map((url) => generalName(`uri:${url}`)))),
    ),
  );
  return extension(OID.crlDistributionPoints, encode.sequence(...each));
}

function responders(...urls: readonly string[]): Buffer {
  const each = urls.map((url) => encode.sequence(encode.oid(OID.ocspAccess), generalName(`uri:${url}`)));
  return extension(OID.authorityInfoAccess, encode.sequence(...each));
}

let serial = 100;

function named(...extensions: readonly Buffer[]): Certificate {
  serial += 1;
  const more = { serial, extensions: [basicConstraints(false), ...extensions] };
  return issue({ subject: `Alice ${serial}`, issuer: ca, ...more }).certificate;
}

function publish(path: string, spec: CrlSpec = {}, by: Issued = ca): string {
  const { der } = issueCrl(by, { thisUpdate: hours(-1), nextUpdate: hours(24 * 7), ...spec });
  web.file(path, () => der);
  return web.url(path);
}

function answer(path: string, certificate: Certificate, said: Partial<Said> = {}): void {
  const one = { certificate, issuer: ca.certificate, thisUpdate: hours(-1), nextUpdate: hours(24), ...said };
  const der = respond(ca, { answers: [one] });
  web.file(path, () => der);
}

function listing({ serial: listed }: Certificate): CrlSpec {
  return { revoked: [{ serial: listed }] };
}

function deskOf(more: Partial<RevocationOptions> = {}): RevocationDesk {
  return openRevocationDesk({
    proxy: null,
    privateAddresses: true,
    cache: memoryCache(10_000_000),
    weaknessOf,
    log: silentLog,
    now: () => now,
    ...more,
  });
}

/** What the whole way says of a certificate, and what was asked for it. */
async function asked(
  desk: RevocationDesk,
  certificate: Certificate,
  beside: readonly Certificate[] = [],
): Promise<{ readonly status: string; readonly requests: readonly string[] }> {
  web.requests.length = 0;
  const path = [certificate, ca.certificate, root.certificate];
  const budget = desk.budget();
  try {
    const answers = await desk.ask(revocationQuestions(path), budget, beside);
    const others = [...beside, ...answers.signers.map((der) => good(parseCertificate(der)))];
    const evidence = { path, ocsp: ocspOf(answers), crls: crlsOf(answers), others, at: now, weaknessOf };
    return { status: revocationStatuses(evidence)[0]?.status ?? "none", requests: [...web.requests] };
  } finally {
    budget.close();
  }
}

function onlyCas(): Buffer {
  return extension(OID.issuingDistributionPoint, encode.sequence(encode.tagged(0x82, Buffer.of(0xff))), true);
}

describe("what is kept was an answer to the question", () => {
  it.each<[string, CrlSpec]>([
    ["of another scope", { extensions: [onlyCas()] }],
    ["a delta CRL", { extensions: [extension(OID.deltaCrlIndicator, encode.integer(1), true)] }],
    [
      "with a critical extension that nobody understands",
      { extensions: [extension("1.2.3.4", encode.null(), true)] },
    ],
    [
      "with such an extension on an entry",
      { revoked: [{ serial: "7f", extensions: [extension("1.2.3.4", encode.null(), true)] }] },
    ],
  ])("a newer list %s pushes out nothing, and the right one counts again", async (_what, unfit) => {
    const desk = deskOf();
    const alice = named(points([web.url("/list.crl")]));
    publish("/list.crl", { ...listing(alice), thisUpdate: hours(-3) });
    expect(await asked(desk, alice)).toMatchObject({ status: "revoked" });
    publish("/list.crl", { thisUpdate: hours(1), number: 9, ...unfit });
    now = hours(2);
    expect(await asked(desk, alice)).toMatchObject({ status: "revoked", requests: ["GET /list.crl"] });
    now = hours(2.5);
    expect(await asked(desk, alice)).toMatchObject({ status: "revoked" });
    publish("/list.crl", { ...listing(alice), thisUpdate: hours(-3) });
    now = hours(4);
    expect(await asked(desk, alice)).toMatchObject({ status: "revoked", requests: ["GET /list.crl"] });
  });

  it("a list that one certificate cannot use is kept for the other that can, at the same place", async () => {
    const desk = deskOf();
    const place = publish("/users.crl", {
      extensions: [
        extension(OID.issuingDistributionPoint, encode.sequence(encode.tagged(0x81, Buffer.of(0xff))), true),
      ],
    });
    const alice = named(points([place]));
    const sub = issueCa({ subject: "Sub", issuer: ca, more: [points([place])] }).certificate;
    expect(await asked(desk, sub)).toMatchObject({ status: "unknown" });
    expect(await asked(desk, alice)).toMatchObject({ status: "good" });
    expect(await asked(desk, alice)).toMatchObject({ status: "good", requests: [] });
  });

  it("a newer list of another scope, kept for another certificate, makes this one no older", async () => {
    const desk = deskOf();
    const only = (tag: number) => ({
      extensions: [
        extension(OID.issuingDistributionPoint, encode.sequence(encode.tagged(tag, Buffer.of(0xff))), true),
      ],
    });
    const users = publish("/users.crl", { ...only(0x81), thisUpdate: hours(-3) });
    const authorities = publish("/cas.crl", { ...only(0x82), thisUpdate: hours(-1) });
    const sub = issueCa({ subject: "Sub", issuer: ca, more: [points([authorities])] }).certificate;
    const alice = named(points([users]));
    expect(await asked(desk, sub)).toMatchObject({ status: "good" });
    expect(await asked(desk, alice)).toMatchObject({ status: "good" });
    expect(await asked(desk, sub)).toMatchObject({ status: "good", requests: [] });
  });

  it("an older list is not believed after the newer one ran out, for a new certificate neither (RFC 5280 §5.1.2.4)", async () => {
    const desk = deskOf();
    const [alice, bob] = [named(points([web.url("/a.crl")])), named(points([web.url("/a.crl")]))];
    publish("/a.crl", { ...listing(bob), number: 5, nextUpdate: hours(24) });
    expect(await asked(desk, alice)).toMatchObject({ status: "good" });
    now = hours(25);
    publish("/a.crl", { number: 4, thisUpdate: hours(-5), nextUpdate: hours(24 * 30) });
    expect(await asked(desk, bob)).toMatchObject({ status: "unknown" });
    now = hours(27);
    publish("/a.crl", { ...listing(bob), number: 6, thisUpdate: hours(26), nextUpdate: hours(24 * 30) });
    expect(await asked(desk, bob)).toMatchObject({ status: "revoked" });
  });

  it("of lists of the same second the lower number is the older one, and without numbers all count (§5.2.3)", async () => {
    const desk = deskOf();
    const alice = named(points([web.url("/1.crl")], [web.url("/2.crl")]));
    const bob = named(points([web.url("/1.crl")]));
    publish("/1.crl", { number: 5 });
    expect(await asked(desk, bob)).toMatchObject({ status: "good" });
    publish("/1.crl", { ...listing(bob), number: 5 });
    now = hours(2);
    expect(await asked(desk, bob)).toMatchObject({ status: "revoked" });
    publish("/1.crl", { number: 4 });
    publish("/2.crl", { number: 4 });
    now = hours(4);
    expect(await asked(desk, alice)).toMatchObject({ requests: ["GET /1.crl", "GET /2.crl"] });
    expect(await asked(desk, bob)).toMatchObject({ status: "revoked" });
  });

  it("a weakly signed list does not stand before a strong one", async () => {
    const desk = deskOf();
    const alice = named(points([web.url("/w.crl")]));
    publish("/w.crl", { key: rsa("sha1"), thisUpdate: hours(-1), number: 9 });
    expect(await asked(desk, alice)).toMatchObject({ status: "unknown", requests: ["GET /w.crl"] });
    publish("/w.crl", { thisUpdate: hours(-2), number: 8 });
    now = hours(2);
    expect(await asked(desk, alice)).toMatchObject({ status: "good" });
  });

  it("an OCSP good that is not newer than a revoked never counts, from whatever responder (RFC 6960 §5)", async () => {
    const desk = deskOf();
    const alice = named(responders(web.url("/one"), web.url("/two")));
    answer("/one", alice, { status: { revoked: hours(-2), reason: 6 }, nextUpdate: hours(24) });
    expect(await asked(desk, alice)).toMatchObject({ status: "revoked" });
    now = hours(26);
    answer("/one", alice, { nextUpdate: hours(24 * 9) });
    answer("/two", alice, { thisUpdate: hours(-3), nextUpdate: hours(24 * 9) });
    expect(await asked(desk, alice)).toMatchObject({
      status: "unknown",
      requests: ["POST /one", "POST /two"],
    });
    answer("/two", alice, { thisUpdate: hours(25), nextUpdate: hours(24 * 9) });
    now = hours(27);
    expect(await asked(desk, alice)).toMatchObject({ status: "good" });
  });
});

describe("a kept answer is the last resort once it is due", () => {
  it("the next mirror is asked when the first is gone, and what it has counts", async () => {
    const desk = deskOf();
    const alice = named(points([web.url("/1.crl"), web.url("/2.crl")]));
    publish("/1.crl");
    expect(await asked(desk, alice)).toMatchObject({ status: "good", requests: ["GET /1.crl"] });
    web.pages.clear();
    publish("/2.crl", { ...listing(alice), thisUpdate: hours(1), number: 2 });
    now = hours(2);
    expect(await asked(desk, alice)).toMatchObject({
      status: "revoked",
      requests: ["GET /1.crl", "GET /2.crl"],
    });
  });

  it("the CRL is asked when the responder is gone, and what is kept of it goes along", async () => {
    const desk = deskOf();
    const alice = named(responders(web.url("/ocsp")), points([web.url("/1.crl")]));
    answer("/ocsp", alice, { nextUpdate: hours(24 * 30) });
    expect(await asked(desk, alice)).toMatchObject({ status: "good", requests: ["POST /ocsp"] });
    web.pages.clear();
    publish("/1.crl");
    now = hours(2);
    expect((await asked(desk, alice)).requests).toEqual(["POST /ocsp", "GET /1.crl"]);
    web.pages.clear();
    now = hours(4);
    expect(await asked(desk, alice)).toMatchObject({ status: "good" });
  });

  it("kept lists go along with a fresh OCSP answer, and nobody is asked for them", async () => {
    const desk = deskOf();
    const alice = named(responders(web.url("/ocsp")), points([web.url("/1.crl")]));
    publish("/1.crl", listing(alice));
    expect(await asked(desk, alice)).toMatchObject({ status: "revoked" });
    answer("/ocsp", alice);
    now = hours(2);
    const budget = desk.budget();
    web.requests.length = 0;
    const path = [alice, ca.certificate, root.certificate];
    const first = await desk.ask(revocationQuestions(path), budget);
    const again = await desk.ask(revocationQuestions(path), budget);
    budget.close();
    expect([first, again].map(({ ocsp, crls }) => [ocsp.length, crls.length])).toEqual([
      [1, 1],
      [1, 1],
    ]);
    expect(web.requests).toEqual(["POST /ocsp"]);
  });

  it.each(["ocsp", "crl"])(
    "counts no longer than the greatest age since it was last had: %s",
    async (kind) => {
      const desk = deskOf({ maxAge: { ocsp: 48 * 3_600_000, crl: 48 * 3_600_000 } });
      const place = web.url(`/${kind}`);
      const alice = named(kind === "ocsp" ? responders(place) : points([place]));
      const serve = () =>
        kind === "ocsp"
          ? answer("/ocsp", alice, { nextUpdate: hours(24 * 300) })
          : publish("/crl", { nextUpdate: hours(24 * 300) });
      serve();
      for (const [at, there, status] of [
        [0, true, "good"],
        [30, true, "good"],
        [60, false, "good"],
        [79, false, "unknown"],
        [24 * 100, true, "good"],
      ] as const) {
        web.pages.clear();
        if (there) serve();
        now = hours(at);
        expect([at, (await asked(desk, alice)).status]).toEqual([at, status]);
      }
    },
  );
});

describe("silent servers share the time", () => {
  it("two silent responders and a silent mirror do not hide the good list; they are asked last the next time", async () => {
    const [one, two, three] = [hang("/1"), hang("/2"), hang("/3.crl")];
    const place = publish("/good.crl");
    const desk = deskOf();
    const alice = named(responders(one, two), points([three, place]));
    expect(await asked(desk, alice)).toEqual({ status: "good", requests: ["GET /good.crl"] });
    expect(silent.requests).toEqual(["POST /1", "POST /2", "GET /3.crl"]);
    silent.requests.length = 0;
    now = hours(1.9);
    expect(await asked(desk, alice)).toEqual({ status: "good", requests: ["GET /good.crl"] });
    expect(silent.requests).toEqual([]);
  }, 30_000);
});

describe("those who signed and do not stand above", () => {
  const newCa = issueCa({ subject: "CA", issuer: root });

  it("the CA's new key counts when its certificate came along, or where the list says (RFC 5280 §5.2.7)", async () => {
    const aia = encode.sequence(
      encode.sequence(encode.oid(OID.caIssuersAccess), generalName(`uri:${web.url("/new-ca.cer")}`)),
    );
    const alice = named(points([web.url("/new.crl")]));
    web.file("/new-ca.cer", () => newCa.certificate.der);
    publish("/new.crl", {}, newCa);
    expect(await asked(deskOf(), alice)).toMatchObject({ status: "unknown", requests: ["GET /new.crl"] });
    const along = deskOf();
    expect(await asked(along, alice, [newCa.certificate])).toMatchObject({
      status: "good",
      requests: ["GET /new.crl"],
    });
    expect(await asked(along, alice)).toMatchObject({ status: "good", requests: [] });
    publish("/new.crl", { extensions: [extension(OID.authorityInfoAccess, aia)] }, newCa);
    const fetched = deskOf();
    expect(await asked(fetched, alice)).toMatchObject({
      status: "good",
      requests: ["GET /new.crl", "GET /new-ca.cer"],
    });
    expect(await asked(fetched, alice)).toMatchObject({ status: "good", requests: [] });
  });

  it("a stranger of the same name is not believed, wherever his certificate comes from", async () => {
    const stranger = issueCa({ subject: "CA" });
    const aia = encode.sequence(
      encode.sequence(encode.oid(OID.caIssuersAccess), generalName(`uri:${web.url("/stranger.cer")}`)),
    );
    web.file("/stranger.cer", () => stranger.certificate.der);
    publish("/s.crl", { extensions: [extension(OID.authorityInfoAccess, aia)] }, stranger);
    const place = publish("/own.crl");
    const [alone, both] = [named(points([web.url("/s.crl")])), named(points([web.url("/s.crl"), place]))];
    const desk = deskOf();
    expect(await asked(desk, alone, [stranger.certificate])).toMatchObject({ status: "unknown" });
    expect(await asked(desk, both, [stranger.certificate])).toMatchObject({
      status: "good",
      requests: ["GET /s.crl", "GET /own.crl"],
    });
  });

  it("the CRL that a signer's certificate names is asked too, and says when he is revoked (§6.3.3 (f))", async () => {
    const signer = issueCa({
      subject: "CA",
      issuer: root,
      serial: 77,
      more: [points([web.url("/root.crl")])],
    });
    const alice = named(points([web.url("/x.crl")]));
    publish("/x.crl", {}, signer);
    publish("/root.crl", {}, root);
    expect(await asked(deskOf(), alice, [signer.certificate])).toMatchObject({
      status: "good",
      requests: ["GET /x.crl", "GET /root.crl"],
    });
    publish("/root.crl", listing(signer.certificate), root);
    expect(await asked(deskOf(), alice, [signer.certificate])).toMatchObject({ status: "unknown" });
  });
});

describe("places that can never be asked", () => {
  it.each([
    ["a directory", "ldap://directory.example/cn=CA"],
    ["a relative one", "ocsp/ca"],
    ["with a user", "http://user@ocsp.example/"],
    ["a port of mail", "http://ocsp.example:25/"],
    ["longer than any", `http://ocsp.example/${"a".repeat(2_048)}`],
  ])("are said so at once, of OCSP as of CRLs: %s", async (_what, url) => {
    for (const place of [responders(url), points([url])]) {
      const alice = named(place);
      const path = [alice, ca.certificate, root.certificate];
      const desk = deskOf();
      const budget = desk.budget();
      const answers = await desk.ask(revocationQuestions(path), budget);
      budget.close();
      const asking = [{ certificate: alice.sha256, path: path.map(({ der }) => der) }];
      const evidence = { ...answers, crls: crlsOf(answers) };
      const [judged] = judgeRevocation(asking, evidence, [], DEFAULT_POLICY.certificates, now);
      expect(judged?.findings.map(({ code }) => code)).toContain("revocation.unaskable");
    }
  });
});

describe("nobody may be asked", () => {
  it("and a kept answer that is due settles nothing", async () => {
    const desk = deskOf();
    const alice = named(points([publish("/1.crl")]), keyUsage("keyEncipherment"));
    await asked(desk, alice);
    const path = [alice, ca.certificate, root.certificate];
    const known = desk.nobody();
    await desk.ask(revocationQuestions(path), known);
    now = hours(2);
    const due = desk.nobody();
    await desk.ask(revocationQuestions(path), due);
    expect([known.missed, due.missed]).toEqual([false, true]);
  });
});
