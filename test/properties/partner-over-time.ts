/**
 * A partner's certificate, her mails, what her CA says over OCSP and in CRLs, and the robot's re-checks, in any order and
 * over days: what she is told is what stands here, and what her CA has revoked stays revoked.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, describe, expect } from "vitest";
import { openRobot } from "../../src/cli/installation.ts";
import { loadConfig } from "../../src/config/index.ts";
import { viewQuery } from "../../src/decide/index.ts";
import { silentLog } from "../../src/log.ts";
import { standing } from "../../src/pki/index.ts";
import { decideAndRender } from "../../src/robot/answer.ts";
import { completed } from "../../src/robot/complete.ts";
import { gatherAgain, gatherMessage } from "../../src/robot/handle-message.ts";
import { type Robot, recheck, startJudge, trustMaterialOf } from "../../src/robot/index.ts";
import { ledgerMessage } from "../../src/robot/ledger-message.ts";
import { openStore } from "../../src/store/index.ts";
import { submission } from "../e2e/company.ts";
import { siteConfiguration } from "../lab/keybot-configuration.ts";
import { Authority, type Identity } from "../lab/openssl.ts";
import { CaPlaces } from "../revocation/ca-places.ts";
import { LoopbackServer } from "../revocation/loopback-server.ts";
import { type Effort, property } from "./settings.ts";

const HOUR = 3_600_000;
const ALICE = "alice@partner.example";
const ENTRY = fileURLToPath(new URL("../../dist/robot/judge-process.js", import.meta.url));

/** What a place of the CA gives from now on. */
interface Publishing {
  readonly event: "ocsp" | "crl";
  readonly kind: "good" | "revoked" | "hold" | "silence" | "rubbish" | "forged";
  /** Hours before now at which it was made: an older one is what a man on the way replays. */
  readonly age: number;
  /** Hours from then until it has run out. */
  readonly lasts: number;
}

type Step =
  | Publishing
  | { readonly event: "time"; readonly hours: number }
  | { readonly event: "mail" }
  | { readonly event: "re-check" };

const publishing: fc.Arbitrary<Publishing> = fc.record({
  event: fc.constantFrom("ocsp" as const, "crl" as const),
  kind: fc.constantFrom(
    "good" as const,
    "revoked" as const,
    "hold" as const,
    "silence" as const,
    "rubbish" as const,
    "forged" as const,
  ),
  age: fc.constantFrom(0, 2, 30),
  lasts: fc.constantFrom(24, 240),
});

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { arbitrary: publishing, weight: 3 },
    {
      arbitrary: fc.record({ event: fc.constant("time" as const), hours: fc.constantFrom(0.2, 2, 25, 80) }),
      weight: 2,
    },
    { arbitrary: fc.constant({ event: "mail" as const }), weight: 3 },
    { arbitrary: fc.constant({ event: "re-check" as const }), weight: 1 },
  ),
  { minLength: 3, maxLength: 14 },
);

interface Case {
  readonly policy: "hard-fail" | "soft-fail";
  readonly steps: readonly Step[];
}

const cases: fc.Arbitrary<Case> = fc.record({
  policy: fc.constantFrom("hard-fail" as const, "soft-fail" as const),
  steps,
});

const said = (event: Publishing["event"], kind: Publishing["kind"], age = 0, lasts = 240): Publishing => ({
  ...{ event, kind, age, lasts },
});
const MAIL: Step = { event: "mail" };
const later = (hours: number): Step => ({ event: "time", hours });

/** Seen in the field of an attacker who has nothing but old genuine answers. */
const EXAMPLES: readonly Case[] = (["hard-fail", "soft-fail"] as const).flatMap((policy) => [
  // The CRL lists it; two hours later OCSP answers "good", made before.
  { policy, steps: [said("crl", "revoked"), MAIL, later(2), said("ocsp", "good", 30), MAIL] },
  // OCSP says revoked, which runs out; an older "good" lasts longer.
  { policy, steps: [said("ocsp", "revoked", 0, 24), MAIL, later(25), said("ocsp", "good", 30), MAIL] },
  // On hold, lifted, and a new mail.
  {
    policy,
    steps: [
      said("ocsp", "good"),
      MAIL,
      later(25),
      said("ocsp", "hold"),
      { event: "re-check" },
      later(2),
      said("ocsp", "good"),
      MAIL,
    ],
  },
]);

export function partnerOverTimeTests(effort: Effort): void {
  describe("a partner and what her CA says over time", () => {
    const web = new LoopbackServer();
    const started = web.start();
    const folder = mkdtempSync(join(tmpdir(), "keybot-over-time-"));
    const root = Authority.root(folder, { name: "Root" });
    const authority = root.intermediate({ name: "Mail CA" });
    const places = new CaPlaces(authority, web);
    const forgeries = new CaPlaces(Authority.root(folder, { name: "Mail CA" }), web);
    afterAll(() => rmSync(folder, { recursive: true, force: true }));
    let runs = 0;

    property(
      "is told that it is accepted exactly when it is handed out, and what is revoked comes back only from a hold",
      cases,
      async ({ policy, steps: story }) => {
        await started;
        runs += 1;
        const state = join(folder, String(runs));
        const alice = authority.issue({
          ...{ name: `alice-${runs}`, addresses: [ALICE], key: "P-256" },
          ...{ ocspUrl: web.url("/ocsp"), crlUrl: web.url("/ca.crl") },
        });
        await play(state, policy, alice, story);
      },
      { effort, examples: EXAMPLES },
    );

    async function play(
      state: string,
      revocation: string,
      alice: Identity,
      story: readonly Step[],
    ): Promise<void> {
      mkdirSync(join(state, "secrets"), { recursive: true });
      writeFileSync(join(state, "secrets", "password"), "secret\n", { mode: 0o600 });
      const configFile = join(state, "keybot.toml");
      const places = {
        robot: "key-management@company.example",
        imapPort: 1,
        smtpPort: 1,
        caFile: root.identity.certFile,
      };
      writeFileSync(
        configFile,
        siteConfiguration(places, { trust: { revocation }, network: { private_addresses: true } }),
      );
      const config = await loadConfig(configFile, {});
      const store = await openStore({ stateDir: config.stateDir });
      const clock = { ahead: 0 };
      const now = () => new Date(Date.now() + clock.ahead);
      for (const [identity, kind] of [
        [root.identity, "anchor"],
        [authority.identity, "intermediate"],
      ] as const) {
        const item = { der: identity.der, kind, origin: "own", domains: null, distrustAfter: null } as const;
        await store.addTrust(item, { actor: "erika", at: now() });
      }
      const opened = await openRobot(config, store, silentLog, now);
      const judge = startJudge({ seconds: 20, memory: 512 * 1024 * 1024 }, silentLog, ENTRY);
      const robot: Robot = { ...opened.robot, judge };
      judge.bench(robot.policy, await trustMaterialOf(store, robot.policy));
      const partner = new Partner(robot, alice);
      try {
        for (const step of story) {
          if (step.event === "time") clock.ahead += step.hours * HOUR;
          else if (step.event === "mail") await partner.writes();
          else if (step.event === "re-check") await partner.isRechecked();
          else publish(step, alice, now(), partner);
          await partner.agrees();
        }
      } finally {
        judge.close();
        await opened.close();
        await store.close();
      }
    }

    function publish(
      { event, kind, age, lasts }: Publishing,
      alice: Identity,
      now: Date,
      partner: Partner,
    ): void {
      const page = event === "ocsp" ? "/ocsp" : "/ca.crl";
      const thisUpdate = new Date(now.getTime() - age * HOUR);
      const nextUpdate = new Date(thisUpdate.getTime() + lasts * HOUR);
      if (kind === "silence") web.pages.delete(page);
      else if (kind === "forged") {
        // "revoked", by somebody of the CA's name with a key of his own: it must change nothing.
        forgeries[event](page, alice, { kind: "revoked", thisUpdate, nextUpdate });
      } else if (kind === "rubbish") web.file(page, () => Buffer.from("<html>Please log in</html>"));
      else {
        places[event](page, alice, { kind, thisUpdate, nextUpdate }, () => {
          // Whoever was told once "revoked", by an answer that had not run out, knows it for good.
          if (kind === "revoked" && partner.now() < nextUpdate) partner.wasRevoked = true;
        });
      }
    }
  });
}

/** Alice: what she writes, what she is told, and how her certificate stands here. */
class Partner {
  readonly #robot: Robot;
  readonly #identity: Identity;
  #mails = 0;
  #lastTold: string | null = null;
  /** The robot has been told so. */
  wasRevoked = false;

  constructor(robot: Robot, identity: Identity) {
    this.#robot = robot;
    this.#identity = identity;
  }

  async writes(): Promise<void> {
    const { store, policy, voice, now } = this.#robot;
    this.#mails += 1;
    const raw = submission(this.#identity, { subject: `My certificate ${this.#mails}` });
    const message = { uid: this.#mails, raw, internalDate: null, headOnly: false };
    const first = await gatherMessage(this.#robot, message);
    if (first === null) throw new Error("the judge gave up");
    const means = { authorities: this.#robot.desk.budget(), strangers: this.#robot.desk.strangersBudget() };
    const again = (help: Parameters<typeof gatherAgain>[2]) => gatherAgain(this.#robot, message, help);
    const prepared = await completed(this.#robot, first, again, means);
    means.authorities.close();
    means.strangers.close();
    this.#lastTold = null;
    if (prepared.kind !== "ready") return;
    const { key, evidence } = prepared.gathered;
    const at = now();
    const certificates = evidence.kind === "read" ? evidence.inspection.certificates : [];
    const input = {
      key,
      query: viewQuery(evidence, policy),
      message: ledgerMessage(evidence),
      certificates,
      at,
    };
    const result = await store.commitMessage(input, (view) =>
      decideAndRender(evidence, key, view, policy, voice, at),
    );
    const replies = result.known ? [] : result.plan.actions.filter(({ action }) => action === "reply");
    const [reply] = replies;
    this.#lastTold = reply?.action === "reply" ? reply.template : null;
    if (this.#lastTold !== null) expect(this.#lastTold === "accepted").toBe(await this.#isHandedOut());
  }

  async isRechecked(): Promise<void> {
    await recheck(this.#robot, new AbortController().signal);
  }

  /** What must hold at any time. */
  async agrees(): Promise<void> {
    const [known] = await this.#robot.store.caWords([this.#identity.sha256]);
    const revocation = known === undefined ? null : standing(known.word);
    if (revocation !== null) expect(await this.#isHandedOut()).toBe(false);
    if (this.wasRevoked) {
      expect(await this.#isHandedOut()).toBe(false);
      expect(revocation).not.toBeNull();
    }
  }

  now(): Date {
    return this.#robot.now();
  }

  async #isHandedOut(): Promise<boolean> {
    const usable = await this.#robot.store.usableFor(ALICE, this.#robot.now());
    return usable.some(({ sha256 }) => sha256 === this.#identity.sha256);
  }
}
