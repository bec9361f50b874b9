import Database from "better-sqlite3";

/**
 * What the driver has made, kept until the process ends. better-sqlite3 12 aborts the process on Node.js 24.19 and newer
 * when one of its objects is collected as garbage; 13 does not, but has left Node.js 20. A process opens one database, and a
 * store prepares its statements once, so little is kept.
 */
const KEPT: unknown[] = [];

/** Keeps an object of the driver, an iterator for example. */
export function kept<T>(made: T): T {
  KEPT.push(made);
  return made;
}

/** Opens a database file whose statements and pragmas are kept. */
export function openDatabase(file: string, options: Database.Options = {}): Database.Database {
  const db = kept(new Database(file, options));
  const prepare = db.prepare.bind(db);
  const pragmas = new Map<string, Database.Statement>();
  const pragma = (source: string, { simple = false }: Database.PragmaOptions = {}): unknown => {
    const statement = pragmas.get(source) ?? kept(prepare(`PRAGMA ${source}`));
    pragmas.set(source, statement);
    if (!statement.reader) return statement.run();
    const [first, ...more] = statement.all() as Record<string, unknown>[];
    if (!simple) return first === undefined ? [] : [first, ...more];
    return first === undefined ? undefined : Object.values(first)[0];
  };
  Object.defineProperty(db, "prepare", { value: (sql: string) => kept(prepare(sql)) });
  Object.defineProperty(db, "pragma", { value: pragma });
  return db;
}
