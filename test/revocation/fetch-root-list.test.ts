import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Fetched } from "../../src/revocation/index.ts";
import { run } from "../lab/command.ts";
import { openFolder } from "../lab/folder.ts";
import { serverCertificates } from "../servers/certificates.ts";
import { LoopbackServer } from "./loopback-server.ts";

const folder = openFolder();
afterAll(() => folder.remove());
const certificates = serverCertificates(folder);
const web = new LoopbackServer(certificates.good);
const second = new LoopbackServer(certificates.good);
const plain = new LoopbackServer();
const otherHost = new LoopbackServer(certificates.otherHost);
const expired = new LoopbackServer(certificates.expired);
const selfSigned = new LoopbackServer(certificates.selfSigned);
const SERVERS = { web, second, plain, otherHost, expired, selfSigned };
type Name = keyof typeof SERVERS;

const LIST = Buffer.from("a list");
const MAX_BYTES = 8 * 1024 * 1024;

beforeAll(async () => {
  for (const server of Object.values(SERVERS)) {
    await server.start();
    server.file("/certdata.txt", () => LIST);
  }
  web.redirect("/moved", second.url("/certdata.txt"));
  web.redirect("/relative", "certdata.txt");
  web.redirect("/down", plain.url("/certdata.txt"));
  second.redirect("/down", plain.url("/certdata.txt"));
  web.redirect("/down-later", second.url("/down"));
  plain.redirect("/up", web.url("/certdata.txt"));
  web.redirect("/to-expired", expired.url("/certdata.txt"));
  web.redirect("/to-nothing", second.url("/nothing"));
  web.redirect("/loop", "/loop");
  web.pages.set("/chunked", (_request, response) => {
    response.write(LIST.subarray(0, 2), () => response.end(LIST.subarray(2)));
  });
  web.pages.set("/until-closed", (request) => request.socket.end(`HTTP/1.1 200 OK\r\n\r\n${LIST}`));
  web.file("/largest", () => Buffer.alloc(MAX_BYTES));
  web.file("/larger", () => Buffer.alloc(MAX_BYTES + 1));
  web.pages.set("/endless", (_request, response) => {
    const drain = () => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536))) {
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
});

interface Asked {
  readonly url: string;
  readonly privateAddresses?: boolean;
  /** For the whole fetch; the product's when it is left out. */
  readonly milliseconds?: number;
}

type Outcome = { readonly ok: true; readonly length: number } | Extract<Fetched, { ok: false }>;

/** Fetches in a process that trusts the CA of these servers: Node takes further CAs at its start only. */
async function fetchAll(
  asked: readonly Asked[],
  env: Record<string, string> = {},
): Promise<readonly Outcome[]> {
  const ca = join(folder.path, "ca.pem");
  writeFileSync(ca, certificates.ca);
  const room = JSON.stringify(new URL("../../src/revocation/index.ts", import.meta.url).href);
  const script = `
    import { fetchRootList, ROOT_LIST_LIMITS } from ${room};
    const lookup = async () => ["127.0.0.1"];
    const outcomes = [];
    for (const { url, privateAddresses = true, milliseconds } of ${JSON.stringify(asked)}) {
      const limits = milliseconds === undefined ? ROOT_LIST_LIMITS : { ...ROOT_LIST_LIMITS, milliseconds };
      const fetched = await fetchRootList(url, { proxy: null, privateAddresses, lookup, limits });
      outcomes.push(fetched.ok ? { ok: true, length: fetched.bytes.length } : fetched);
    }
    console.log(JSON.stringify(outcomes));`;
  const { stdout } = await run(
    process.execPath,
    ["--import", "tsx", "--input-type=module", "--eval", script],
    { env: { NODE_EXTRA_CA_CERTS: ca, ...env } },
  );
  return JSON.parse(stdout.toString()) as readonly Outcome[];
}

const OK: Outcome = { ok: true, length: LIST.length };

/** What is refused, at which server and page, and why; `{plain}` is that server's host and port. */
const REFUSED: readonly (readonly [what: string, server: Name, path: string, why: string, detail: string])[] =
  [
    ["http", "plain", "/certdata.txt", "url", "http without TLS, at {plain}"],
    ["http that would lead to https", "plain", "/up", "url", "http without TLS, at {plain}"],
    ["a redirect to http", "web", "/down", "redirect", "http without TLS, at {plain}"],
    ["a second redirect, to http", "web", "/down-later", "redirect", "http without TLS, at {plain}"],
    ["redirects without end", "web", "/loop", "redirect", "over 3 redirects"],
    ["another host's certificate", "otherHost", "/certdata.txt", "tls", "ERR_TLS_CERT_ALTNAME_INVALID"],
    ["a certificate that has expired", "expired", "/certdata.txt", "tls", "CERT_HAS_EXPIRED"],
    ["a certificate of nobody", "selfSigned", "/certdata.txt", "tls", "DEPTH_ZERO_SELF_SIGNED_CERT"],
    [
      "an expired one behind a redirect",
      "web",
      "/to-expired",
      "tls",
      "CERT_HAS_EXPIRED, redirected to {expired}",
    ],
    ["a page that is not there", "web", "/nothing", "status", "status 404"],
    ["one behind a redirect", "web", "/to-nothing", "status", "status 404, redirected to {second}"],
    ["more bytes than a list has", "web", "/larger", "too-large", `${MAX_BYTES + 1} bytes`],
    ["bytes without end", "web", "/endless", "too-large", `over ${MAX_BYTES} bytes`],
    [
      "a body that anybody can cut off",
      "web",
      "/until-closed",
      "encoding",
      "the answer does not tell its length",
    ],
  ];

describe("fetchRootList", () => {
  it("brings what an https server has, directly and behind redirects to https", async () => {
    const paths = ["/certdata.txt", "/chunked", "/moved", "/relative", "/largest"];
    expect(await fetchAll(paths.map((path) => ({ url: web.url(path) })))).toEqual([
      OK,
      OK,
      OK,
      OK,
      { ok: true, length: MAX_BYTES },
    ]);
  });

  describe("refuses", () => {
    let outcomes: readonly Outcome[];
    beforeAll(async () => {
      plain.requests.length = 0;
      outcomes = await fetchAll(REFUSED.map(([_what, server, path]) => ({ url: SERVERS[server].url(path) })));
    }, 60_000);

    it.each(REFUSED.map((row, index) => [row[0], index, ...row.slice(3)] as const))(
      "%s",
      (_what, index, why, detail) => {
        const said = detail?.replace(/\{(\w+)\}/, (_, name) => `127.0.0.1:${SERVERS[name as Name].port}`);
        expect(outcomes[index]).toMatchObject({ ok: false, why, detail: said });
      },
    );

    it("all that is http without a word to its server", () => expect(plain.requests).toEqual([]));
  });

  it("refuses an https port that speaks no TLS, and ends a body that drips when the time is over", async () => {
    const asked = [
      { url: plain.url("/certdata.txt").replace("http:", "https:") },
      { url: web.url("/drip"), milliseconds: 500 },
    ];
    expect(await fetchAll(asked)).toMatchObject([{ why: "tls" }, { why: "timeout" }]);
  });

  it("refuses an address that is not public, unless the configuration allows it", async () => {
    const url = web.url("/certdata.txt");
    web.requests.length = 0;
    expect(
      await fetchAll([
        { url, privateAddresses: false },
        { url, privateAddresses: true },
      ]),
    ).toMatchObject([{ why: "private-address" }, OK]);
    expect(web.requests).toEqual(["GET /certdata.txt"]);
  });

  it("verifies TLS also where the environment tells Node not to", async () => {
    const asked = [{ url: selfSigned.url("/certdata.txt") }, { url: web.url("/certdata.txt") }];
    const outcomes = await fetchAll(asked, { NODE_TLS_REJECT_UNAUTHORIZED: "0" });
    expect(outcomes).toMatchObject([{ why: "tls" }, OK]);
  });
});
