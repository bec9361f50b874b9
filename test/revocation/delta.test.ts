import { beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../src/log.ts";
import { parseCrl } from "../../src/pki/crl.ts";
import { type Certificate, revocationStatuses } from "../../src/pki/index.ts";
import { openRevocationDesk, type RevocationDesk, revocationQuestions } from "../../src/revocation/index.ts";
import { RENEW_AFTER_MS } from "../../src/revocation/limits.ts";
import { OpensslCa } from "../pki/openssl-ca.ts";
import { good, KEYS } from "../pki/openssl-scratch.ts";
import { LoopbackServer } from "./loopback-server.ts";

/** Delta CRLs (RFC 5280 §5.2.4) of OpenSSL's from a web server; a new CA for each test, whose numbers start at 1. */
const web = await new LoopbackServer().start();
let ca: OpensslCa;
let desk: RevocationDesk;
let lateBy = 0;
const now = () => new Date(Date.now() + 1_000 + lateBy);

beforeEach(() => {
  ca = new OpensslCa(KEYS["P-256"]);
  desk = openRevocationDesk({ proxy: null, privateAddresses: true, cache: null, log: silentLog, now });
  lateBy = 0;
  web.pages.clear();
  web.requests.length = 0;
});

const BASE = () => `crlDistributionPoints=URI:${web.url("/base.crl")}`;
const FRESHEST = () => `freshestCRL=URI:${web.url("/delta.crl")}`;
/** deltaCRLIndicator: changes since number 1. OpenSSL knows no word for it. */
const SINCE_1 = "2.5.29.27=critical,DER:02:01:01";

/** Puts a CRL on the server as it is now. */
function publish(path: string, extensions: readonly string[] = [], days = 1): Buffer {
  const crl = ca.crl(days, extensions);
  web.file(path, () => crl);
  return crl;
}

/** What comes of asking and judging, and what was asked. */
async function asked(certificate: Certificate): Promise<[status: string, requests: readonly string[]]> {
  web.requests.length = 0;
  const path = [certificate, ca.certificate];
  const budget = desk.budget();
  const { crls, unanswered } = await desk.ask(revocationQuestions(path), budget);
  budget.close();
  const decoded = crls.map((der) => good(parseCrl(der)));
  const [status] = revocationStatuses({ path, ocsp: [], crls: decoded, others: [], at: now() });
  return [unanswered.length > 0 ? "unanswered" : (status?.status ?? ""), [...web.requests]];
}

/** The second opinion, on the same two lists. */
function opensslAccepts(name: string, ...crls: readonly Buffer[]): boolean {
  const pem = (der: Buffer) =>
    `-----BEGIN X509 CRL-----\n${der.toString("base64").replace(/.{64}/g, "$&\n")}\n-----END X509 CRL-----\n`;
  ca.scratch.write("all.pem", crls.map(pem).join(""));
  const how = ["-crl_check", "-use_deltas", "-extended_crl", "-CAfile", "ca.crt", "-CRLfile", "all.pem"];
  return ca.scratch.succeeds("verify", ...how, `${name}.crt`);
}

const BOTH = ["GET /base.crl", "GET /delta.crl"];

describe("delta CRLs", () => {
  it.each(["the certificate", "the complete CRL"])(
    "that %s names revoke (RFC 5280 §6.3.3 (i))",
    async (who) => {
      const byCertificate = who === "the certificate";
      const alice = ca.issue("alice", byCertificate ? [BASE(), FRESHEST()] : [BASE()]);
      const base = publish("/base.crl", byCertificate ? [] : [FRESHEST()]);
      ca.revoke("alice", "superseded");
      const delta = publish("/delta.crl", [SINCE_1]);
      expect(await asked(alice)).toEqual(["revoked", BOTH]);
      // OpenSSL looks for one where a certificate or a CRL announces it, as is done here.
      expect([opensslAccepts("alice", base), opensslAccepts("alice", base, delta)]).toEqual([true, false]);
    },
  );

  it("are asked once where certificate and complete CRL name the same, and kept as long as other answers", async () => {
    const alice = ca.issue("alice", [BASE(), FRESHEST()]);
    publish("/base.crl", [FRESHEST()]);
    publish("/delta.crl", [SINCE_1]);
    expect(await asked(alice)).toEqual(["good", BOTH]);
    expect(await asked(alice)).toEqual(["good", []]);
    lateBy = RENEW_AFTER_MS + 1_000;
    expect(await asked(alice)).toEqual(["good", BOTH]);
  });

  it("take a certificate off the list again (removeFromCRL, §6.3.3 (k))", async () => {
    const alice = ca.issue("alice", [BASE(), FRESHEST()]);
    ca.revoke("alice", "certificateHold");
    publish("/base.crl");
    expect((await asked(alice))[0]).toBe("revoked");
    ca.revokeAgain("alice", "removeFromCRL");
    publish("/delta.crl", [SINCE_1]);
    lateBy = RENEW_AFTER_MS + 1_000;
    expect(await asked(alice)).toEqual(["good", BOTH]);
  });

  it.each<[string, () => void]>([
    ["cannot be had", () => {}],
    ["is a web page", () => web.file("/delta.crl", () => Buffer.from("<html>"))],
    ["is another complete CRL", () => publish("/delta.crl")],
    ["belongs to a later base", () => publish("/delta.crl", ["2.5.29.27=critical,DER:02:01:07"])],
    [
      "is of another CA of the same name",
      () => {
        const other = new OpensslCa(KEYS["P-256"]);
        other.revokeStrangers(1);
        const crl = other.crl(1, [SINCE_1]);
        web.file("/delta.crl", () => crl);
      },
    ],
  ])("leave the complete CRL as it is when one %s (§5.2.4)", async (_, put) => {
    const alice = ca.issue("alice", [BASE(), FRESHEST()]);
    publish("/base.crl");
    put();
    expect(await asked(alice)).toEqual(["good", BOTH]);
  });

  it("are not asked for without a complete CRL, which they cannot replace", async () => {
    const alice = ca.issue("alice", [BASE(), FRESHEST()]);
    publish("/delta.crl", [SINCE_1]);
    expect(await asked(alice)).toEqual(["unanswered", ["GET /base.crl"]]);
  });

  it("are not asked for where a CRL names them that the CA has not signed", async () => {
    const alice = ca.issue("alice", [BASE()]);
    const forged = new OpensslCa(KEYS["P-256"]).crl(1, [FRESHEST()]);
    web.file("/base.crl", () => forged);
    expect(await asked(alice)).toEqual(["unknown", ["GET /base.crl"]]);
  });

  it("are paid for out of the budget of the message", async () => {
    const alice = ca.issue("alice", [BASE(), FRESHEST()]);
    publish("/base.crl");
    ca.revoke("alice", "superseded");
    publish("/delta.crl", [SINCE_1]);
    const limits = { requests: 1, bytes: 1_000_000, milliseconds: 30_000, exchangeMilliseconds: 15_000 };
    desk = openRevocationDesk({
      proxy: null,
      privateAddresses: true,
      cache: null,
      log: silentLog,
      now,
      limits,
    });
    expect(await asked(alice)).toEqual(["good", ["GET /base.crl"]]);
  });
});
