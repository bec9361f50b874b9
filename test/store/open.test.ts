import {
  chmodSync,
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { connection } from "../../src/store/connection.ts";
import { openDatabase } from "../../src/store/driver.ts";
import { databaseFile, openStore } from "../../src/store/index.ts";
import { migrate, readMigrations, schemaVersion } from "../../src/store/migrate.ts";
import { assemble, configure } from "../../src/store/open.ts";
import { at, decision, folder, freshStore, harvest, input, mail, report } from "./kit.ts";

function raw(dir: string): Database.Database {
  return openDatabase(databaseFile(dir));
}

function mode(path: string): number {
  return statSync(path).mode & 0o777;
}

describe("opening the database", () => {
  it("makes a folder and files that only their owner can read", async () => {
    const dir = join(folder(), "deep", "state");
    const store = await freshStore({ stateDir: dir });
    await harvest(store, report("alice"), "alice@partner.example");
    expect(mode(dir)).toBe(0o700);
    for (const name of readdirSync(dir)) expect([name, mode(join(dir, name))]).toEqual([name, 0o600]);
  });

  it("makes the secret once and keeps it", async () => {
    const dir = folder();
    const first = await openStore({ stateDir: dir });
    const secret = await first.secret();
    await first.close();
    const second = await freshStore({ stateDir: dir });
    expect(secret).toHaveLength(32);
    expect(await second.secret()).toEqual(secret);
    expect(await (await freshStore()).secret()).not.toEqual(secret);
  });

  it("writes with synchronous=FULL also when the file was in WAL mode before", async () => {
    const dir = folder();
    await (await openStore({ stateDir: dir })).close();
    const db = raw(dir);
    expect(db.pragma("synchronous", { simple: true })).toBe(1); // NORMAL: what the driver does by itself
    configure(db);
    expect(db.pragma("synchronous", { simple: true })).toBe(2);
    expect(db.pragma("journal_mode", { simple: true })).toBe("wal");
    expect(db.pragma("foreign_keys", { simple: true })).toBe(1);
    db.close();
  });

  it("refuses a database of a newer keybot and leaves it alone", async () => {
    const dir = folder();
    await (await openStore({ stateDir: dir })).close();
    const db = raw(dir);
    db.pragma("user_version = 4711");
    db.close();
    for (const readOnly of [false, true]) {
      await expect(openStore({ stateDir: dir, readOnly })).rejects.toMatchObject({
        kind: "config",
        code: "store.newer",
        message: expect.stringContaining("newer keybot"),
        hint: expect.stringContaining("install that version"),
      });
    }
    expect(schemaVersion(raw(dir))).toBe(4711);
  });

  it("refuses a file that is no database", async () => {
    const dir = folder();
    writeFileSync(databaseFile(dir), "This is a letter, not a database. ".repeat(100));
    await expect(openStore({ stateDir: dir })).rejects.toMatchObject({
      kind: "fault",
      code: "store.corrupt",
      message: `${databaseFile(dir)} is not a database`,
    });
  });

  it("refuses another program's database and leaves it alone", async () => {
    const dir = folder();
    const db = raw(dir);
    db.exec("CREATE TABLE recipes (title TEXT)");
    db.close();
    await expect(openStore({ stateDir: dir })).rejects.toMatchObject({
      kind: "fault",
      code: "store.foreign",
    });
    expect(raw(dir).pragma("journal_mode", { simple: true })).toBe("delete");
  });

  it("notices a damaged database", async () => {
    const dir = folder();
    await (await openStore({ stateDir: dir })).close();
    const file = openSync(databaseFile(dir), "r+");
    const size = fstatSync(file).size;
    writeSync(file, Buffer.alloc(size - 100, 0xff), 0, size - 100, 100); // all but the file header
    closeSync(file);
    await expect(openStore({ stateDir: dir })).rejects.toMatchObject({
      kind: "fault",
      code: "store.corrupt",
    });
  });

  it("read only needs a database that is there", async () => {
    await expect(openStore({ stateDir: folder(), readOnly: true })).rejects.toMatchObject({
      kind: "config",
      code: "store.missing",
    });
  });

  it("read only changes nothing: a write is refused as temporary", async () => {
    const dir = folder();
    const writer = await freshStore({ stateDir: dir });
    await harvest(writer, report("alice"), "alice@partner.example");
    const reader = await freshStore({ stateDir: dir, readOnly: true });
    expect(await reader.usableFor("alice@partner.example", at())).toHaveLength(1);
    await expect(reader.markFiled(["k"], at())).rejects.toMatchObject({
      kind: "temporary",
      code: "store.readonly",
    });
  });

  it("says what to do when the folder cannot be made", async () => {
    const dir = folder();
    writeFileSync(join(dir, "state"), "a file in the way");
    await expect(openStore({ stateDir: join(dir, "state") })).rejects.toMatchObject({
      kind: "temporary",
      code: "store.cannot-open",
      hint: expect.stringContaining("state_dir"),
    });
  });

  it.skipIf(process.getuid?.() === 0)("says what to do when the folder is read-only", async () => {
    const dir = join(folder(), "state");
    mkdirSync(dir, { mode: 0o500 });
    await expect(openStore({ stateDir: dir })).rejects.toMatchObject({ code: "store.cannot-open" });
    chmodSync(dir, 0o700);
  });

  it("says temporary when another process holds the write lock too long", async () => {
    const dir = folder();
    const store = await freshStore({ stateDir: dir, busyTimeoutMs: 20 });
    const other = raw(dir);
    other.exec("BEGIN IMMEDIATE");
    await expect(harvest(store, report("alice"), "alice@partner.example")).rejects.toMatchObject({
      kind: "temporary",
      code: "store.busy",
      message: `the database ${databaseFile(dir)} is locked by another process`,
    });
    expect(await store.certificatesOf("alice@partner.example", at())).toEqual([]);
    other.exec("ROLLBACK");
    other.close();
    await harvest(store, report("alice"), "alice@partner.example");
  });

  it("says temporary when the disk is full; nothing of the message, or of the batch, is written", async () => {
    const dir = folder();
    await (await openStore({ stateDir: dir })).close();
    const db = raw(dir);
    configure(db);
    db.pragma(`max_page_count = ${db.pragma("page_count", { simple: true })}`);
    const store = assemble(connection(db));
    const big = mail("big", "a@partner.example", { bytes: new Uint8Array(500_000) });
    const small = { input: input("small", "a@partner.example", []), decide: () => decision([]) };
    const large = {
      input: input("large", "a@partner.example", []),
      decide: () => decision([], { replies: [big] }),
    };
    const full = { kind: "temporary", code: "store.full", hint: expect.stringContaining("free some space") };
    await expect(store.commitMessage(large.input, large.decide)).rejects.toMatchObject(full);
    await expect(store.commitMessages([small, large, small])).rejects.toMatchObject(full);
    expect(await store.ledgerEntries()).toEqual([]);
    await store.commitMessage(small.input, small.decide);
    expect(await store.isKnown("small")).toBe(true);
    await store.close();
  });
});

describe("a database that is damaged in one table", () => {
  async function damagedLedger() {
    const dir = folder();
    await (await openStore({ stateDir: dir })).close();
    const db = raw(dir);
    const root = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'ledger'").pluck().get();
    const pageSize = Number(db.pragma("page_size", { simple: true }));
    db.close();
    const file = openSync(databaseFile(dir), "r+");
    writeSync(file, Buffer.alloc(pageSize, 0xa5), 0, pageSize, (Number(root) - 1) * pageSize);
    closeSync(file);
    return freshStore({ stateDir: dir });
  }
  const corrupt = {
    kind: "fault",
    code: "store.corrupt",
    message: expect.stringMatching(/^the database .*\/keybot\.db is damaged$/),
    hint: expect.stringContaining("keybot.db-wal"),
  };

  it("fails a whole batch, not each of its messages: no other would fare better", async () => {
    const store = await damagedLedger();
    const one = { input: input("one", "a@partner.example", []), decide: () => decision([]) };
    await expect(store.commitMessages([one])).rejects.toMatchObject(corrupt);
  });

  it("is found by looking through it, and a whole one is not", async () => {
    await expect((await damagedLedger()).checkIntegrity()).rejects.toMatchObject(corrupt);
    await (await freshStore()).checkIntegrity();
  });
});

describe("migrations", () => {
  it("each stands once, without a gap", () => {
    expect(readMigrations().map(({ version }) => version)).toEqual(
      readMigrations().map((_, index) => index + 1),
    );
    const dir = folder();
    writeFileSync(join(dir, "0002-second.sql"), "SELECT 1;");
    expect(() => readMigrations(pathToFileURL(`${dir}/`))).toThrow("0002-second.sql");
  });

  it("one that fails half-way leaves version, tables and rows as they were", () => {
    const db = raw(folder());
    migrate(db);
    const shipped = readMigrations();
    const broken = {
      version: shipped.length + 1,
      name: "9999-broken.sql",
      sql: "CREATE TABLE half (x INTEGER) STRICT; SELECT nonsense;",
    };
    expect(() => migrate(db, [...shipped, broken])).toThrow("nonsense");
    expect(schemaVersion(db)).toBe(shipped.length);
    expect(db.prepare("SELECT name FROM sqlite_schema WHERE name = 'half'").get()).toBeUndefined();
    db.close();
  });

  it("run twice, or by two processes, do nothing more", () => {
    const dir = folder();
    const [one, two] = [raw(dir), raw(dir)];
    migrate(one);
    migrate(two);
    migrate(one);
    const newest = readMigrations().length;
    expect([schemaVersion(one), schemaVersion(two)]).toEqual([newest, newest]);
    one.close();
    two.close();
  });

  it("make STRICT tables only", () => {
    const db = raw(folder());
    migrate(db);
    const loose = db
      .prepare("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0")
      .pluck()
      .all() as string[];
    expect(loose.filter((name) => !name.startsWith("sqlite_"))).toEqual([]);
    db.close();
  });
});
