import { describe, expect, it } from "vitest";
import { finding } from "../../src/inspect/index.ts";
import { openDatabase } from "../../src/store/driver.ts";
import { databaseFile, type Store } from "../../src/store/index.ts";
import { migrate, readMigrations } from "../../src/store/migrate.ts";
import { at, DAY, decision, folder, freshStore, harvest, input, report, sha256, storing } from "./kit.ts";

const ALICE = "alice@partner.example";
const MALLORY = "m@evil.example";
const CLAIMS = "claims@company.example";
const by = { actor: "erika", at: at() };
const [TRUE, FALSE] = ["DER of the true CA", "DER of the false CA"].map((text) =>
  new TextEncoder().encode(text),
);

function under(name: string, ca: Uint8Array | undefined, more = {}) {
  const intermediates = ca === undefined ? [] : [ca];
  return report(name, { path: { valid: true, anchor: sha256("anchor"), length: 3, intermediates }, ...more });
}

async function chainsOf(store: Store, address: string): Promise<string[]> {
  const held = await store.certificatesOf(address, at(9));
  return held.flatMap(({ chain }) => chain.map((der) => Buffer.from(der).toString()));
}

describe("the CA certificates above a partner's certificate", () => {
  it.each(["pending", "rejected"] as const)("are not replaced by a mail that is %s", async (status) => {
    const store = await freshStore();
    await harvest(store, under("alice", TRUE), ALICE);
    await harvest(store, under("alice", FALSE), MALLORY, status, at(1));
    await harvest(store, under("alice", FALSE), ALICE, status, at(2));
    expect(await chainsOf(store, ALICE)).toEqual(["DER of the true CA"]);
    expect(await store.authoritiesAbove({ sha256: "f".repeat(64), issuer: "CN=Example Mail CA" })).toEqual([
      TRUE,
    ]);
  });

  it("are not replaced by a mail that is accepted for what is known of the certificate alone", async () => {
    const store = await freshStore();
    await harvest(store, under("alice", TRUE), ALICE);
    const again = under("alice", FALSE, { capabilities: new Uint8Array([9]), role: "offered" });
    await store.commitMessage(input("forged", ALICE, [again], at(5)), () =>
      decision([storing(again, ALICE, "active", { believed: false, keepsPath: false })]),
    );
    const [held] = await store.certificatesOf(ALICE, at(9));
    expect(held).toMatchObject({
      ...{ status: "active", role: "signer", capabilities: null, lastSeen: at() },
      ...{ messageKey: expect.stringMatching(/^harvest/), chain: [TRUE] },
    });
  });

  it("are replaced when a certificate comes with another valid path, as after a renewal of its CA", async () => {
    const store = await freshStore();
    await harvest(store, under("alice", FALSE), ALICE);
    await harvest(store, under("alice", TRUE), ALICE, "active", at(1));
    expect(await chainsOf(store, ALICE)).toEqual(["DER of the true CA"]);
  });
});

describe("the CA certificates that a mailbox publishes", () => {
  const claims = () => under("claims", TRUE);
  const { role: _role, path: _path, findings: _findings, ...summary } = claims();

  it("are those that a person gave, whatever mails bring, also one that is accepted", async () => {
    const store = await freshStore();
    await store.addMailbox(CLAIMS, [{ ...summary, chain: TRUE === undefined ? [] : [TRUE] }], by);
    for (const status of ["rejected", "pending", "active"] as const)
      await harvest(store, under("claims", FALSE), CLAIMS, status, at(1));
    expect((await store.publishedFor(CLAIMS, at(2))).map(({ chain }) => chain)).toEqual([[TRUE]]);
    expect((await store.mailbox(CLAIMS))?.certificates.map(({ chain }) => chain)).toEqual([[TRUE]]);
    expect(await chainsOf(store, CLAIMS)).toEqual(["DER of the false CA"]);
  });

  it("are replaced when he gives them again, and stay when he gives none", async () => {
    const store = await freshStore();
    for (const ca of [FALSE, TRUE, undefined])
      await store.addMailbox(CLAIMS, [{ ...summary, chain: ca === undefined ? [] : [ca] }], by);
    expect((await store.publishedFor(CLAIMS, at(2))).map(({ chain }) => chain)).toEqual([[TRUE]]);
    expect(await store.removeMailboxCertificate(CLAIMS, summary.sha256, by)).toBe(true);
    const db = openDatabase(databaseFile(store.dir), { readonly: true });
    expect(db.prepare("SELECT count(*) AS n FROM mailbox_chain, intermediate").get()).toEqual({ n: 0 });
    db.close();
  });
});

describe("a database of the version before", () => {
  /** As it was written then: one chain a certificate, by whoever came last. */
  function before(dir: string): ReturnType<typeof openDatabase> {
    const db = openDatabase(databaseFile(dir));
    migrate(db, readMigrations().slice(0, 5));
    db.exec("PRAGMA foreign_keys = ON");
    db.exec(
      "INSERT INTO mailbox (id, address, added_at, added_by) VALUES (1, 'claims@company.example', 0, 'erika')",
    );
    db.exec(
      "INSERT INTO intermediate (id, sha256, der) VALUES (1, hex(randomblob(32)), x'01'), (2, hex(randomblob(32)), x'02')",
    );
    return db;
  }

  const certificate = (id: number) => `
    INSERT INTO certificate (id, sha256, spki_sha256, subject, issuer, serial, not_before, not_after, key_algorithm,
      usage_sign, usage_encrypt, addresses, capabilities, der)
    VALUES (${id}, '${sha256(`${id}`)}', '${sha256(`key ${id}`)}', '', 'CN=CA', '01', 0, 9e15, 'P-256', 1, 1, '[]', x'09', x'00');
    INSERT INTO certificate_chain (certificate, position, intermediate) VALUES (${id}, 0, 1), (${id}, 1, 2);`;
  const published = (id: number) =>
    `INSERT INTO mailbox_certificate (mailbox, certificate, added_at, added_by) VALUES (1, ${id}, 0, 'erika');`;
  const holding = (
    id: number,
    address: string,
    status: string,
    code = "signature.none",
    decidedBy = "robot",
  ) => `
    INSERT INTO holding (address, domain, certificate, status, role, approved, findings, source, first_seen, last_seen,
      decided_by, decided_at)
    VALUES ('${address}', 'x', ${id}, '${status}', 'offered', 0, '[{"code":"${code}"}]', '', 0, 0, '${decidedBy}', 0);`;

  async function migrated(sql: string): Promise<Store> {
    const dir = folder();
    const db = before(dir);
    db.exec(sql.replaceAll("9e15", "9000000000000000"));
    db.close();
    return freshStore({ stateDir: dir });
  }

  it("goes on publishing the CA certificates that no mail can have touched, and no others", async () => {
    const store = await migrated(
      [1, 2, 3].map((id) => certificate(id) + published(id)).join("") +
        holding(2, MALLORY, "rejected", "address.mismatch") +
        holding(3, CLAIMS, "active"),
    );
    const chains = (await store.mailbox(CLAIMS))?.certificates.map(({ sha256: of, chain }) => [
      of,
      chain.length,
    ]);
    expect(new Map(chains as [string, number][])).toEqual(
      new Map([
        [sha256("1"), 2],
        [sha256("2"), 0],
        [sha256("3"), 0],
      ]),
    );
  });

  it("publishes none that was there when a partner was forgotten: his mail may have touched it", async () => {
    const store = await migrated(
      `${certificate(1)}${published(1)}INSERT INTO audit (at, action, commitment, previous, hash) VALUES (0, 'partner.forgotten', '${"a".repeat(64)}', '${"b".repeat(64)}', '${"c".repeat(64)}');`,
    );
    expect((await store.mailbox(CLAIMS))?.certificates.map(({ chain }) => chain)).toEqual([[]]);
  });

  it("keeps chains of what is or was in use, forgets what mail programs could do, and checks all paths soon", async () => {
    const store = await migrated(
      (["active", "revoked", "pending", "rejected"] as const)
        .map((status, index) => certificate(index + 1) + holding(index + 1, ALICE, status))
        .join(""),
    );
    const held = await store.certificatesOf(ALICE, at());
    expect(new Map(held.map(({ status, chain }) => [status, chain.length]))).toEqual(
      new Map([
        ["active", 2],
        ["revoked", 2],
        ["pending", 0],
        ["rejected", 0],
      ]),
    );
    expect(held.every(({ capabilities }) => capabilities === null)).toBe(true);
    expect(await store.takeDueChecks(at(), at(DAY), 9)).toMatchObject([{ address: ALICE, noPath: false }]);
  });

  it("loses other people's certificates that the robot has rejected under an address, and nothing else", async () => {
    const store = await migrated(
      [1, 2, 3, 4].map(certificate).join("") +
        holding(1, MALLORY, "rejected", "address.mismatch") +
        holding(2, MALLORY, "rejected", "address.mismatch", "erika") +
        holding(3, MALLORY, "rejected", "address.missing") +
        holding(4, MALLORY, "pending", "address.mismatch"),
    );
    const held = await store.certificatesOf(MALLORY, at());
    expect(held.map((one) => one.sha256).sort()).toEqual([2, 3, 4].map((id) => sha256(`${id}`)).sort());
    expect((await store.findCertificate(sha256("1"), at())).found).toBe("none");
  });
});

describe("what a mail program can do", () => {
  it("is told by the mail that was signed last: an older one that comes again changes nothing", async () => {
    const store = await freshStore();
    let mails = 0;
    const told = async (value: number, signedAt: Date | null, believed = true) => {
      mails += 1;
      const alice = report("alice", { capabilities: new Uint8Array([value]) });
      await store.commitMessage(input(`m${mails}`, ALICE, [alice], at(mails)), () =>
        decision([storing(alice, ALICE, "active", { signedAt, believed })]),
      );
      return (await store.certificatesOf(ALICE, at(99)))[0]?.capabilities?.[0];
    };
    expect(await told(1, null)).toBe(1);
    expect(await told(2, null)).toBe(1);
    expect(await told(3, at(-10))).toBe(3);
    expect(await told(4, at(-20))).toBe(3);
    expect(await told(5, null)).toBe(3);
    expect(await told(6, at(-5), false)).toBe(3);
    expect(await told(7, at(-5))).toBe(7);
  });
});

describe("a rejected certificate that is dropped", () => {
  const drop = (store: Store, name: string) =>
    store.commitMessage(input(`drop ${name}`, ALICE, [], at(5)), () =>
      decision([{ action: "drop", certificate: report(name).sha256, address: ALICE }]),
    );

  it("goes with its row, unless somebody else holds it", async () => {
    const store = await freshStore();
    await harvest(store, report("junk"), ALICE, "rejected");
    await harvest(store, report("shared"), ALICE, "rejected");
    await harvest(store, report("shared"), "bob@partner.example", "rejected");
    for (const name of ["junk", "shared"]) await drop(store, name);
    expect(await store.certificatesOf(ALICE, at(9))).toEqual([]);
    expect((await store.findCertificate(report("junk").sha256, at(9))).found).toBe("none");
    expect((await store.findCertificate(report("shared").sha256, at(9))).found).toBe("one");
    expect((await store.verifyAudit()).fault).toBeNull();
  });

  it.each(["active", "pending", "by a person"] as const)("is none that is %s", async (how) => {
    const store = await freshStore();
    await harvest(store, report("alice"), ALICE, how === "active" ? "active" : "pending");
    const { sha256: of } = report("alice");
    const change = { certificate: of, address: ALICE, actor: "erika", reason: null, at: at(1), mails: [] };
    if (how === "by a person") await store.changeHolding({ ...change, status: "rejected" });
    await drop(store, "alice");
    expect(await store.certificatesOf(ALICE, at(9))).toHaveLength(1);
  });
});

describe("CA certificates for mails without theirs", () => {
  const wanted = { sha256: "f".repeat(64), issuer: "CN=Example Mail CA" };

  it("are found however many certificates of that name strangers have had stored", async () => {
    const store = await freshStore();
    await harvest(store, under("alice", TRUE), ALICE);
    const junk = Array.from({ length: 1_100 }, (_, index) => under(`junk ${index}`, FALSE));
    await store.commitMessage(input("junk", MALLORY, junk, at(1)), () =>
      decision(junk.map((one) => storing(one, MALLORY, "rejected"))),
    );
    expect(await store.authoritiesAbove(wanted)).toEqual([TRUE]);
  });

  it("come from a certificate as long as an address uses it", async () => {
    const store = await freshStore();
    const alice = under("alice", TRUE);
    for (const address of [ALICE, "info@partner.example"]) await harvest(store, alice, address);
    const known = async () => (await store.authoritiesAbove(wanted)).length;
    const change = { certificate: alice.sha256, actor: "erika", reason: null, at: at(1), mails: [] };
    await store.changeHolding({ ...change, address: ALICE, status: "revoked" });
    expect(await known()).toBe(1);
    await store.changeHolding({ ...change, address: "info@partner.example", status: "revoked" });
    expect(await known()).toBe(0);
    await store.changeHolding({ ...change, address: ALICE, status: "active" });
    expect(await known()).toBe(1);
    await store.forgetPartner(ALICE, { ...by, reason: null });
    expect(await known()).toBe(0);
  });
});

describe("a certificate in use without a path", () => {
  const alice = report("alice");
  const query = (minutes: number) => ({
    ...{ now: at(minutes), stuckBefore: at(minutes - DAY), limit: 10 },
    noPathToldBefore: at(minutes - 30 * DAY),
    unansweredBefore: at(minutes - 3 * DAY),
  });
  const told = (store: Store, minutes: number) =>
    store.tellAdmin(query(minutes), () => [
      {
        kind: "daily",
        mail: {
          ...{ messageId: `<${minutes}@x.example>`, to: "p@x.example", envelopeFrom: "", template: "notice" },
          ...{ bytes: new Uint8Array([1]), sendAfter: null },
        },
      },
    ]);
  const news = async (store: Store, minutes: number) =>
    (await store.adminNews(query(minutes)))?.noPath.items ?? [];

  it("is the admin's news once in 30 days, until it has one again, and is looked at again sooner than others", async () => {
    const store = await freshStore();
    await harvest(store, alice, ALICE);
    await store.noteNoPath(alice.sha256, "path.unknown-ca", at(1), at(60));
    const item = {
      sha256: alice.sha256,
      addresses: [ALICE],
      since: at(1),
      code: "path.unknown-ca",
      toldAt: null,
    };
    expect(await news(store, 2)).toEqual([item]);
    expect(await store.withoutPath(at(2), 5)).toEqual({ count: 1, items: [item] });
    expect(await store.takeDueChecks(at(59), at(DAY), 9)).toEqual([]);
    expect(await store.takeDueChecks(at(60), at(DAY), 9)).toMatchObject([{ noPath: true }]);
    expect(await told(store, 3)).toBe(1);
    await store.noteNoPath(alice.sha256, "path.issuer-missing", at(70), at(130));
    expect(await news(store, 29 * DAY)).toEqual([]);
    const again = { ...item, code: "path.issuer-missing", toldAt: at(3) };
    expect(await news(store, 31 * DAY)).toEqual([again]);
    await store.notePath(alice.sha256, TRUE === undefined ? [] : [TRUE]);
    expect(await news(store, 31 * DAY)).toEqual([]);
    expect((await store.withoutPath(at(2), 5)).count).toBe(0);
    expect(await chainsOf(store, ALICE)).toEqual(["DER of the true CA"]);
  });

  it("that a person has approved is told once", async () => {
    const store = await freshStore();
    await harvest(store, report("alice", { findings: [finding("path.unknown-ca")] }), ALICE, "pending");
    const change = {
      certificate: alice.sha256,
      address: ALICE,
      actor: "erika",
      reason: null,
      at: at(1),
      mails: [],
    };
    await store.changeHolding({ ...change, status: "active", approved: true });
    await store.noteNoPath(alice.sha256, "path.unknown-ca", at(2), at(60));
    expect(await news(store, 3)).toHaveLength(1);
    await told(store, 3);
    expect(await news(store, 31 * DAY)).toEqual([]);
    expect((await store.withoutPath(at(31 * DAY), 5)).count).toBe(1);
  });

  it("is none any more when nobody uses it, or it has expired", async () => {
    const store = await freshStore();
    await harvest(store, alice, ALICE);
    await store.noteNoPath(alice.sha256, "path.unknown-ca", at(1), at(60));
    expect(await news(store, 366 * DAY)).toEqual([]);
    const bar = { spkiSha256: alice.spkiSha256, actor: "erika", reason: "lost", at: at(2) };
    await store.barKey(bar);
    expect(await news(store, 3)).toEqual([]);
    expect((await store.withoutPath(at(3), 5)).count).toBe(0);
  });
});
