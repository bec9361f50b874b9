import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { LoopbackServer } from "../revocation/loopback-server.ts";
import { run } from "./command.ts";

const web = new LoopbackServer();
const BULK = "/-/npm/v1/security/advisories/bulk";
const QUICK = "/-/npm/v1/security/audits/quick";
afterEach(() => web.pages.clear());

/** The lock file names what is asked about; nothing is installed. */
async function audit(registry: string) {
  const args = [join(import.meta.dirname, "audit.mjs"), `--registry=${registry}`, "--fetch-retries=0"];
  const env = { npm_config_update_notifier: "false", npm_config_proxy: "", npm_config_https_proxy: "" };
  const root = join(import.meta.dirname, "..", "..");
  const { code, stdout } = await run(process.execPath, args, { cwd: root, env, check: false });
  return { code, line: stdout.toString() };
}

it("a package source without an audit is no fault, and it is said that nothing was checked", async () => {
  await web.start();
  for (const path of [BULK, QUICK])
    web.pages.set(path, (_request, response) => response.writeHead(405).end());
  expect(await audit(web.url("/"))).toEqual({
    code: 0,
    line: "audit: not checked: the package source offers no audit (HTTP 405)\n",
  });
});

it("a package source that knows of nothing", async () => {
  web.pages.set(BULK, (_request, response) => response.end("{}"));
  expect(await audit(web.url("/"))).toEqual({ code: 0, line: "audit: no known vulnerability\n" });
});

it("a known vulnerability is a fault, and is named", async () => {
  const advisory = {
    id: 1,
    url: "https://advisories.example/1",
    title: "a hole",
    severity: "high",
    vulnerable_versions: "*",
    cwe: [],
    cvss: { score: 7, vectorString: null },
  };
  web.pages.set(BULK, (_request, response) => response.end(JSON.stringify({ nodemailer: [advisory] })));
  web.pages.set("/nodemailer", (_request, response) =>
    response.end(JSON.stringify({ name: "nodemailer", versions: {}, "dist-tags": {} })),
  );
  const { code, line } = await audit(web.url("/"));
  expect({ code, line }).toEqual({ code: 1, line: expect.stringContaining("nodemailer (high)") });
});

it("an answer that nobody can read is a fault", async () => {
  for (const path of [BULK, QUICK])
    web.pages.set(path, (_request, response) => response.writeHead(500).end("<html>"));
  expect((await audit(web.url("/"))).code).toBe(1);
});
