import { describe, expect, it } from "vitest";
import { finding } from "../../src/inspect/index.ts";
import type { CaWord } from "../../src/pki/index.ts";
import { openDatabase } from "../../src/store/driver.ts";
import type { Store } from "../../src/store/index.ts";
import { databaseFile } from "../../src/store/index.ts";
import { migrate, readMigrations } from "../../src/store/migrate.ts";
import { at, folder, freshStore, harvest, report } from "./kit.ts";

const ALICE = "alice@partner.example";
const BOB = "bob@partner.example";

const good = (minute: number): CaWord => ({ revocation: null, goodAt: at(minute) });
const revoked = (minute: number, reason: number | null = 1): CaWord => ({
  revocation: { by: "OCSP", revocationTime: at(minute - 60), reason, thisUpdate: at(minute) },
  goodAt: null,
});
const held = (minute: number): CaWord => revoked(minute, 6);

const alice = report("alice");
const BY = { actor: "erika", reason: null };
const { sha256 } = alice;

/** What the CA's word does to all who hold the certificate, as the robot does it. */
async function hear(store: Store, word: CaWord, certificate = sha256): Promise<readonly string[]> {
  const lifted = await store.noteCaWords([{ certificate, word }], at(100));
  const [known] = await store.caWords([certificate]);
  const { revocation = null } = known?.word ?? {};
  const isHold = revocation?.reason === 6;
  const bad = finding("revocation.revoked", "revoked");
  if (word.revocation !== null) {
    const heldBy = isHold ? certificate : null;
    await store.revokeByCa({
      certificate: sha256,
      reason: "revoked by its CA",
      finding: bad,
      heldBy,
      at: at(100),
    });
  }
  return lifted.map(({ address, to }) => `${address} ${to}`);
}

async function status(store: Store, address = ALICE): Promise<string | undefined> {
  const [found] = await store.certificatesOf(address, at(200));
  return found?.status;
}

describe("what CAs have said", () => {
  it("is kept, joined, over a restart; of what nobody said anything nothing is known", async () => {
    const { dir, ...store } = await freshStore();
    await store.noteCaWords([{ certificate: sha256, word: good(1) }], at());
    await store.noteCaWords([{ certificate: sha256, word: revoked(2, null) }], at());
    await store.noteCaWords([{ certificate: sha256, word: good(3) }], at());
    const again = await freshStore({ stateDir: dir });
    expect(await again.caWords([sha256, "0".repeat(64)])).toEqual([
      { certificate: sha256, word: { ...revoked(2, null), goodAt: at(3) } },
    ]);
  });

  it("does not write what is known", async () => {
    const { dir, ...store } = await freshStore();
    await store.noteCaWords([{ certificate: sha256, word: revoked(2) }], at());
    const other = openDatabase(databaseFile(dir));
    const version = () => other.pragma("data_version", { simple: true });
    const before = version();
    await store.noteCaWords([{ certificate: sha256, word: revoked(2) }], at());
    expect(version()).toBe(before);
    await store.noteCaWords([{ certificate: sha256, word: good(1) }], at());
    expect(version()).not.toBe(before);
    other.close();
  });

  it("is in the view of a mail that brings the certificate, and in what is found of it", async () => {
    const store = await freshStore();
    await harvest(store, alice, ALICE);
    await store.noteCaWords([{ certificate: sha256, word: revoked(2) }], at());
    const nobody = { from: null, authenticated: false, pendingOf: null, mailboxes: [], spkis: [] };
    const query = {
      ...nobody,
      references: [],
      returned: [],
      buckets: [],
      certificates: [sha256, "0".repeat(64)],
    };
    expect([...(await store.view(query, at())).revoked]).toEqual([[sha256, revoked(2).revocation]]);
    const found = await store.findCertificate(sha256, at());
    expect(found.found === "one" && found.certificate.words).toEqual([
      { certificate: sha256, word: revoked(2) },
    ]);
  });
});

describe("a certificate that its CA has revoked", () => {
  it.each([
    ["a mail", (store: Store) => harvest(store, alice, ALICE, "active", at(10))],
    [
      "a person",
      (store: Store) =>
        store.changeHolding({
          ...{ certificate: sha256, address: ALICE, status: "active", actor: "erika", reason: null },
          ...{ at: at(10), mails: [] },
        }),
    ],
  ])("is never in use again by %s", async (_who, bring) => {
    const store = await freshStore();
    await harvest(store, alice, ALICE, "pending");
    await hear(store, revoked(2));
    await expect(bring(store)).rejects.toThrow("its CA has revoked the certificate");
    expect(await store.usableFor(ALICE, at(20))).toEqual([]);
  });

  it("is stored as rejected when a person brings it in a set", async () => {
    const store = await freshStore();
    await hear(store, revoked(2));
    const item = { certificate: alice, chain: [], address: ALICE, status: "active", role: "signer" } as const;
    const said = { actor: "erika", source: "a set", reason: null, at: at(5) };
    const count = await store.importCertificates({ items: [{ ...item, findings: [] }], ...said });
    expect(count).toMatchObject({ active: 0, rejected: 1 });
    expect(await status(store)).toBe("rejected");
  });

  it.each<[string, readonly CaWord[], boolean]>([
    ["revoked", [revoked(2)], false],
    ["revoked, then good", [revoked(2), good(5)], false],
    ["on hold", [held(2)], false],
    ["on hold, and good before", [good(1), held(2)], false],
    ["on hold, and good since", [held(2), good(5)], true],
    ["good", [good(5)], true],
  ])(
    "is handed out as the CA says, although its holding says that it is active: %s",
    async (_, words, isUsable) => {
      const store = await freshStore();
      await harvest(store, alice, ALICE);
      await store.addMailbox("claims@company.example", [{ ...alice, chain: [] }], { ...BY, at: at() });
      for (const word of words) await store.noteCaWords([{ certificate: sha256, word }], at());
      expect((await store.usableFor(ALICE, at(20))).length > 0).toBe(isUsable);
      expect((await store.publishedFor("claims@company.example", at(20))).length > 0).toBe(isUsable);
    },
  );
});

describe("a certificate on hold", () => {
  it.each([
    ["active", "pending"],
    ["pending", "active"],
  ] as const)(
    "is again what it was (%s, and %s elsewhere) when its CA lifts the hold",
    async (one, other) => {
      const store = await freshStore();
      await harvest(store, alice, ALICE, one);
      await harvest(store, alice, BOB, other);
      await hear(store, held(2));
      expect([await status(store), await status(store, BOB)]).toEqual(["revoked", "revoked"]);
      expect(await hear(store, good(1))).toEqual([]);
      expect(await hear(store, good(3))).toEqual([`${ALICE} ${one}`, `${BOB} ${other}`]);
      expect([await status(store), await status(store, BOB)]).toEqual([one, other]);
      const last = (await store.history(sha256)).at(-1);
      expect(last).toMatchObject({
        actor: "robot",
        reason: "its CA has lifted the hold",
        detail: { by: "CA" },
      });
      expect((await store.verifyAudit()).fault).toBeNull();
      // What an older answer says now changes nothing.
      expect(await hear(store, held(2))).toEqual([]);
    },
  );

  it("keeps its pin when a person had approved it", async () => {
    const store = await freshStore();
    await harvest(store, alice, ALICE, "pending");
    const by = { actor: "erika", reason: null, at: at(1), mails: [] };
    await store.changeHolding({
      certificate: sha256,
      address: ALICE,
      status: "active",
      approved: true,
      ...by,
    });
    await hear(store, held(2));
    await hear(store, good(3));
    const [found] = await store.certificatesOf(ALICE, at(20));
    expect(found).toMatchObject({ status: "active", approved: true });
  });

  it.each<[string, (store: Store) => Promise<unknown>]>([
    ["is revoked for good meanwhile", (store) => hear(store, revoked(3))],
    [
      "has a key that was barred meanwhile",
      (store) => store.barKey({ spkiSha256: alice.spkiSha256, actor: "erika", reason: "stolen", at: at(3) }),
    ],
  ])("stays revoked when it %s", async (_what, happens) => {
    const store = await freshStore();
    await harvest(store, alice, ALICE);
    await hear(store, held(2));
    await happens(store);
    expect(await hear(store, good(5))).toEqual([]);
    expect(await status(store)).toBe("revoked");
  });

  it("of a CA above lets go of all certificates below when it is lifted, and of none that is revoked itself", async () => {
    const store = await freshStore();
    const ca = "c".repeat(64);
    const carol = report("carol");
    await harvest(store, alice, ALICE);
    await harvest(store, carol, BOB);
    const bad = finding("revocation.revoked", "the CA certificate CN=CA: revoked");
    await store.noteCaWords([{ certificate: ca, word: held(2) }], at());
    for (const certificate of [sha256, carol.sha256])
      await store.revokeByCa({
        certificate,
        reason: "revoked by its CA",
        finding: bad,
        heldBy: ca,
        at: at(2),
      });
    await store.noteCaWords([{ certificate: carol.sha256, word: revoked(3) }], at());
    expect(await store.noteCaWords([{ certificate: ca, word: good(4) }], at(4))).toMatchObject([
      { certificate: sha256, address: ALICE, from: "revoked", to: "active" },
    ]);
    expect([await status(store), await status(store, BOB)]).toEqual(["active", "revoked"]);
  });
});

describe("a database of an earlier version", () => {
  it("knows what its findings say of revocations", async () => {
    const dir = folder();
    const before = readMigrations().filter(({ version }) => version < 12);
    const db = openDatabase(databaseFile(dir));
    migrate(db, before);
    const insert = (name: string, findings: readonly object[], state: string) => {
      const { sha256: id, spkiSha256 } = report(name);
      db.prepare(
        `INSERT INTO certificate (sha256, spki_sha256, key_identity, der, addresses, subject, issuer, serial, not_before, not_after,
           key_algorithm, usage_sign, usage_encrypt) VALUES (?, ?, ?, x'00', '[]', '', '', '', 0, 9e12, 'RSA-2048', 1, 1)`,
      ).run(id, spkiSha256, spkiSha256);
      db.prepare(
        `INSERT INTO holding (address, domain, certificate, status, role, approved, findings, source, first_seen, last_seen, decided_by, decided_at)
         VALUES (?, 'partner.example', last_insert_rowid(), ?, 'signer', 0, ?, '', 0, 0, 'robot', ?)`,
      ).run(`${name}@partner.example`, state, JSON.stringify(findings), at().getTime());
    };
    const said = (detail: string) => [{ code: "revocation.revoked", severity: "error", detail }];
    insert(
      "gone",
      said("revoked at 2026-05-01T10:00:00.000Z (keyCompromise), says the OCSP responder"),
      "revoked",
    );
    insert(
      "hold",
      said("revoked at 2026-05-02T10:00:00.000Z (certificateHold), says the CRL of CN=CA"),
      "rejected",
    );
    insert("here", said("revoked here before"), "rejected");
    insert("fine", [], "active");
    const trail = db.prepare(
      `INSERT INTO audit (at, action, commitment, previous, hash, salt, actor, address, certificate, detail)
       VALUES (0, 'certificate.revoked', ?, ?, ?, zeroblob(16), 'robot', ?, ?, ?)`,
    );
    const hex = "0".repeat(64);
    for (const [name, detail] of [
      ["held", { from: "pending", by: "CA" }],
      ["barred", { from: "rejected", spkiSha256: "x" }],
    ] as const) {
      insert(
        name,
        said("revoked at 2026-05-02T10:00:00.000Z (certificateHold), says the CRL of CN=CA"),
        "revoked",
      );
      trail.run(hex, hex, hex, `${name}@partner.example`, report(name).sha256, JSON.stringify(detail));
    }
    db.close();
    const store = await freshStore({ stateDir: dir });
    const words = await store.caWords(["gone", "hold", "here", "fine"].map((name) => report(name).sha256));
    expect(words.map(({ word }) => word.revocation)).toEqual([
      { by: "OCSP", revocationTime: new Date("2026-05-01T10:00:00Z"), reason: null, thisUpdate: at() },
      { by: "CRL", revocationTime: new Date("2026-05-02T10:00:00Z"), reason: 6, thisUpdate: at() },
    ]);
    // What was on hold is again what it was; what was barred stays revoked.
    for (const name of ["held", "barred"])
      await store.noteCaWords([{ certificate: report(name).sha256, word: good(60) }], at(61));
    expect(await status(store, "held@partner.example")).toBe("pending");
    expect(await status(store, "barred@partner.example")).toBe("revoked");
  });
});
