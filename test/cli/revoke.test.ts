import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Identity } from "../lab/authority.ts";
import { masked, NOON, Office, validity } from "./office.ts";

const DAY = 86_400_000;
let office: Office;
let alice: Identity;

beforeEach(async () => {
  office = new Office();
  await office.output(["trust", "add", office.root.identity.certFile, "--domain", "partner.example"]);
  alice = office.certificate("alice@partner.example");
  await office.harvest("alice@partner.example", alice);
});
afterEach(() => office.close());

const transcript = async (args: readonly string[], options = {}) => {
  const { code, stdout, stderr } = await office.run(args, options);
  const key = String((await office.records(["list", "--address", "alice*"]))[0]?.spkiSha256).slice(0, 16);
  const hide = (text: string) => masked(text, { alice }).replaceAll(key, "{key}");
  return { code, stdout: hide(stdout), stderr: hide(stderr) };
};
const statuses = async (...args: readonly string[]) =>
  (await office.records(["list", ...args])).map(
    ({ addresses, status }) => `${String(addresses)} ${String(status)}`,
  );

describe("keybot revoke", () => {
  it("bars the public key and says what it changed", async () => {
    expect(await transcript(["revoke", alice.sha256.slice(0, 8), "--reason", "key lost", "--yes"])).toEqual({
      code: 0,
      stderr: "",
      stdout:
        "barred the public key {key} for every address\n" +
        "revoked {alice} under alice@partner.example: active before\n",
    });
    expect(await office.run(["lookup", "alice@partner.example"])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("revoked: its public key is barred (key lost)"),
    });
    expect(await office.records(["show", alice.sha256])).toMatchObject([
      { barred: { at: "2026-06-01T12:00:00Z", actor: "erika", reason: "key lost" }, used: false },
    ]);
  });

  it("asks first, and changes nothing on a no or when nobody can be asked", async () => {
    const question =
      "bar one public key of alice@partner.example for every address (now stored under 1)? [y/N] ";
    expect(await transcript(["revoke", "alice@partner.example"], { answers: ["n"] })).toEqual({
      code: 2,
      stdout: "",
      stderr: `${question}n\nkeybot: not confirmed; nothing was changed\n`,
    });
    expect(await transcript(["revoke", "alice@partner.example"])).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringContaining("keybot: there is nobody to ask"),
    });
    expect(await statuses()).toEqual(["alice@partner.example active"]);
    expect(await transcript(["revoke", "alice@partner.example"], { answers: ["y"] })).toMatchObject({
      code: 0,
    });
    expect(await statuses()).toEqual(["alice@partner.example revoked"]);
  });

  it("is done once: a second time changes nothing and asks nothing", async () => {
    await office.output(["revoke", alice.sha256, "--yes"]);
    for (const target of [alice.sha256, "alice@partner.example"]) {
      expect(await office.run(["revoke", target])).toEqual({
        code: 0,
        stdout: "",
        stderr: "revoked already; nothing was changed\n",
      });
    }
  });

  it("takes every key under an address whatever its status, and no more", async () => {
    const other = office.certificate("alice@partner.example", { by: office.authority("Other CA") });
    await office.harvest("alice@partner.example", other); // pending
    const bob = office.certificate("bob@partner.example");
    await office.harvest("bob@partner.example", bob);
    const records = await office.records(["revoke", "Alice@partner.example", "--yes"]);
    expect(records.map(({ action }) => action).sort()).toEqual(["barred", "barred", "revoked", "revoked"]);
    expect(await statuses()).toEqual([
      "alice@partner.example revoked",
      "alice@partner.example revoked",
      "bob@partner.example active",
    ]);
  });

  it("names the other addresses that share a key before it asks", async () => {
    const shared = office.certificate("alice@partner.example", {
      addresses: ["alice@partner.example", "sales@partner.example"],
      keyFile: alice.keyFile,
    });
    await office.harvest("sales@partner.example", shared);
    const ran = await transcript(["revoke", "alice@partner.example"], { answers: ["no"] });
    expect(ran.stderr).toBe(
      "keybot: warning: the same key is also stored under sales@partner.example\n" +
        "bar one public key of alice@partner.example for every address (now stored under 2)? [y/N] no\n" +
        "keybot: not confirmed; nothing was changed\n",
    );
    const done = await office.run(["--quiet", "revoke", alice.sha256, "--yes"]);
    expect(done.stderr).toBe("keybot: warning: it is also stored under sales@partner.example\n");
    expect(await statuses("--status", "active")).toEqual([]);
  });

  it("leaves alone certificates under the address that do not name it", async () => {
    const mallory = office.certificate("berater@evil.example");
    await office.harvest("berater@evil.example", mallory);
    // No mail leaves such any more; an import, or an older version, may have.
    await office.store(async (store) => {
      const [certificate] = await store.certificatesOf("alice@partner.example", NOON);
      if (certificate === undefined) throw new Error("alice's certificate is not there");
      const planted = ["berater@evil.example", "dora@evil.example"].map((address) => ({
        certificate,
        chain: [],
        address,
        status: "rejected" as const,
        role: "offered" as const,
        findings: [],
      }));
      await store.importCertificates({
        items: planted,
        actor: "test",
        source: "test",
        reason: null,
        at: NOON,
      });
    });
    const ran = await transcript(["revoke", "berater@evil.example", "--yes"]);
    expect(ran.stderr).toContain(
      "keybot: warning: 1 certificate stored under berater@evil.example of other people, not touched: {alice}\n",
    );
    expect(await office.run(["lookup", "alice@partner.example"])).toMatchObject({ code: 0 });
    expect(await office.run(["show", mallory.sha256])).toMatchObject({
      stdout: expect.stringContaining("revoked"),
    });
    expect(await office.run(["revoke", "dora@evil.example", "--yes"])).toEqual({
      code: 3,
      stdout: "",
      stderr:
        "keybot: no certificate that is stored under dora@evil.example names it; nothing was changed\n" +
        "  others' are stored there: keybot show dora@evil.example; keybot revoke SHA256 bars the key of one\n",
    });
    expect(await office.run(["lookup", "alice@partner.example"])).toMatchObject({ code: 0 });
  });

  it("keeps the key out in a fresh certificate, and lets the address send a new one", async () => {
    await office.output(["revoke", "alice@partner.example", "--yes"]);
    const renewed = office.certificate("alice@partner.example", { keyFile: alice.keyFile });
    const fresh = office.certificate("alice@partner.example");
    for (const one of [alice, renewed, fresh]) await office.harvest("alice@partner.example", one);
    expect(await office.run(["lookup", "alice@partner.example"])).toMatchObject({
      code: 0,
      stdout: fresh.pem,
    });
  });

  it("warns that a mailbox of ours goes on publishing the key", async () => {
    const claims = office.certificate("claims@company.example", { keyFile: alice.keyFile });
    await office.output(["mailbox", "add", "claims@company.example", claims.certFile]);
    expect((await office.run(["revoke", alice.sha256, "--yes"])).stderr).toBe(
      "keybot: warning: our own claims@company.example publishes this key and goes on; see keybot mailbox remove\n",
    );
  });

  it.each([
    [
      ["revoke", "nobody@partner.example", "--yes"],
      3,
      "keybot: no certificate of nobody@partner.example is known\n",
    ],
    [["revoke", "00000000", "--yes"], 3, "keybot: no certificate 00000000 is stored\n"],
    [
      ["revoke", "0000", "--yes"],
      2,
      "keybot: 0000 is too short: at least 8 digits of a SHA-256 are needed\n",
    ],
  ])("answers %j with exit %i", async (args, code, stderr) => {
    expect(await office.run(args)).toEqual({ code, stdout: "", stderr });
  });
});

describe("keybot restore", () => {
  const revoke = (identity: Identity) => office.output(["revoke", identity.sha256, "--yes"]);

  it("makes active what is beyond doubt today", async () => {
    await revoke(alice);
    expect(
      await office.records(["restore", alice.sha256.slice(0, 8), "--reason", "the wrong one"]),
    ).toMatchObject([
      { action: "unbarred" },
      {
        action: "judged",
        certificate: alice.sha256,
        address: "alice@partner.example",
        from: "revoked",
        to: "active",
      },
    ]);
    expect(await office.run(["lookup", "alice@partner.example"])).toMatchObject({
      code: 0,
      stdout: alice.pem,
    });
  });

  it("says what became of it", async () => {
    await revoke(alice);
    await office.output(["trust", "remove", office.root.identity.sha256, "--yes"]);
    const { stdout } = await transcript(["restore", alice.sha256]);
    expect(stdout).toMatch(
      /^lifted the bar on the public key \{key\}\njudged \{alice\} under alice@partner\.example again: pending \(path\.issuer-missing: /,
    );
  });

  it("makes pending again what a person had approved: the pin is gone with the bar", async () => {
    const bob = office.certificate("bob@partner.example", { by: office.authority("Other CA") });
    await office.harvest("bob@partner.example", bob);
    await office.output(["approve", bob.sha256, "--silent"]);
    await revoke(bob);
    expect(await office.records(["restore", bob.sha256])).toMatchObject([{}, { to: "pending" }]);
    expect(await office.records(["show", bob.sha256])).toMatchObject([
      { approved: false, status: "pending" },
    ]);
  });

  it("rejects what has expired meanwhile", async () => {
    const short = office.certificate("carla@partner.example", validity(-DAY, DAY));
    await office.harvest("carla@partner.example", short);
    await revoke(short);
    const now = new Date(NOON.getTime() + 2 * DAY);
    expect(await office.records(["restore", short.sha256], { now })).toMatchObject([
      {},
      { to: "rejected", findings: [{ code: "cert.expired" }, {}] },
    ]);
  });

  it("keeps what was found out about the mail: a doubtful signature stays doubtful", async () => {
    const dora = office.certificate("dora@partner.example");
    await office.harvest("dora@partner.example", dora, { md: "sha1" });
    expect(await statuses("--address", "dora*")).toEqual(["dora@partner.example pending"]);
    await revoke(dora);
    expect(await office.records(["restore", dora.sha256])).toMatchObject([
      {},
      { to: "pending", findings: [{ code: "signature.digest-weak" }, {}] },
    ]);
  });

  it("does not put before a person what one turned away", async () => {
    const bob = office.certificate("bob@partner.example", { by: office.authority("Other CA") });
    await office.harvest("bob@partner.example", bob);
    await office.output(["reject", bob.sha256, "--silent"]);
    await revoke(bob);
    expect(await office.records(["restore", bob.sha256])).toMatchObject([{}, { to: "rejected" }]);
  });

  it("makes another key pending when the address is pinned by now", async () => {
    await revoke(alice);
    const other = office.certificate("alice@partner.example", { by: office.authority("Other CA") });
    await office.harvest("alice@partner.example", other);
    await office.output(["approve", other.sha256, "--silent"]);
    expect(await office.records(["restore", alice.sha256])).toMatchObject([
      {},
      { to: "pending", findings: [{ code: "cert.pinned" }, {}] },
    ]);
  });

  it("judges by the domains of the anchor, as a mail does", async () => {
    await revoke(alice);
    await office.output([
      "trust",
      "add",
      office.root.identity.certFile,
      "--domain",
      "broker.example",
      "--replace",
    ]);
    expect(await office.records(["restore", alice.sha256])).toMatchObject([
      {},
      { to: "pending", findings: [{ code: "path.anchor-domain" }, {}] },
    ]);
  });

  it("finds the path through the intermediates that the mail brought", async () => {
    const issuing = office.root.intermediate({ name: "Issuing CA", ...validity(-90 * DAY, 900 * DAY) });
    const erna = office.certificate("erna@partner.example", { by: issuing });
    await office.harvest("erna@partner.example", erna);
    await revoke(erna);
    expect(await office.records(["restore", erna.sha256])).toMatchObject([{}, { to: "active" }]);
  });

  it("never makes good a certificate whose private key was sent along", async () => {
    const fritz = office.certificate("fritz@partner.example");
    const key = readFileSync(fritz.keyFile);
    await office.harvest("fritz@partner.example", fritz, {
      attachment: { name: "key.pem", type: "application/octet-stream", bytes: key },
    });
    expect(await statuses("--address", "fritz*")).toEqual(["fritz@partner.example revoked"]);
    expect(await office.records(["restore", fritz.sha256])).toMatchObject([
      {},
      { to: "rejected", findings: [{ code: "cert.private-key" }, {}] },
    ]);
  });

  it("is for barred keys only", async () => {
    expect(await transcript(["restore", alice.sha256])).toEqual({
      code: 2,
      stdout: "",
      stderr: "keybot: the public key of {alice} is not barred; nothing was changed\n",
    });
    expect(await office.run(["restore", "00000000"])).toMatchObject({ code: 3 });
  });
});
