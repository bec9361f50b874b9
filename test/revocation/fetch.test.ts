import { execFile } from "node:child_process";
import { connect } from "node:net";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { Budget } from "../../src/revocation/budget.ts";
import { fetchUrl } from "../../src/revocation/fetch.ts";
import type { Fetched, FetchRequest } from "../../src/revocation/fetched.ts";
import { ASK_LIMITS, type AskLimits } from "../../src/revocation/limits.ts";
import type { Network } from "../../src/revocation/route.ts";
import { KEYS, Scratch } from "../pki/openssl-scratch.ts";
import { LoopbackServer } from "./loopback-server.ts";

const scratch = new Scratch();
const web = new LoopbackServer();
const BYTES = Buffer.from("not really a CRL");
/** Loopback is a private address, so most tests allow those. */
const OPEN: Network = { proxy: null, privateAddresses: true, lookup: async () => ["127.0.0.1"] };
const CLOSED: Network = { ...OPEN, privateAddresses: false };

async function fetchIt(
  url: string,
  more: Partial<FetchRequest> = {},
  network = OPEN,
  limits: Partial<AskLimits> = {},
): Promise<Fetched> {
  const budget = new Budget({ ...ASK_LIMITS, ...limits });
  try {
    return await fetchUrl({ url, post: null, maxBytes: 100_000, ...more }, network, budget);
  } finally {
    budget.close();
  }
}

/** For what never answers: a busy machine answers everything else later than that. */
const IMPATIENT: Partial<AskLimits> = { exchangeMilliseconds: 400 };

/** `ok`, or why not. */
async function outcome(...asked: Parameters<typeof fetchIt>): Promise<string> {
  const fetched = await fetchIt(...asked);
  return fetched.ok ? "ok" : fetched.why;
}

beforeAll(async () => {
  await web.start();
  web.file("/a.crl", () => BYTES);
  web.file("/page.html", () => Buffer.from("<html>"));
  web.file("/big", () => Buffer.alloc(100_001));
  web.pages.set("/endless", (_request, response) => {
    const drain = () => {
      while (!response.destroyed && response.write(Buffer.alloc(16_384))) {
        // as much as goes
      }
    };
    response.on("drain", drain);
    drain();
  });
  web.pages.set("/drip", (_request, response) => {
    const timer = setInterval(() => response.write("."), 50);
    response.on("close", () => clearInterval(timer));
  });
  web.pages.set("/silent", () => {});
  web.pages.set("/reset", (request) => request.socket.destroy());
  web.pages.set("/short", (_request, response) => {
    response.writeHead(200, { "Content-Length": "1000" });
    response.write("too short", () => response.destroy());
  });
  web.pages.set("/liar", (_request, response) =>
    response.writeHead(200, { "Content-Length": "100001" }).flushHeaders(),
  );
  web.pages.set("/bomb", (_request, response) =>
    response.writeHead(200, { "Content-Encoding": "gzip" }).end(gzipSync(Buffer.alloc(10_000_000))),
  );
  web.pages.set("/bombs-away", (_request, response) => response.end(gzipSync(Buffer.alloc(10_000_000))));
  web.pages.set("/upgrade", (request) =>
    request.socket.end("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"),
  );
  web.pages.set("/garbage", (request) => request.socket.end("220 mail.example ESMTP\r\n"));
  web.pages.set("/header", (request) =>
    request.socket.end(`HTTP/1.1 200 OK\r\nX: ${"a".repeat(100_000)}\r\n\r\n`),
  );
  web.pages.set("/nowhere", (_request, response) => response.writeHead(302).end());
  web.pages.set("/cookie", (request, response) => {
    const sent = JSON.stringify(request.headers);
    response.setHeader("Set-Cookie", "a=b");
    if (request.headers.cookie === undefined) response.end(sent);
    else response.writeHead(500).end();
  });
  web.pages.set("/post", (_request, response, body) => response.end(body));
  web.redirect("/here", "/a.crl");
  web.redirect("/here-for-good", "/a.crl", 308);
  web.redirect("/loop", "/loop");
  web.redirect("/three", "/two");
  web.redirect("/two", "/here");
  web.redirect("/four", "/three");
  web.redirect("/to-file", "file:///etc/passwd");
  web.redirect("/to-mail", "http://127.0.0.1:25/");
  web.redirect("/post-moved", "/post", 302);
  web.redirect("/post-kept", "/post", 307);
});

describe("fetchUrl: what it brings", () => {
  it("the bytes, whatever the server calls them", async () => {
    expect(await fetchIt(web.url("/a.crl"))).toEqual({ ok: true, bytes: BYTES });
    expect(await outcome(web.url("/page.html"))).toBe("ok");
  });

  it("a POST with its type", async () => {
    const post = { body: Buffer.from("question"), contentType: "application/ocsp-request", asGet: null };
    expect(await fetchIt(web.url("/post"), { post })).toEqual({ ok: true, bytes: post.body });
  });

  it("under a host name, with the Host header of the name and neither cookies nor referrer", async () => {
    const fetched = await fetchIt(web.url("/cookie", "ca.example"));
    const headers: unknown = JSON.parse(Buffer.from(fetched.ok ? fetched.bytes : "").toString());
    expect(headers).toEqual({
      host: `ca.example:${web.port}`,
      accept: "*/*",
      "accept-encoding": "identity",
      "user-agent": "keybot",
      connection: "close",
    });
  });

  it("compressed bytes without a word about it, as they came", async () => {
    const fetched = await fetchIt(web.url("/bombs-away"));
    expect(fetched.ok && fetched.bytes.length).toBe(gzipSync(Buffer.alloc(10_000_000)).length);
  });
});

describe("fetchUrl: why it brings nothing", () => {
  it.each([
    ["/missing", "status"],
    ["/big", "too-large"],
    ["/liar", "too-large"],
    ["/endless", "too-large"],
    ["/drip", "timeout"],
    ["/silent", "timeout"],
    ["/reset", "unreachable"],
    ["/short", "unreachable"],
    ["/upgrade", "unreachable"],
    ["/garbage", "unreachable"],
    ["/header", "unreachable"],
    ["/bomb", "encoding"],
    ["/nowhere", "redirect"],
  ])("%s: %s", async (path, why) =>
    expect(await outcome(web.url(path), {}, OPEN, why === "timeout" ? IMPATIENT : {})).toBe(why),
  );

  it("a body that is not over in time is given up, however much it drips", async () => {
    const started = performance.now();
    await outcome(web.url("/drip"), {}, OPEN, IMPATIENT);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it("nobody listens", async () => {
    const other = await new LoopbackServer().start();
    const url = other.url("/");
    await new Promise((resolve) => other.server.close(resolve));
    expect(await outcome(url)).toBe("unreachable");
  });

  it.each<[string, Network["lookup"]]>([
    ["no such name", () => Promise.reject(new Error("ENOTFOUND"))],
    ["no address", async () => []],
  ])("%s", async (_, lookup) =>
    expect(await outcome("http://ca.example/", {}, { ...OPEN, lookup })).toBe("name"),
  );

  it("a name server that does not answer", async () => {
    const lookup = () => new Promise<never>(() => {});
    expect(await outcome("http://ca.example/", {}, { ...OPEN, lookup }, IMPATIENT)).toBe("timeout");
  });

  it("a server certificate of nobody that the runtime knows", async () => {
    const tls = await startTlsServer("localhost");
    expect(await outcome(tls.web.url("/a.crl"))).toBe("tls");
    expect(tls.web.requests).toEqual([]);
  });
});

/** A web server with a self-signed certificate for this name, and the file that it stands in. */
async function startTlsServer(name: string) {
  scratch.selfSigned("tls", KEYS["P-256"], ["-addext", `subjectAltName=DNS:${name}`]);
  const [key, cert] = [scratch.read("tls.key").toString(), scratch.read("tls.crt").toString()];
  const tls = await new LoopbackServer({ key, cert }).start();
  tls.file("/a.crl", () => BYTES);
  return { web: tls, port: tls.port, certificate: scratch.path("tls.crt") };
}

function sourceFile(name: string): string {
  return new URL(`../../src/revocation/${name}`, import.meta.url).href;
}

describe("fetchUrl: redirects", () => {
  it.each([
    ["/here", "ok"],
    ["/here-for-good", "ok"],
    ["/three", "ok"],
    ["/four", "redirect"],
    ["/loop", "redirect"],
    ["/to-file", "redirect"],
    ["/to-mail", "redirect"],
  ])("%s: %s", async (path, why) => expect(await outcome(web.url(path))).toBe(why));

  it.each([
    [405, "/post-refused"],
    [301, "/post-301"],
    [302, "/post-302"],
    [303, "/post-303"],
  ])("RFC 5019 §5: a POST that status %d answers is asked again as a GET", async (status, path) => {
    web.pages.set(path, (request, response, body) => {
      if (request.method === "POST") response.writeHead(status, { Location: "/nowhere" }).end();
      else response.end(body);
    });
    web.pages.set(`${path}/cXVl`, (request, response) => response.end(request.method));
    const asGet = web.url(`${path}/cXVl`);
    const post = { body: Buffer.from("que"), contentType: "application/ocsp-request", asGet };
    const before = web.requests.length;
    expect(await fetchIt(web.url(path), { post })).toEqual({ ok: true, bytes: Buffer.from("GET") });
    expect(web.requests.slice(before)).toEqual([`POST ${path}`, `GET ${path}/cXVl`]);
    web.pages.delete(`${path}/cXVl`);
    expect(await fetchIt(web.url(path), { post })).toEqual({
      ok: false,
      why: "status",
      detail: "status 404",
    });
  });

  it("RFC 9110 §15.4: a POST is repeated only where it stays a POST", async () => {
    const post = { body: Buffer.from("question"), contentType: "application/ocsp-request", asGet: null };
    expect(await outcome(web.url("/post-moved"), { post })).toBe("redirect");
    expect(await fetchIt(web.url("/post-kept"), { post })).toEqual({ ok: true, bytes: post.body });
  });
});

describe("fetchUrl: addresses that are not public", () => {
  it.each([
    "http://127.0.0.1:PORT/a.crl",
    "http://localhost:PORT/a.crl",
    "http://ca.example:PORT/a.crl",
    "http://[::1]:PORT/a.crl",
    "http://[::ffff:127.0.0.1]:PORT/a.crl",
    "http://2130706433:PORT/a.crl",
    "http://0:PORT/a.crl",
  ])("%s is refused before any connection", async (url) => {
    const before = web.requests.length;
    expect(await outcome(url.replace("PORT", String(web.port)), {}, CLOSED)).toBe("private-address");
    expect(web.requests).toHaveLength(before);
  });

  it("one private address among public ones is enough", async () => {
    const lookup = async () => ["8.8.8.8", "10.0.0.1"];
    expect(await outcome("http://ca.example/", {}, { ...CLOSED, lookup })).toBe("private-address");
  });

  it("a redirect to one is refused", async () => {
    // The first host counts as public for this test only: the route is what is under test.
    const from = await new LoopbackServer().start();
    from.redirect("/", web.url("/a.crl", "inside.example"));
    const asked: string[] = [];
    const lookup = async (host: string) => {
      asked.push(host);
      return host === "inside.example" ? ["10.0.0.1"] : ["127.0.0.1"];
    };
    const network: Network = {
      proxy: null,
      lookup,
      get privateAddresses() {
        return asked.at(-1) === "outside.example";
      },
    };
    expect(await outcome(from.url("/", "outside.example"), {}, network)).toBe("private-address");
    expect(asked).toEqual(["outside.example", "inside.example"]);
  });

  it("DNS rebinding: the name is looked up once, and the connection goes to that answer", async () => {
    const answers = [["127.0.0.1"], ["192.0.2.1"], ["192.0.2.1"]];
    let lookups = 0;
    const lookup = async () => answers[lookups++] ?? [];
    expect(await outcome(web.url("/a.crl", "rebind.example"), {}, { ...OPEN, lookup })).toBe("ok");
    expect(lookups).toBe(1);
  });

  it("DNS rebinding: each redirect is looked up and checked anew", async () => {
    web.redirect("/again", web.url("/a.crl", "rebind.example"));
    const answers = [["127.0.0.1"], ["10.0.0.1"]];
    let lookups = 0;
    const network: Network = {
      proxy: null,
      lookup: async () => answers[lookups++] ?? [],
      get privateAddresses() {
        return lookups < 2;
      },
    };
    expect(await outcome(web.url("/again", "rebind.example"), {}, network)).toBe("private-address");
  });
});

describe("fetchUrl: the budget of a message", () => {
  it("counts exchanges, redirects included", async () => {
    expect(await outcome(web.url("/here"), {}, OPEN, { requests: 2 })).toBe("ok");
    expect(await outcome(web.url("/here"), {}, OPEN, { requests: 1 })).toBe("budget");
  });

  it("counts bytes over all fetches", async () => {
    const budget = new Budget({ ...ASK_LIMITS, bytes: BYTES.length + 1 });
    const request = { url: web.url("/a.crl"), post: null, maxBytes: 1_000 };
    expect(await fetchUrl(request, OPEN, budget)).toMatchObject({ ok: true });
    expect(await fetchUrl(request, OPEN, budget)).toMatchObject({ why: "budget" });
    budget.close();
  });

  it("ends what is on its way when the time is over", async () => {
    const limits = { milliseconds: 100, exchangeMilliseconds: 60_000 };
    expect(await outcome(web.url("/silent"), {}, OPEN, limits)).toBe("timeout");
  });
});

describe("fetchUrl: through a proxy", () => {
  /** A proxy that leads to one server, whatever host it is asked for, except a forbidden one. */
  async function startProxy(port = web.port): Promise<LoopbackServer> {
    const proxy = await new LoopbackServer().start();
    proxy.pages.set("http://ca.example/a.crl", (_request, response) => response.end(BYTES));
    proxy.server.on("connect", (request, socket) => {
      proxy.requests.push(`CONNECT ${request.url}`);
      if (request.url?.startsWith("forbidden.example:")) {
        socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
        return;
      }
      const behind = connect(port, "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        behind.pipe(socket).pipe(behind);
      });
      behind.on("error", () => socket.destroy());
    });
    return proxy;
  }

  const network = (proxy: LoopbackServer, lookup: Network["lookup"]): Network => ({
    proxy: proxy.url("/"),
    privateAddresses: false,
    lookup,
  });
  const never: Network["lookup"] = () => Promise.reject(new Error("not asked"));

  it("RFC 9112 §3.2.2: http in absolute form; the proxy looks the name up", async () => {
    const proxy = await startProxy();
    expect(await fetchIt("http://ca.example/a.crl", {}, network(proxy, never))).toEqual({
      ok: true,
      bytes: BYTES,
    });
    expect(proxy.requests).toEqual(["GET http://ca.example/a.crl"]);
  });

  it("RFC 9110 §9.3.6: https through a tunnel, in which TLS is spoken with the host", async () => {
    const proxy = await startProxy();
    // Behind the tunnel nobody speaks TLS here: that it fails in the handshake shows that it is spoken.
    expect(await outcome("https://ca.example/a.crl", {}, network(proxy, never))).toBe("tls");
    expect(proxy.requests).toEqual(["CONNECT ca.example:443"]);
  });

  it("https, directly and through a tunnel, from a server whose certificate holds", async () => {
    const tls = await startTlsServer("localhost");
    const proxy = await startProxy(tls.port);
    // Node takes further CAs at its start only, hence the process; the name in the certificate is what TLS must check.
    const script = `
      import { Budget } from ${JSON.stringify(sourceFile("budget.ts"))};
      import { fetchUrl } from ${JSON.stringify(sourceFile("fetch.ts"))};
      import { ASK_LIMITS } from ${JSON.stringify(sourceFile("limits.ts"))};
      const direct = { proxy: null, privateAddresses: true, lookup: async () => ["127.0.0.1"] };
      const proxied = { ...direct, proxy: ${JSON.stringify(proxy.url("/"))} };
      for (const [host, network] of [["localhost", direct], ["other.example", direct], ["localhost", proxied], ["other.example", proxied]]) {
        const budget = new Budget(ASK_LIMITS);
        const url = "https://" + host + ":${tls.port}/a.crl";
        const fetched = await fetchUrl({ url, post: null, maxBytes: 1000 }, network, budget);
        console.log(fetched.ok ? Buffer.from(fetched.bytes).toString() : fetched.why);
        budget.close();
      }`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--import", "tsx", "--input-type=module", "--eval", script],
      { env: { ...process.env, NODE_EXTRA_CA_CERTS: tls.certificate } },
    );
    expect(stdout.trim().split("\n")).toEqual([BYTES.toString(), "tls", BYTES.toString(), "tls"]);
    expect(tls.web.requests).toEqual(["GET /a.crl", "GET /a.crl"]);
  });

  it("a tunnel that the proxy refuses", async () => {
    const proxy = await startProxy();
    expect(await outcome("https://forbidden.example/", {}, network(proxy, never))).toBe("unreachable");
  });

  it("an address that is not public is refused here already", async () => {
    const proxy = await startProxy();
    expect(await outcome("http://169.254.169.254/", {}, network(proxy, never))).toBe("private-address");
    expect(proxy.requests).toEqual([]);
  });
});
