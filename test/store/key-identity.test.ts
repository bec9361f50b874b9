import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DerReader } from "../../src/pki/der.ts";
import { encode } from "../../src/pki/der-write.ts";
import { type Certificate, isProblem, OID, parseCertificate } from "../../src/pki/index.ts";
import { openDatabase } from "../../src/store/driver.ts";
import { migrate, readMigrations } from "../../src/store/migrate.ts";
import { edKey, issue, issueCa } from "../pki/path-authority.ts";
import { at, folder, freshStore, harvest, query, report } from "./kit.ts";

const USUAL = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({
  type: "spki",
  format: "der",
});

/** Two certificates of one RSA key: with NULL, and without parameters. */
function twoSpellings(): readonly [Certificate, Certificate] {
  const root = issueCa({ subject: "Root" });
  const bits = new DerReader(USUAL).enter(0x30, "").rest().subarray(15);
  const without = encode.sequence(encode.sequence(encode.oid(OID.rsaEncryption)), bits);
  const of = (spki: Buffer): Certificate => {
    const { der } = issue({ subject: "alice", issuer: root, key: { ...edKey(), spki } }).certificate;
    const parsed = parseCertificate(der);
    if (isProblem(parsed)) throw new Error(parsed.detail);
    return parsed;
  };
  return [of(USUAL), of(without)];
}

describe("a key in two spellings", () => {
  const [usual, other] = twoSpellings();
  const names = ({ sha256, spkiSha256, keyIdentity, der }: Certificate) => ({
    sha256,
    spkiSha256,
    keyIdentity,
    der,
  });

  it("has two fingerprints and is one key", () => {
    expect(other.spkiSha256).not.toBe(usual.spkiSha256);
    expect(other.keyIdentity).toBe(usual.keyIdentity);
  });

  it("is barred in both, revoked under every address, and free again in both", async () => {
    const store = await freshStore();
    await harvest(store, report("usual", names(usual)), "alice@partner.example");
    await harvest(store, report("other", names(other)), "bob@partner.example");
    const bar = { spkiSha256: other.spkiSha256, actor: "eve", reason: "stolen", at: at(1) };
    expect(await store.barKey(bar)).toHaveLength(2);
    expect(await store.usableFor("alice@partner.example", at(2))).toEqual([]);
    const view = await store.view(
      query("x@y.example", { spkis: [usual.keyIdentity, usual.spkiSha256] }),
      at(2),
    );
    expect(view.barred.size).toBe(1);
    expect(await store.certificatesOfKey(usual.spkiSha256, at(2))).toHaveLength(2);
    await store.unbarKey({ ...bar, spkiSha256: usual.spkiSha256, judged: [] });
    expect(
      (await store.certificatesOfKey(other.spkiSha256, at(3))).every(({ barred }) => barred === null),
    ).toBe(true);
  });

  it("is known in a database of an earlier version, and a bar goes on barring", () => {
    const db = openDatabase(join(folder(), "keybot.db"));
    const before = readMigrations().filter(({ name }) => !name.includes("key-identity"));
    const upTo = readMigrations().findIndex(({ name }) => name.includes("key-identity"));
    migrate(db, before.slice(0, upTo));
    const insert = db.prepare(
      `INSERT INTO certificate (sha256, spki_sha256, subject, issuer, serial, not_before, not_after, key_algorithm,
         usage_sign, usage_encrypt, addresses, der) VALUES (?, ?, '', '', '', 0, 0, '', 1, 1, '[]', ?)`,
    );
    insert.run(other.sha256, other.spkiSha256, other.der);
    insert.run("a".repeat(64), "b".repeat(64), Buffer.of(0));
    const bar = db.prepare(
      "INSERT INTO barred_key (spki_sha256, at, actor, reason) VALUES (?, 0, 'eve', '')",
    );
    bar.run(other.spkiSha256);
    bar.run("c".repeat(64));
    migrate(db);
    const identities = (table: string) =>
      db
        .prepare(`SELECT key_identity AS found FROM ${table} ORDER BY id`)
        .all()
        .map((row) => Object.values(row as object)[0]);
    expect(identities("certificate")).toEqual([usual.keyIdentity, "b".repeat(64)]);
    expect(identities("barred_key")).toEqual([usual.keyIdentity, "c".repeat(64)]);
    db.close();
  });
});
