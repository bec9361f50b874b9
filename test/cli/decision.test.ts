import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Identity } from "../lab/authority.ts";
import { authenticated, masked, NOON, Office, validity } from "./office.ts";

const DAY = 86_400_000;
let office: Office;
let bob: Identity;

beforeEach(async () => {
  office = new Office();
  bob = office.certificate("bob@partner.example");
  // Pending: nobody trusts the CA.
  await office.harvest("bob@partner.example", bob, { headers: authenticated("partner.example") });
});
afterEach(() => office.close());

const status = async (identity: Identity = bob) =>
  (await office.records(["show", identity.sha256])).map((record) => record.status);

async function transcript(args: readonly string[], options = {}) {
  const { code, stdout, stderr } = await office.run(args, options);
  return { code, stdout: masked(stdout, { bob }), stderr: masked(stderr, { bob }) };
}

describe("keybot approve", () => {
  it("makes a pending certificate active, pins the address, and tells the partner", async () => {
    const args = ["approve", bob.sha256.slice(0, 8), "--reason", "compared by telephone"];
    expect(await transcript(args)).toEqual({
      code: 0,
      stderr: "",
      stdout:
        "approved {bob} under bob@partner.example: pending before, active now; a mail to bob@partner.example waits in the outbox\n",
    });
    expect(await office.records(["show", bob.sha256])).toMatchObject([
      {
        status: "active",
        used: true,
        approved: true,
        decidedBy: "erika",
        reason: "compared by telephone",
        history: [
          { actor: "robot", action: "certificate.pending" },
          { actor: "erika", action: "certificate.active", reason: "compared by telephone" },
        ],
      },
    ]);
    expect(await office.outbox()).toEqual(["accepted bob@partner.example", "pending bob@partner.example"]);
  });

  it("writes to the partner without the certificate's own text, for nobody vouches for it", async () => {
    await office.output(["approve", bob.sha256]);
    const mail = await office.mail("accepted");
    expect(mail).toContain("In-Reply-To: <1@mail.partner.example>");
    expect(mail).not.toContain("Partner Root CA");
  });

  it("quotes the certificate when its path is valid, and another doubt made it pending", async () => {
    await office.output(["trust", "add", office.root.identity.certFile, "--domain", "partner.example"]);
    await office.output(["approve", bob.sha256]);
    expect(await office.mail("accepted")).toContain("Partner Root CA");
  });

  it("tells nobody with --silent", async () => {
    expect((await transcript(["approve", bob.sha256, "--silent"])).stdout).toBe(
      "approved {bob} under bob@partner.example: pending before, active now; no mail goes out (silent)\n",
    );
    expect(await office.outbox()).toEqual(["pending bob@partner.example"]);
  });

  it("prints one record an address with --json", async () => {
    expect(await office.records(["approve", bob.sha256])).toEqual([
      {
        action: "approved",
        certificate: bob.sha256,
        address: "bob@partner.example",
        from: "pending",
        to: "active",
        told: "bob@partner.example",
        authenticated: true,
        revocation: "unasked",
      },
    ]);
  });

  it("is for pending certificates only", async () => {
    await office.output(["approve", bob.sha256]);
    expect(await transcript(["approve", bob.sha256])).toEqual({
      code: 2,
      stdout: "",
      stderr:
        "keybot: {bob} is not pending: it is active under bob@partner.example\n" +
        "  only pending certificates are approved; keybot show {bob} tells more\n",
    });
  });

  it("refuses one that has expired, and leaves it pending", async () => {
    const now = new Date("2027-06-02T12:00:00Z");
    expect(await transcript(["approve", bob.sha256], { now })).toEqual({
      code: 2,
      stdout: "",
      stderr:
        "keybot: {bob} expired on 2027-06-01; it was not approved\n  the partner must send a newer one\n",
    });
    expect(await status()).toEqual(["pending"]);
  });

  it("sends a revoked one to restore", async () => {
    await office.output(["revoke", bob.sha256, "--yes"]);
    expect(await transcript(["approve", bob.sha256])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("keybot restore judges a revoked one again"),
    });
  });

  describe("of a certificate that came for several addresses", () => {
    const MALLORY = "berater@evil.example";
    const ALICE = "alice@partner.example";
    let both: Identity;

    beforeEach(async () => {
      both = office.certificate(MALLORY, { addresses: [MALLORY, ALICE] });
      await office.harvest(MALLORY, both, { headers: authenticated("evil.example") });
      await office.harvest(ALICE, both); // forged: anybody can write this From
    });

    const stands = async () =>
      (await office.records(["show", both.sha256])).flatMap(({ addresses, status }) =>
        (addresses as string[]).map((address) => `${address} ${String(status)}`),
      );

    it.each(["approve", "reject"])("%s refuses without an address and names them all", async (verb) => {
      expect(await office.run([verb, both.sha256])).toEqual({
        code: 2,
        stdout: "",
        stderr:
          `keybot: ${both.sha256.slice(0, 16)} is pending under 2 addresses: ` +
          `${ALICE} (sender not authenticated), ${MALLORY}; nothing was changed\n` +
          "  say which are meant: --address ADDRESS, once for each\n",
      });
      expect(await stands()).toEqual([`${ALICE} pending`, `${MALLORY} pending`]);
    });

    it("decides the pair that is named, and says what is left", async () => {
      const ran = await office.run(["approve", both.sha256, "--address", "Berater@evil.example"]);
      expect(ran).toMatchObject({ code: 0 });
      expect(ran.stderr).toBe(
        `keybot: warning: ${both.sha256.slice(0, 16)} is pending under ${ALICE} (sender not authenticated) too; that was not decided\n`,
      );
      expect(await office.run(["lookup", ALICE])).toMatchObject({ code: 3 });
      expect(await office.run(["lookup", MALLORY])).toMatchObject({ code: 0 });
    });

    it("does not take the forged one when the same command is typed again", async () => {
      await office.output(["approve", both.sha256, "--address", MALLORY]);
      expect(await office.run(["approve", both.sha256])).toEqual({
        code: 2,
        stdout: "",
        stderr:
          `keybot: ${both.sha256.slice(0, 16)} is pending under ${ALICE} (sender not authenticated), ` +
          `and is stored under ${MALLORY} too; nothing was changed\n` +
          "  if that address is meant, name it: --address ADDRESS\n",
      });
      const named = await office.run(["approve", both.sha256, "--address", ALICE]);
      expect(named.stderr).toContain(`${ALICE}: the sender was not authenticated`);
      expect(named.code).toBe(0);
    });

    it("takes the one that is left when its own sender was authenticated", async () => {
      await office.harvest(ALICE, both, { headers: authenticated("partner.example") });
      await office.output(["approve", both.sha256, "--address", MALLORY]);
      expect(await office.records(["approve", both.sha256])).toMatchObject([
        { address: ALICE, authenticated: true },
      ]);
    });

    it("takes several addresses, and all or none of them", async () => {
      const named = ["--address", MALLORY, "--address", ALICE];
      expect(
        await office.run(["approve", both.sha256, ...named, "--address", "x@partner.example"]),
      ).toMatchObject({
        code: 3,
        stderr: expect.stringContaining("is no partner's certificate under x@partner.example"),
      });
      expect(await stands()).toEqual([`${ALICE} pending`, `${MALLORY} pending`]);
      expect(await office.records(["approve", both.sha256, ...named])).toMatchObject([
        { address: ALICE },
        { address: MALLORY },
      ]);
    });

    it("says where list, show and the record know it from", async () => {
      expect(await office.records(["list", "--status", "pending", "--address", "alice*"])).toMatchObject([
        { addresses: [ALICE, MALLORY], unauthenticated: [ALICE] },
      ]);
      expect(
        await office.output(["list", "--status", "pending", "--address", "berater*"], { isTTY: true }),
      ).toContain("  pending*  ");
      expect(await office.output(["show", ALICE])).toContain(`${ALICE} (sender not authenticated)`);
    });
  });

  it("takes several certificates, and changes nothing when one cannot be decided", async () => {
    const carla = office.certificate("carla@partner.example");
    await office.harvest("carla@partner.example", carla);
    expect(await office.run(["approve", bob.sha256, carla.sha256, "00000000"])).toMatchObject({ code: 3 });
    expect(await status()).toEqual(["pending"]);
    expect(await office.records(["approve", bob.sha256, carla.sha256, bob.sha256])).toMatchObject([
      { certificate: bob.sha256, to: "active" },
      { certificate: carla.sha256, to: "active" },
    ]);
  });

  it("says what came for the address since the certificate waits", async () => {
    const later = office.certificate("bob@partner.example", { by: office.authority("Other CA") });
    await office.harvest("bob@partner.example", later, { at: new Date(NOON.getTime() + 3_600_000) });
    const { code, stderr } = await office.run(["approve", bob.sha256]);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: `keybot: warning: since ${bob.sha256.slice(0, 16)} waits, bob@partner.example also got ${later.sha256.slice(0, 16)} (pending, 2026-06-01 13:00 UTC)\n`,
    });
  });

  it("does not write to the sender of a list mail (RFC 3834 §2)", async () => {
    const carla = office.certificate("carla@partner.example");
    await office.harvest("carla@partner.example", carla, { headers: [["Precedence", "list"]] });
    expect(await office.records(["approve", carla.sha256])).toMatchObject([{ to: "active", told: null }]);
    expect(await office.outbox()).toEqual(["pending bob@partner.example"]);
  });

  it("makes another key for the pinned address wait", async () => {
    await office.output(["approve", bob.sha256]);
    await office.output(["trust", "add", office.root.identity.certFile, "--domain", "partner.example"]);
    const next = office.certificate("bob@partner.example");
    await office.harvest("bob@partner.example", next);
    expect(await status(next)).toEqual(["pending"]);
  });

  it.each([
    [["approve", "00000000"], 3],
    [["approve", "bob@partner.example"], 2],
    [["approve"], 2],
  ])("answers %j with exit %i", async (args, code) => {
    expect(await office.run(args)).toMatchObject({ code, stdout: "" });
  });

  it("asks for more digits when the beginning fits several", async () => {
    // Two fingerprints that begin alike cannot be made; the store is asked as the command asks it.
    const error = await office.store(async (store) => {
      const { findCertificate } = await import("../../src/admin/find-certificate.ts");
      const several = {
        ...store,
        findCertificate: async () => ({ found: "several" as const, sha256: ["aa", "ab"] }),
      };
      return findCertificate(several, "3f2a9c1d", NOON).catch((thrown: unknown) => thrown);
    });
    expect(error).toMatchObject({
      kind: "usage",
      message: "3f2a9c1d fits several: aa, ab",
      hint: "give more digits",
    });
  });
});

describe("keybot reject", () => {
  it("turns a pending certificate away, and tells the partner that staff will say why", async () => {
    expect(await transcript(["reject", bob.sha256.slice(0, 8), "--reason", "nobody by that name"])).toEqual({
      code: 0,
      stderr: "",
      stdout:
        "rejected {bob} under bob@partner.example: pending before, rejected now; a mail to bob@partner.example waits in the outbox\n",
    });
    expect(await office.records(["show", bob.sha256])).toMatchObject([
      { status: "rejected", why: "rejected (nobody by that name)", decidedBy: "erika" },
    ]);
    const mail = await office.mail("rejected");
    expect(mail).toContain("postmaster@company.example");
    expect(mail).not.toContain("nobody by that name");
  });

  it("keeps a mail that brings it again from asking again", async () => {
    await office.output(["reject", bob.sha256, "--silent"]);
    await office.harvest("bob@partner.example", bob, { at: new Date(NOON.getTime() + DAY) });
    expect(await status()).toEqual(["rejected"]);
  });

  it("may reject what has expired meanwhile", async () => {
    const short = office.certificate("carla@partner.example", validity(-DAY, DAY));
    await office.harvest("carla@partner.example", short);
    await office.output(["reject", short.sha256], { now: new Date(NOON.getTime() + 2 * DAY) });
    expect(await status(short)).toEqual(["rejected"]);
  });
});
