/** `keybot trust update URL`, by the program itself: Node takes the CA of the test's https server at its start only. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { shownUrl } from "../../src/cli/fetch-list.ts";
import { openFolder } from "../lab/folder.ts";
import { runKeybot } from "../lab/keybot.ts";
import { certdata } from "../pki/certdata.ts";
import { corpus } from "../pki/path-corpora.ts";
import { LoopbackServer } from "../revocation/loopback-server.ts";
import { serverCertificates } from "../servers/certificates.ts";
import { Office } from "./office.ts";

const BUILT = existsSync(join(import.meta.dirname, "..", "..", "dist", "cli", "main.js"));
if (!BUILT) console.warn("trust update URL is not run: there is no dist/, npm run build makes it");

const folder = openFolder();
afterAll(() => folder.remove());
const certificates = serverCertificates(folder);
const ca = join(folder.path, "ca.pem");
writeFileSync(ca, certificates.ca);
const web = new LoopbackServer(certificates.good);
const elsewhere = new LoopbackServer(certificates.otherHost);
const plain = new LoopbackServer();
const PAGE = "\n<!DOCTYPE html>\n<html><body>certdata.txt</body></html>\n";
const BY_FILE = "download certdata.txt over https, and name the file";

let office: Office;

beforeAll(async () => {
  for (const server of [web, elsewhere, plain]) {
    await server.start();
    server.file("/certdata.txt", () => certdata({ der: office.root.identity.der, label: "First" }));
  }
  web.redirect("/moved", "/certdata.txt");
  web.redirect("/down", plain.url("/certdata.txt"));
  web.file("/certdata.txt?token=s3cret", () => certdata({ der: office.root.identity.der }));
  web.file("/page", () => Buffer.from(PAGE));
  web.file("/text", () => Buffer.from("No such tag.\n"));
  web.file("/cut-off", () => certdata({ der: office.root.identity.der }).subarray(0, -10));
  web.file("/large", () => Buffer.alloc(9 * 1024 * 1024));
});

beforeEach(() => {
  office = new Office();
  network("private_addresses = true");
});
afterEach(() => office.close());

function network(keys: string): void {
  const trust = '[trust]\npublic_roots = true\nrevocation = "off"\n';
  office.file("keybot.toml", `${office.configuration}\n${trust}\n[network]\n${keys}\n`);
}

async function keybot(...args: readonly string[]) {
  const { exit, stdout, stderr, records } = await runKeybot(join(office.folder, "keybot.toml"), args, {
    expectExit: "any",
    env: {
      NODE_EXTRA_CA_CERTS: ca,
      SUDO_USER: "erika",
      KEYBOT_IMAP_PASSWORD: "x",
      KEYBOT_SMTP_PASSWORD: "x",
    },
  });
  return { exit, stdout, stderr, records };
}

const update = (url: string, ...more: readonly string[]) => keybot("trust", "update", url, "--yes", ...more);

describe.skipIf(!BUILT)("keybot trust update URL", () => {
  it("fetches the list, says so, shows what comes, and does it without a terminal with --yes", async () => {
    const url = web.url("/certdata.txt");
    const { exit, stdout, stderr } = await update(url);
    expect([exit, stderr.replace(/\d+\.\d seconds/, "T seconds")]).toEqual([
      0,
      `fetching ${url} (at most 120 seconds)\nfetched ${certdata({ der: office.root.identity.der, label: "First" }).length} bytes in T seconds\n`,
    ]);
    expect(stdout.replace(/[0-9a-f]{16}/g, "{sha256}")).toBe(
      `${url} (SHA-256 {sha256}) names 1 CA for e-mail\n+ First ({sha256})\n` +
        "1 public CA trusted: 1 added, 0 changed, 0 removed, 0 as before\n",
    );
    const listed = await keybot("trust", "list");
    expect(listed.stderr).toMatch(
      /^public CAs: https:\/\/\S+ \(SHA-256 [0-9a-f]{16}\) loaded on \S+ by erika\n$/,
    );
    expect(listed.stderr).toContain(url);
    expect(listed.stdout).toContain(office.root.identity.sha256);
  });

  it("names the URL in the audit trail, without what may be secret in it", async () => {
    expect((await update(web.url("/certdata.txt?token=s3cret#here"), "--reason", "quarterly")).exit).toBe(0);
    await office.store(async (store) => {
      const [entry] = await store.auditEntries();
      expect(entry).toMatchObject({
        action: "trust.updated",
        actor: "erika",
        reason: "quarterly",
        detail: { list: `${web.url("/certdata.txt")}?…`, added: 1 },
      });
    });
  });

  it("prints one object with --json, and nothing besides with --quiet", async () => {
    const { exit, stderr, records } = await update(web.url("/moved"), "--json", "--quiet");
    expect([exit, stderr]).toEqual([0, ""]);
    expect(records()).toMatchObject([{ action: "updated", list: { name: web.url("/moved"), dated: null } }]);
    const again = await update(web.url("/moved"), "--json");
    expect(again.records()).toMatchObject([{ action: "unchanged", unchanged: 1 }]);
    expect(again.stderr).toMatch(/^fetching /);
  });

  it("asks before anything is changed: without a terminal and --yes nothing is", async () => {
    const { exit, stderr } = await keybot("trust", "update", web.url("/certdata.txt"));
    expect([exit, stderr]).toEqual([
      2,
      expect.stringContaining("there is nobody to ask: trust these? [y/N]"),
    ]);
    expect((await keybot("trust", "list")).stdout).toBe("");
  });

  it.each<[string, () => string, number, string, string]>([
    [
      "http",
      () => plain.url("/certdata.txt"),
      2,
      "URL is not fetched: certdata.txt carries no signature, so without TLS anybody on the way could add a CA",
      `name an https:// URL, or ${BY_FILE}`,
    ],
    [
      "another scheme",
      () => "ftp://lists.example/certdata.txt",
      2,
      "URL is not fetched (neither http nor https)",
      `name an https:// URL without user and password, or ${BY_FILE}`,
    ],
    [
      "a redirect to http",
      () => web.url("/down"),
      1,
      "URL cannot be fetched, because a redirect is not followed (http without TLS, at PLAIN)",
      `name the https:// URL that it leads to, or ${BY_FILE}`,
    ],
    [
      "a certificate of another host",
      () => elsewhere.url("/certdata.txt"),
      1,
      "URL is not fetched, because TLS with the server fails (ERR_TLS_CERT_ALTNAME_INVALID)",
      `when a proxy of your own opens TLS, NODE_EXTRA_CA_CERTS=FILE names its CA; else ${BY_FILE}`,
    ],
    [
      "a missing file",
      () => web.url("/no-such-tag"),
      1,
      "URL cannot be fetched (status 404)",
      `look whether the URL is right, its tag or branch above all, or ${BY_FILE}`,
    ],
    [
      "too large a file",
      () => web.url("/large"),
      1,
      "URL is too large for a list of CAs (9437184 bytes)",
      "name the URL of certdata.txt itself",
    ],
    [
      "a web page",
      () => web.url("/page"),
      2,
      "URL is a web page and no list of CAs",
      'name the URL of the file itself, which sites call "raw"',
    ],
    [
      "another text",
      () => web.url("/text"),
      2,
      "URL is not a list of public CAs, or a damaged one (root list: no BEGINDATA)",
      "keybot reads Mozilla's certdata.txt, or what data/roots/make.mjs writes",
    ],
    [
      "a list that is cut off",
      () => web.url("/cut-off"),
      2,
      "URL is not a list of public CAs, or a damaged one (root list: cut off in its last line)",
      "keybot reads Mozilla's certdata.txt, or what data/roots/make.mjs writes",
    ],
  ])("refuses %s, and changes nothing", async (_what, urlOf, code, message, hint) => {
    const url = urlOf();
    plain.requests.length = 0;
    const { exit, stdout, stderr } = await update(url, "--quiet");
    const said = message.replace("URL", url).replace("PLAIN", `127.0.0.1:${plain.port}`);
    expect({ exit, stdout, stderr }).toEqual({
      exit: code,
      stdout: "",
      stderr: `keybot: ${said}; nothing was changed\n  ${hint}\n`,
    });
    expect(plain.requests).toEqual([]);
    await office.store(async (store) => expect(await store.auditEntries()).toEqual([]));
  });

  it("prints no password that stands in the URL", async () => {
    const { exit, stderr } = await update(web.url("/certdata.txt?s3cret").replace("//", "//me:s3cret@"));
    expect([exit, stderr]).toEqual([2, expect.stringContaining("(user or password in the URL)")]);
    expect(stderr).not.toContain("s3cret");
  });

  it("reaches no private address, unless the configuration allows it", async () => {
    network("private_addresses = false");
    const { exit, stderr } = await update(web.url("/certdata.txt"), "--quiet");
    expect([exit, stderr]).toEqual([
      2,
      `keybot: ${web.url("/certdata.txt")} is not fetched (127.0.0.1 is not a public address); nothing was changed\n` +
        `  ${BY_FILE}; private_addresses = true in [network] would allow it, for URLs in certificates too\n`,
    ]);
  });

  it("goes through the proxy of the configuration, with TLS to the list's own server", async () => {
    const proxy = await new LoopbackServer().start();
    proxy.server.on("connect", (request, socket) => {
      proxy.requests.push(`CONNECT ${request.url}`);
      const behind = connect(elsewhere.port, "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        behind.pipe(socket).pipe(behind);
      });
      behind.on("error", () => socket.destroy());
    });
    network(`proxy = "http://127.0.0.1:${proxy.port}"`);
    expect((await update("https://mail.other.example/certdata.txt")).exit).toBe(0);
    const { exit, stderr } = await update("https://mail.third.example/certdata.txt");
    expect([exit, stderr]).toEqual([1, expect.stringContaining("ERR_TLS_CERT_ALTNAME_INVALID")]);
    expect(proxy.requests).toEqual(["CONNECT mail.other.example:443", "CONNECT mail.third.example:443"]);
  });

  const nss = corpus("nss");

  it.skipIf(nss === null)("loads Mozilla's own list of May 2026", async () => {
    web.file("/nss/certdata.txt", () => readFileSync(join(nss ?? "", "certdata.txt")));
    const { exit, stdout } = await update(web.url("/nss/certdata.txt"));
    expect([exit, stdout]).toEqual([0, expect.stringMatching(/\n90 public CAs trusted: 90 added, .*\n$/)]);
  });
});

describe("the URL as it is shown", () => {
  it.each([
    ["https://lists.example/certdata.txt", "https://lists.example/certdata.txt"],
    ["HTTPS://Lists.Example:443/a/../b", "https://lists.example/b"],
    ["https://me:secret@lists.example/x?key=secret#secret", "https://lists.example/x?…"],
    ["https://lists.example/\u001b[31m\u202e", "https://lists.example/%1B[31m%E2%80%AE"],
    ["https://me:secret@:99999/x?key=secret", "https://:99999/x"],
  ])("%j: %s", (text, shown) => expect(shownUrl(text)).toBe(shown));
});
