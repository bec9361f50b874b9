import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openVoice } from "../../src/cli/installation.ts";
import { loadConfig } from "../../src/config/index.ts";
import { silentLog } from "../../src/log.ts";
import { checkSigning } from "../../src/robot/check-signing.ts";
import { tellAdmin } from "../../src/robot/tell-admin.ts";
import { NOON, Office, validity } from "../cli/office.ts";
import type { Authority, CertificateOptions, Identity } from "../lab/authority.ts";

// WORDS 27: doctor looked at no signing identity, and one whose key was another certificate's kept every mail in the mailbox.

const office = new Office();
afterAll(() => office.close());
const DAY = 86_400_000;
const issuing = office.root.intermediate({ name: "Signing CA", ...validity(-300 * DAY, 3000 * DAY) });
const ROBOT = "key-management@company.example";

/** The installation's files: this certificate with its issuer (unless left out) and this key. */
async function installation(identity: Identity, { key = identity, chain = true } = {}) {
  writeFileSync(join(office.folder, "robot.pem"), identity.pem + (chain ? issuing.identity.pem : ""));
  writeFileSync(join(office.folder, "robot.key"), readFileSync(key.keyFile), { mode: 0o600 });
  const signing = '[signing]\ncertificate_file = "robot.pem"\nkey_file = "robot.key"\n';
  office.file("keybot.toml", `${office.configuration}\n${signing}`);
  return loadConfig(join(office.folder, "keybot.toml"), {
    KEYBOT_IMAP_PASSWORD: "x",
    KEYBOT_SMTP_PASSWORD: "x",
  });
}

function own(more: CertificateOptions & { readonly by?: Authority } = {}): Identity {
  return office.certificate(ROBOT, { by: issuing, ...more });
}

describe("the signing identity, as doctor sees it", () => {
  it.each<[string, () => Identity, { readonly chain?: boolean; readonly later?: number }, string, RegExp]>([
    ["is right", own, {}, "ok", /^[0-9a-f]{16}, until 2027-/],
    [
      "has expired",
      () => own(validity(-60 * DAY, -DAY)),
      {},
      "fault",
      /expired on 2026-05-31: mails leave unsigned/,
    ],
    [
      "expires while the robot runs",
      () => own(validity(-60 * DAY, DAY)),
      { later: 2 * DAY },
      "fault",
      /expired on/,
    ],
    ["is not yet valid", () => own(validity(DAY, 60 * DAY)), {}, "fault", /not valid before 2026-06-02/],
    [
      "has three days left",
      () => own(validity(-60 * DAY, 3 * DAY)),
      {},
      "warning",
      /expires on 2026-06-04, in 3 days/,
    ],
    [
      "names another address",
      () => own({ addresses: ["claims@company.example"] }),
      {},
      "fault",
      /does not name key-management@company.example/,
    ],
    [
      "may not sign",
      () => own({ keyUsage: "critical,keyAgreement" }),
      {},
      "fault",
      /not meant for signing mail/,
    ],
    ["is weak", () => own({ key: "rsa:1024" }), {}, "warning", /weak: RSA-1024/],
    ["lacks its issuer", own, { chain: false }, "warning", /\(.*Signing CA.*\) is not in its file/],
  ])("%s", async (_, make, { chain = true, later = 0 }, state, says) => {
    const config = await installation(make(), { chain });
    await office.store(async (store) => {
      const voice = await openVoice(config, store);
      const now = () => new Date(NOON.getTime() + later);
      const check = await checkSigning({ voice, policy: config.policy, store, now });
      expect(check).toMatchObject({ name: "signing", state, says: expect.stringMatching(says) });

      // Told once, and only where mails leave unsigned.
      const { policy } = config;
      const admin = { adminAddress: "postmaster@company.example", store, log: silentLog, voice, now, policy };
      const before = (await store.outboxEntries({ limit: 100 })).length;
      for (let round = 0; round < 3; round += 1) await tellAdmin(admin);
      expect((await store.outboxEntries({ limit: 100 })).length - before).toBe(state === "fault" ? 1 : 0);
    });
  });

  it("is not looked at where there is none", async () => {
    office.file("keybot.toml", office.configuration);
    const config = await loadConfig(join(office.folder, "keybot.toml"), {
      KEYBOT_IMAP_PASSWORD: "x",
      KEYBOT_SMTP_PASSWORD: "x",
    });
    await office.store(async (store) => {
      const voice = await openVoice(config, store);
      expect(await checkSigning({ voice, policy: config.policy, store, now: () => NOON })).toBeNull();
    });
  });

  it.each([["poll"], ["run"]])(
    "%s does not start with a key that is another certificate's: no mail would be answered",
    async (command) => {
      await installation(own(), { key: own() });
      const ran = await office.run([command]);
      expect(ran.code).toBe(2);
      expect(ran.stderr).toMatch(
        /robot\.key cannot sign for .*robot\.pem: the key is not that of the signing certificate/,
      );
      expect(ran.stderr).toMatch(
        /the first certificate in signing\.certificate_file must be that of the key/,
      );
    },
  );

  it("doctor says it, with exit 4", async () => {
    await installation(own(), { key: own() });
    const ran = await office.run(["doctor"]);
    expect(ran.code).toBe(4);
    expect(ran.stdout).toMatch(/FAIL .*cannot sign for/);
  });
});
