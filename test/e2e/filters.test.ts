import { utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { DEFAULT_POLICY, type ResultsPlace } from "../../src/policy.ts";
import { readMessage } from "../../src/read/index.ts";
import { describeWith } from "../lab/available.ts";
import { run } from "../lab/command.ts";
import { type Milter, type MilterField, startMilter } from "../lab/milter.ts";
import { plainMail } from "../lab/openssl.ts";
import { ROBOT, type Site, startSite } from "../lab/site.ts";
import { arrived } from "./company.ts";

// docs/WIRING.md promises what stands here. FC-43: a filter on a real Postfix, at each place where filters write.

const KEYBOT = join(import.meta.dirname, "..", "..", "bin", "keybot");
const ANNA = "anna@company.example";
const PARTNER = "alice@partner.example";
const INSIDE = "127.0.0.1";
const OWN_HOSTS = ["mx.company.example", "imap.company.example"];

const PASS = "mx.company.example; dmarc=pass header.from=partner.example";
const FAIL = "mx.company.example; dmarc=fail (p=reject dis=none) header.from=partner.example";
const said = (place: MilterField["place"], body: string): MilterField => ({
  place,
  name: "Authentication-Results",
  body,
});

describeWith(["dovecot", "postfix"], "a filter on Postfix", () => {
  let site: Site;
  let milter: Milter;
  beforeAll(async () => {
    milter = await startMilter();
    site = await startSite({
      stripForged: true,
      postfixSettings: `smtpd_milters = ${milter.setting}\nmilter_default_action = tempfail`,
    });
  }, 60_000);
  afterAll(async () => {
    await site?.stop();
    await milter?.stop();
  });
  it.each<
    [string, readonly MilterField[], readonly string[], { above: boolean | null; below: boolean | null }]
  >([
    ["index 0: above the border", [said("top", PASS)], [PASS, "Received"], { above: true, below: true }],
    ["index 1: directly below it", [said("below", PASS)], ["Received", PASS], { above: null, below: true }],
    [
      "two filters at index 1, one after the other",
      [
        said("below", "mx.company.example; dkim=pass header.d=partner.example"),
        said("below", "mx.company.example; dmarc=none"),
      ],
      [
        "Received",
        "mx.company.example; dmarc=none",
        "mx.company.example; dkim=pass header.d=partner.example",
      ],
      { above: null, below: true },
    ],
    [
      "appended: below all that the sender wrote",
      [said("end", PASS)],
      ["Received", PASS],
      { above: null, below: null },
    ],
    ["a failure at index 0", [said("top", FAIL)], [FAIL, "Received"], { above: false, below: false }],
    ["a failure at index 1", [said("below", FAIL)], ["Received", FAIL], { above: false, below: false }],
    ["a failure appended", [said("end", FAIL)], ["Received", FAIL], { above: false, below: false }],
  ])("%s", async (_, fields, order, expected) => {
    milter.writes = () => fields;
    const raw = await send(site, { to: ROBOT });
    // The border is the lowest Received; above it stands what delivery wrote.
    expect(traceOf(raw).slice(-order.length)).toEqual(order);
    expect(judged(raw)).toEqual(expected);
  });

  it.each([
    [
      "as our filter writes it",
      "Authentication-Results: mx.company.example; dmarc=pass header.from=partner.example",
    ],
    ["folded", "Authentication-Results:\r\n mx.company.example;\r\n dmarc=pass header.from=partner.example"],
    [
      "folded twice",
      "Authentication-Results: \r\n \r\n\tmx.company.example; dmarc=pass header.from=partner.example",
    ],
    ["in another case", "AUTHENTICATION-RESULTS: MX.COMPANY.EXAMPLE; DMARC=PASS HEADER.FROM=PARTNER.EXAMPLE"],
    ["version 1", "Authentication-Results: mx.company.example 1; dmarc=pass header.from=partner.example"],
    [
      "a blank before the colon",
      "Authentication-Results : mx.company.example; dmarc=pass header.from=partner.example",
    ],
  ])("the border takes away a forged field, %s, and leaves the filter's", async (_, forged) => {
    const silent = "mx.company.example; dmarc=none header.from=partner.example";
    milter.writes = () => [said("below", silent)];
    const raw = await send(site, { to: ROBOT, forged });
    expect(traceOf(raw).slice(-2)).toEqual(["Received", silent]);
    expect(judged(raw)).toEqual({ above: null, below: null });
  });

  it.each([
    ["in quotes", '"mx.company.example"; dmarc=pass header.from=partner.example'],
    ["behind a comment", "(x) mx.company.example; dmarc=pass header.from=partner.example"],
    ["with a backslash in it", "mx.company\\.example; dmarc=pass header.from=partner.example"],
  ])("what the border overlooks, an id %s, is not believed", async (_, forged) => {
    milter.writes = () => [said("below", "mx.company.example; dmarc=none header.from=partner.example")];
    const raw = await send(site, { to: ROBOT, forged: `Authentication-Results: ${forged}` });
    expect(traceOf(raw)).toContain(forged);
    expect(judged(raw)).toEqual({ above: null, below: null });
  });

  it("no request that the filter marks as failed is answered, wherever it writes", async () => {
    milter.writes = ({ address }) => (address === INSIDE ? [] : [said("below", FAIL)]);
    await send(site, { to: ANNA, subject: "[AXAZERTIFIKAT]" });
    await site.keybot(["poll"]);
    const ran = await site.keybot(["log", "--json", "--limit", "1"]);
    expect(JSON.parse(ran.stdout)).toMatchObject({ from: PARTNER, folder: "Unhandled", replies: [] });
  });

  it("doctor counts where they stand, in the mailbox and in the folders, and names the key", async () => {
    expect(await resultsCheck(site)).toMatchObject({
      state: "warning",
      says: expect.stringMatching(/^(\d+) of the newest \1 mails .* directly below it in [1-9]/),
      mend: expect.stringContaining('authentication_results = "below"'),
    });
  });

  it("mail that Sieve hands back passes no filter; with one, its word about us silences everybody", async () => {
    // What a filter says of a mail that our own machine brings: no SPF, no DKIM for the sender's domain.
    milter.writes = ({ address }) => [said("below", address === INSIDE ? FAIL : PASS)];
    const request = { to: ANNA, subject: "[AXAZERTIFIKAT]" };
    const raw = await send(site, request);
    expect(judged(raw)).toEqual({ above: null, below: true });
    expect(await inspected(site, raw, "above")).toBe(null);
    expect(await inspected(site, raw, "below")).toBe(true);

    await reinject(site, "no_header_body_checks");
    expect(judged(await send(site, request))).toEqual({ above: false, below: false });
  });
});

interface Check {
  readonly name: string;
  readonly says: string;
}

async function resultsCheck(site: Site): Promise<Check> {
  const { stdout } = await site.keybot(["doctor", "--json"], { expectExit: "any" });
  const checks: readonly Check[] = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  return checks.find(({ name }) => name === "results") ?? { name: "", says: stdout };
}

let sent = 0;

/** Sends a mail and returns it as the robot finds it. */
async function send(
  site: Site,
  {
    to,
    subject = "Question",
    forged,
  }: { readonly to: string; readonly subject?: string; readonly forged?: string },
): Promise<Buffer> {
  sent += 1;
  const before = (await inbox(site)).length;
  const messageId = `<${sent}@mail.partner.example>`;
  const mail = plainMail({ from: PARTNER, to: [to], subject, text: "Hello", messageId });
  // The first fields that the sender wrote stand directly below the border.
  const raw = forged === undefined ? mail : Buffer.concat([Buffer.from(`${forged}\r\n`), mail]);
  await site.sendFromPartner(raw, [to]);
  await arrived(site, before + 1);
  const received = (await inbox(site)).at(-1);
  if (received === undefined) throw new Error("nothing arrived");
  return received;
}

async function inbox(site: Site): Promise<readonly Buffer[]> {
  return ((await site.robotFolders()).INBOX ?? []).map(({ raw }) => raw);
}

/** `Received`, and the bodies of Authentication-Results, from the top. */
function traceOf(raw: Buffer): string[] {
  const header = raw.toString("latin1").split(/\r?\n\r?\n/, 1)[0] ?? "";
  return header
    .replace(/\r?\n(?=[ \t])/g, "")
    .split(/\r?\n/)
    .flatMap((line) => {
      const body = /^authentication-results\s*:\s*(.*)$/i.exec(line)?.[1];
      if (body !== undefined) return [body];
      return /^received:/i.test(line) ? ["Received"] : [];
    });
}

/** Whether the mail is authenticated, by where the results are looked for. */
function judged(raw: Buffer): Record<ResultsPlace, boolean | null> {
  const look = (authenticationResults: ResultsPlace): boolean | null =>
    readMessage(raw, {
      ...DEFAULT_POLICY,
      domains: ["company.example"],
      robot: [ROBOT],
      border: {
        ...DEFAULT_POLICY.border,
        ownHosts: OWN_HOSTS,
        ownNetworks: [`${INSIDE}/32`],
        authservIds: ["mx.company.example"],
        authenticationResults,
      },
    }).facts.authenticated;
  return { above: look("above"), below: look("below") };
}

/** The same by the command that docs/WIRING.md names. */
async function inspected(site: Site, raw: Buffer, place: ResultsPlace): Promise<unknown> {
  const file = join(site.folder, "judged.eml");
  writeFileSync(file, raw);
  const options = OWN_HOSTS.flatMap((host) => ["--own-host", host]);
  options.push("--own-network", `${INSIDE}/32`, "--authserv-id", "mx.company.example");
  options.push("--domain", "company.example", "--robot", ROBOT, "--authentication-results", place);
  const { stdout } = await run(process.execPath, [KEYBOT, "inspect", "--json", ...options, file]);
  return JSON.parse(stdout.toString("utf8")).authenticated;
}

/** Sets the options of the port by which Dovecot hands redirected mail back. */
async function reinject(site: Site, options: string): Promise<void> {
  const { postfix } = site;
  if (postfix === undefined) throw new Error("this needs Postfix");
  const service = `127.0.0.1:${postfix.reinjectPort}/inet/receive_override_options=${options}`;
  await run("postconf", ["-c", postfix.configFolder, "-P", service]);
  // Postfix waits before it reads a file that has just changed.
  const aMinuteAgo = Date.now() / 1000 - 60;
  utimesSync(join(postfix.configFolder, "master.cf"), aMinuteAgo, aMinuteAgo);
  await postfix.postfix(["reload"]);
}
