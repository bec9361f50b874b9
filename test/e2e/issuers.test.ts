import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { describeWith } from "../lab/available.ts";
import { Authority, type Identity, type SignedMailOptions } from "../lab/openssl.ts";
import { ROBOT } from "../lab/site.ts";
import { LoopbackServer } from "../revocation/loopback-server.ts";
import { type Company, openCompany, submission } from "./company.ts";

const CA = { basicConstraints: "critical,CA:TRUE", keyUsage: "critical,keyCertSign,cRLSign" } as const;

/** A partner's certificate that says where its issuer's is. */
function naming(url: string): { readonly extensions: readonly string[] } {
  return { extensions: [`authorityInfoAccess = caIssuers;URI:${url}`] };
}

/** What `keybot show --json` tells of a certificate. */
interface Shown {
  readonly status: string;
  readonly findings: readonly { readonly code: string }[];
}

/** RFC 5280 §4.2.2.1: a certs-only message of several certificates. */
function bundle(...identities: readonly Identity[]): Buffer {
  const files = identities.flatMap(({ certFile }) => ["-certfile", certFile]);
  return execFileSync("openssl", ["crl2pkcs7", "-nocrl", ...files, "-outform", "DER"]);
}

describeWith(["dovecot"], "a mail without the certificates of its CA", () => {
  const web = new LoopbackServer();
  let company: Company;
  let sequence = 0;

  beforeAll(async () => {
    await web.start();
    company = await openCompany({ config: { network: { private_addresses: true } } });
  });
  afterAll(() => company?.stop());
  beforeEach(() => {
    web.requests.length = 0;
  });

  function serve(path: string, bytes: Buffer): string {
    web.pages.set(path, (_request, response) => response.end(bytes));
    return web.url(path);
  }

  /** A CA that no certificate was seen of yet, so that the directory cannot help. */
  function newCa(more: object = {}): Authority {
    sequence += 1;
    return company.site.root.intermediate({ name: `Issuing CA ${sequence}`, ...more });
  }

  /** Sends alice's mail without any CA certificate, and tells what became of her certificate. */
  async function brought(
    identity: Identity,
    more: Partial<SignedMailOptions> & { readonly tamper?: boolean } = {},
  ): Promise<{ readonly status: unknown; readonly codes: readonly string[] }> {
    const { tamper = false, ...mail } = more;
    const bytes = submission(identity, { chain: [], text: "see my key", ...mail });
    const sent = tamper
      ? Buffer.from(bytes.toString("latin1").replace("see my", "see his"), "latin1")
      : bytes;
    await company.site.sendFromPartner(sent, [ROBOT]);
    await company.site.keybot(["poll"]);
    const shown = await company.site.keybot(["show", identity.sha256, "--json"]);
    const [record] = shown.records() as [Shown];
    return { status: record.status, codes: record.findings.map(({ code }) => code) };
  }

  it("is accepted when the CA is where its certificate says (RFC 5280 §4.2.2.1)", async () => {
    const ca = newCa();
    const url = serve("/one.cer", ca.identity.der);
    const alice = ca.issue({ addresses: ["alice@partner.example"], ...naming(url) });
    expect(await brought(alice)).toMatchObject({ status: "active" });
    expect(web.requests).toEqual(["GET /one.cer"]);
  });

  it("is accepted when two CAs are missing, one after the other, in a certs-only message among others", async () => {
    const upper = newCa();
    const lower = upper.intermediate({
      name: "Lower CA",
      ...naming(serve("/upper.p7c", bundle(company.claims, upper.identity))),
    });
    const url = serve("/lower.pem", Buffer.from(lower.identity.pem));
    const alice = lower.issue({ addresses: ["alice@partner.example"], ...naming(url) });
    expect(await brought(alice)).toMatchObject({ status: "active" });
    expect(web.requests).toEqual(["GET /lower.pem", "GET /upper.p7c"]);
  });

  it("is accepted from what the directory has of the CA, and asks nobody", async () => {
    const ca = newCa();
    const first = ca.issue({ addresses: ["alice@partner.example"] });
    expect(await brought(first, { chain: first.chain })).toMatchObject({ status: "active" });
    const url = serve("/never.cer", ca.identity.der);
    const second = ca.issue({ addresses: ["alice@partner.example"], ...naming(url) });
    expect(await brought(second)).toMatchObject({ status: "active" });
    expect(web.requests).toEqual([]);
  });

  it("waits for a person when only a pending certificate's mail had its CA", async () => {
    const foreign = Authority.root(`${company.site.folder}/foreign`, { name: "Foreign Root" });
    const ca = foreign.intermediate({ name: "Foreign CA" });
    const first = ca.issue({ addresses: ["alice@partner.example"] });
    expect(await brought(first, { chain: first.chain })).toMatchObject({ status: "pending" });
    const second = ca.issue({ addresses: ["alice@partner.example"] });
    expect(await brought(second)).toMatchObject({
      status: "pending",
      codes: expect.arrayContaining(["path.issuer-missing"]),
    });
  });

  it("waits for a person when there is something else, each asked for once", async () => {
    const elsewhere = {
      "another CA of its name": serve("/other.cer", newCa({ name: "Issuing CA 0" }).identity.der),
      "an end entity": serve("/end.cer", company.claims.der),
      "a page": serve("/page.html", Buffer.from("<html>moved</html>")),
      nothing: web.url("/absent.cer"),
    };
    const all = Object.values(elsewhere).map((url) =>
      newCa().issue({ addresses: ["alice@partner.example"], ...naming(url) }),
    );
    for (const one of all) await company.site.sendFromPartner(submission(one, { chain: [] }), [ROBOT]);
    await company.site.keybot(["poll"]);
    for (const { sha256 } of all) {
      const [record] = (await company.site.keybot(["show", sha256, "--json"])).records() as [Shown];
      expect(record.status).toBe("pending");
      expect(record.findings.map(({ code }) => code)).toContain("path.issuer-missing");
    }
    expect([...web.requests].sort()).toEqual([
      "GET /absent.cer",
      "GET /end.cer",
      "GET /other.cer",
      "GET /page.html",
    ]);
  });

  it("makes nobody call when its signature is broken (PRODUCT §5)", async () => {
    const ca = newCa();
    const alice = ca.issue({
      addresses: ["alice@partner.example"],
      ...naming(serve("/broken.cer", ca.identity.der)),
    });
    expect(await brought(alice, { tamper: true })).toMatchObject({ status: "rejected" });
    expect(web.requests).toEqual([]);
  });

  it("makes nobody call when the address is another's", async () => {
    const ca = newCa();
    const bob = ca.issue({
      addresses: ["bob@partner.example"],
      ...naming(serve("/bob.cer", ca.identity.der)),
    });
    await company.site.sendFromPartner(submission(bob, { chain: [] }), [ROBOT]);
    await company.site.keybot(["poll"]);
    const [entry] = (await company.site.keybot(["log", "--limit", "1", "--json"])).records();
    expect(entry).toMatchObject({ outcome: "rejected" });
    // It is somebody else's, and not kept under the address that it does not name.
    await company.site.keybot(["show", bob.sha256], { expectExit: 3 });
    expect(web.requests).toEqual([]);
  });

  it("ends although each CA that is fetched names a further one", async () => {
    let below: Authority = newCa();
    const authorities = [below];
    for (let depth = 0; depth < 12; depth++) {
      below = below.intermediate({
        name: `Deep CA ${depth}`,
        ...naming(serve(`/deep-${depth}.cer`, below.identity.der)),
      });
      authorities.push(below);
    }
    const url = serve("/deepest.cer", below.identity.der);
    const alice = below.issue({ addresses: ["alice@partner.example"], ...naming(url) });
    const { status } = await brought(alice);
    expect(status).toBe("pending");
    expect(web.requests.length).toBeGreaterThan(3);
    expect(web.requests.length).toBeLessThanOrEqual(16);
  });
});

describeWith(["dovecot"], "a mail without its CA's certificate, where trust.fetch_issuers is off", () => {
  const web = new LoopbackServer();
  beforeAll(() => web.start());

  it("waits for a person, and nobody is called", async () => {
    const config = { trust: { fetch_issuers: false }, network: { private_addresses: true } };
    const company = await openCompany({ config });
    try {
      const { ca } = company.site;
      web.file("/ca.cer", () => ca.identity.der);
      const alice = ca.issue({ addresses: ["alice@partner.example"], ...naming(web.url("/ca.cer")) });
      await company.site.sendFromPartner(submission(alice, { chain: [] }), [ROBOT]);
      await company.site.keybot(["poll"]);
      const [record] = (await company.site.keybot(["list", "--json"])).records() as [Shown];
      expect(record.status).toBe("pending");
      expect(web.requests).toEqual([]);
    } finally {
      await company.stop();
    }
  });
});

describeWith(["dovecot"], "a CA on the path that is revoked", () => {
  const web = new LoopbackServer();
  let company: Company;
  let issuing: Authority;
  let cross: Identity;

  beforeAll(async () => {
    await web.start();
    company = await openCompany({ config: { network: { private_addresses: true } } });
    const { root, folder } = company.site;
    const other = Authority.root(`${folder}/other`, { name: "Other Root" });
    await company.site.keybot(["trust", "add", other.identity.certFile, "--any-domain"]);
    issuing = root.intermediate({ name: "Crossed CA", crlUrl: web.url("/root.crl") });
    cross = other.issue({
      name: "Crossed CA",
      keyFile: issuing.identity.keyFile,
      extendedKeyUsage: null,
      ...CA,
    });
    root.revoke(issuing.identity);
    web.pages.set("/root.crl", (_request, response) => response.end(root.crl()));
  });
  afterAll(() => company?.stop());

  async function brought(chain: readonly string[]): Promise<unknown> {
    const alice = issuing.issue({ addresses: ["alice@partner.example"] });
    await company.site.sendFromPartner(submission(alice, { chain }), [ROBOT]);
    await company.site.keybot(["poll"]);
    const [record] = (await company.site.keybot(["show", alice.sha256, "--json"])).records() as [
      { status: string },
    ];
    return record.status;
  }

  it("rejects what it issued", async () => {
    expect(await brought([issuing.identity.certFile])).toBe("rejected");
  });

  it("does not matter when another root vouches for the same CA (RFC 4158 §2.4)", async () => {
    expect(await brought([issuing.identity.certFile, cross.certFile])).toBe("active");
    expect(await brought([cross.certFile, issuing.identity.certFile])).toBe("active");
  });

  it("does not end what goes round it, when it is asked about again", async () => {
    const poll = await company.site.keybot(["poll"]);
    expect(poll.exit).toBe(0);
    const records = (await company.site.keybot(["list", "--status", "active", "--json"])).records();
    expect(records).toHaveLength(2);
  });
});
