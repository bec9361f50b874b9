import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join, normalize, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

/**
 * The shape of the program, as one table: what each room may import. A new edge is a change of this table, in the same
 * commit, with a reason. Rooms not named here do not exist.
 */
interface Rules {
  /** Rooms and top-level files whose values it may use; their types too. */
  readonly uses: readonly string[];
  /** Rooms whose types alone it may use: nothing of them is loaded. */
  readonly types?: readonly string[];
  /** Third-party libraries; each has exactly one room. */
  readonly libraries?: readonly string[];
  /** No file, no clock, no random, no network, no log: values in, values out. */
  readonly pure?: true;
  /** It has no time of day of its own: that comes in as an argument. How long it waits, the monotonic clock may say. */
  readonly noClock?: true;
}

const ROOMS: Readonly<Record<string, Rules>> = {
  "errors.ts": { uses: [], pure: true },
  "text.ts": { uses: [], pure: true },
  "log.ts": { uses: ["errors.ts", "text.ts"], noClock: true },
  "policy.ts": { uses: [], types: ["pki"], pure: true },
  "mail-server.ts": { uses: ["errors.ts"], noClock: true },

  mail: { uses: [], libraries: ["tldts"], pure: true },
  pki: { uses: [], pure: true },
  read: { uses: ["mail"], types: ["policy.ts"], pure: true },
  inspect: { uses: ["read", "mail", "pki"], types: ["policy.ts"], pure: true },
  decide: { uses: ["inspect", "mail", "errors.ts"], types: ["read", "policy.ts"], pure: true },
  reply: { uses: ["mail", "pki", "text.ts"], types: ["decide", "inspect"], pure: true },

  store: {
    // pki: a migration tells which key a stored certificate is of.
    uses: ["errors.ts", "pki"],
    types: ["read", "inspect", "decide"],
    libraries: ["better-sqlite3"],
    noClock: true,
  },
  revocation: { uses: ["pki", "log.ts"], noClock: true },
  imap: { uses: ["errors.ts", "log.ts", "mail-server.ts"], libraries: ["imapflow"], noClock: true },
  smtp: { uses: ["errors.ts", "log.ts", "mail-server.ts"], libraries: ["nodemailer"], noClock: true },
  config: { uses: ["policy.ts", "errors.ts", "mail", "pki"], libraries: ["smol-toml"] },

  robot: {
    uses: [
      "read",
      "inspect",
      "decide",
      "reply",
      "store",
      "imap",
      "smtp",
      "revocation",
      "mail",
      "pki",
      "policy.ts",
      "errors.ts",
      "log.ts",
    ],
    libraries: ["node-cron"],
  },
  admin: {
    uses: ["store", "inspect", "decide", "pki", "mail", "reply", "policy.ts", "errors.ts", "text.ts"],
    types: ["log.ts"],
  },
  cli: {
    uses: [
      "config",
      "robot",
      "admin",
      "log.ts",
      "text.ts",
      "errors.ts",
      "policy.ts",
      "mail-server.ts",
      "store",
      "imap",
      "smtp",
      "revocation",
      "reply",
      "inspect",
      "decide",
      "read",
      "mail",
      "pki",
    ],
    libraries: ["commander"],
  },
};

/** Modules of Node that compute and do nothing else; `node:module` to load a library late, `node:net` for `isIP` and `BlockList`, `node:url` for `domainToASCII`. */
const PURE_MODULES = new Set(["node:buffer", "node:crypto", "node:module", "node:net", "node:url"]);
const PURE_NAMES: Readonly<Record<string, readonly string[]>> = {
  "node:module": ["createRequire"],
  "node:net": ["BlockList", "isIP", "isIPv4", "isIPv6"],
  "node:url": ["domainToASCII", "domainToUnicode"],
  // All that takes its result from its arguments: no randomBytes, no generateKeyPair.
  "node:crypto": [
    "ECDH",
    "constants",
    "createDecipheriv",
    // Made with a given scalar only.
    "createECDH",
    "createHash",
    "createHmac",
    "createPrivateKey",
    "createPublicKey",
    "hash",
    "KeyObject",
    "pbkdf2Sync",
    "sign",
    "timingSafeEqual",
    "verify",
    "X509Certificate",
  ],
};

const root = resolve(import.meta.dirname, "..");
const src = join(root, "src");

interface Import {
  readonly file: string;
  readonly from: string;
  readonly specifier: string;
  /** Nothing is loaded for it. */
  readonly typesOnly: boolean;
  readonly names: readonly string[];
  /** For an import of our own: the file and its room. */
  readonly target: string | null;
  readonly room: string | null;
}

const FILES = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .sort();
const SOURCES = new Map(FILES.map((file) => [file, readFileSync(join(src, file), "utf8")]));
const IMPORTS = FILES.flatMap(importsOf);

describe("the rooms", () => {
  it("are those of the table", () => {
    expect([...new Set(FILES.map(roomOf))].filter((room) => ROOMS[room] === undefined)).toEqual([]);
  });

  it("import only what the table allows", () => {
    const wrong = IMPORTS.filter(({ file, room, typesOnly }) => {
      const own = roomOf(file);
      if (room === null || room === own) return false;
      const { uses = [], types = [] } = ROOMS[own] ?? { uses: [] };
      return !uses.includes(room) && !(typesOnly && types.includes(room));
    });
    expect(wrong.map(shown)).toEqual([]);
  });

  it("are entered through their index.ts alone", () => {
    const wrong = IMPORTS.filter(
      ({ file, room, target }) =>
        room !== null && room !== roomOf(file) && room !== target && target !== join(room, "index.ts"),
    );
    expect(wrong.map(shown)).toEqual([]);
  });

  it("have an index.ts that opens with what they know and what not", () => {
    const rooms = [...new Set(FILES.map(roomOf))].filter((room) => !room.endsWith(".ts") && room !== "cli");
    const silent = rooms.filter((room) => {
      const opening =
        /^\/\*\*?\n((?: \*.*\n)+) \*\/\n/.exec(SOURCES.get(join(room, "index.ts")) ?? "")?.[1] ?? "";
      return opening.split("\n").length < 5;
    });
    expect(silent).toEqual([]);
  });

  it("have no cycle; between files none that is more than types", () => {
    const loaded = (file: string) =>
      IMPORTS.filter((each) => each.file === file && !each.typesOnly).flatMap(({ target }) => target ?? []);
    const used = (room: string) =>
      IMPORTS.filter(({ file }) => roomOf(file) === room).flatMap((each) =>
        each.room === null || each.room === room ? [] : [each.room],
      );
    expect(cycleIn(FILES, loaded)).toBeNull();
    expect(cycleIn(Object.keys(ROOMS), used)).toBeNull();
  });
});

describe("a third-party library", () => {
  it("has exactly one room that imports it, the one in the table", () => {
    const wrong = IMPORTS.filter(
      ({ file, specifier }) =>
        !isOurs(specifier) &&
        !specifier.startsWith("node:") &&
        !ROOMS[roomOf(file)]?.libraries?.includes(packageOf(specifier)),
    );
    expect(wrong.map(shown)).toEqual([]);
    const owned = Object.values(ROOMS).flatMap(({ libraries = [] }) => libraries);
    expect(new Set(owned).size).toBe(owned.length);
  });

  it("is a dependency, and each dependency is used", () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      dependencies: object;
    };
    const owned = Object.values(ROOMS).flatMap(({ libraries = [] }) => libraries);
    const used = new Set(IMPORTS.map(({ specifier }) => packageOf(specifier)));
    expect(Object.keys(dependencies).sort()).toEqual(owned.sort());
    expect(owned.filter((name) => !used.has(name))).toEqual([]);
  });
});

describe("a pure room", () => {
  it("imports only modules of Node that compute, and of them only what takes its result from its arguments", () => {
    const wrong = IMPORTS.filter(({ file, specifier, names }) => {
      const { pure, libraries } = ROOMS[roomOf(file)] ?? {};
      // A library in a pure room computes, too: who adds one to the table has looked.
      if (pure === undefined || isOurs(specifier) || libraries?.includes(packageOf(specifier))) return false;
      return (
        !PURE_MODULES.has(specifier) || names.some((name) => PURE_NAMES[specifier]?.includes(name) === false)
      );
    });
    expect(wrong.map(shown)).toEqual([]);
  });

  it("has no clock, no random and no process; a room with `noClock` neither", () => {
    const forbidden =
      /\bDate\.now\b|\bnew Date\(\s*\)|\bDate\(\s*\)|\bMath\.random\b|\bprocess\.\w|\bperformance\.now\b|\bglobalThis\b/;
    const wrong = FILES.filter((file) => {
      const { pure, noClock } = ROOMS[roomOf(file)] ?? {};
      const code = pure === true ? codeOf(file) : codeOf(file).replaceAll("performance.now", "");
      return (pure === true || noClock === true) && forbidden.test(code);
    });
    expect(wrong).toEqual([]);
  });

  it("has nothing asynchronous, no timer and no console", () => {
    const forbidden =
      /\basync\b|\bawait\b|\bPromise\b|\bset(?:Timeout|Interval|Immediate)\b|\bconsole\b|\bfetch\(/;
    const wrong = FILES.filter((file) => ROOMS[roomOf(file)]?.pure === true && forbidden.test(codeOf(file)));
    expect(wrong).toEqual([]);
  });
});

describe("every file", () => {
  it("is named after its noun or verb, in kebab-case", () => {
    const forbidden = /^(utils?|helpers?|common|misc|types?|shared|manager|service|constants|interfaces)$/;
    const wrong = FILES.filter((file) =>
      file.split("/").some((part) => {
        const name = basename(part, ".ts");
        return !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) || forbidden.test(name);
      }),
    );
    expect(wrong).toEqual([]);
  });

  it("has at most 450 lines: more is a second subject", () => {
    const long = FILES.filter((file) => (SOURCES.get(file) ?? "").split("\n").length > 450);
    expect(long).toEqual([]);
  });

  it("has no default export, no `any`, no non-null `!`, no TODO without an issue", () => {
    const wrong = FILES.filter((file) => {
      const code = codeOf(file);
      return (
        /\bexport default\b|[:<]\s*any\b|\bas any\b/.test(code) ||
        /\bTODO\b(?! #\d)/.test(SOURCES.get(file) ?? "")
      );
    });
    expect(wrong).toEqual([]);
  });

  it("leaves SQL to the store", () => {
    const sql = /["'`]\s*(?:SELECT\s|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+TABLE|PRAGMA\s)/;
    expect(FILES.filter((file) => roomOf(file) !== "store" && sql.test(SOURCES.get(file) ?? ""))).toEqual([]);
  });
});

describe("docs/STANDARDS.md", () => {
  const text = readFileSync(join(root, "docs", "STANDARDS.md"), "utf8");
  /** `| RFC | title | sections | yes, partly, no | where | …` */
  const rows = [...text.matchAll(/^\| (\d{3,5}) \|[^|]*\|[^|]*\| (yes|partly|no) \| ([^|]*) \|/gm)];
  const state = new Map(rows.map(([, number = "", word = ""]) => [number, word]));
  const cited = new Set(
    [...SOURCES.values()].flatMap((source) =>
      [...source.matchAll(/RFC (\d{3,5})/g)].flatMap(([, number]) => number ?? []),
    ),
  );

  it("has one row for each RFC, in order within each table", () => {
    expect(state.size).toBe(rows.length);
    for (const table of text.split("\n## ")) {
      const numbers = [...table.matchAll(/^\| (\d{3,5}) \|/gm)].map(([, number]) => Number(number));
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    }
  });
  it("lists every RFC that the code cites", () => {
    expect([...cited].filter((number) => !state.has(number)).sort()).toEqual([]);
  });
  it("says of none that it is implemented that no line cites", () => {
    expect(
      [...state].filter(([number, word]) => word !== "no" && !cited.has(number)).map(([number]) => number),
    ).toEqual([]);
  });
  it("names files and rooms that exist", () => {
    const named = rows.flatMap(([, , , where = ""]) =>
      [...where.matchAll(/`([^`]+)`/g)].flatMap(([, path]) => path ?? []),
    );
    expect(named.length).toBeGreaterThan(50);
    expect(named.filter((path) => !existsSync(join(src, path))).sort()).toEqual([]);
  });
  it("tells of every departure, each file that owns up to one by its name", () => {
    const departing = FILES.filter((file) => /Departs\s/.test(SOURCES.get(file) ?? ""));
    const told = text.slice(text.indexOf("## Departures"));
    expect(departing.filter((file) => !told.includes(`\`${file}\``))).toEqual([]);
  });
});

function roomOf(file: string): string {
  return file.split("/")[0] ?? file;
}

function isOurs(specifier: string): boolean {
  return specifier.startsWith(".");
}

function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function importsOf(file: string): Import[] {
  const text = withoutComments(SOURCES.get(file) ?? "");
  const statements = text.matchAll(/^(?:import|export)\s+(type\s+)?([^;"]*?)\s*from\s+"([^"]+)"/gm);
  const found = [...statements].map(([, type, clause = "", specifier = ""]) => {
    const members = (/\{([^}]*)\}/.exec(clause)?.[1] ?? "")
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "");
    const typesOnly =
      type !== undefined ||
      (members.length > 0 && !/^\w|\*/.test(clause) && members.every((name) => name.startsWith("type ")));
    const values = type === undefined ? members.filter((name) => !name.startsWith("type ")) : [];
    return { specifier, typesOnly, names: values.map((name) => name.split(" as ")[0] ?? name) };
  });
  const dynamic = [...text.matchAll(/\bimport\(\s*"([^"]+)"\s*\)|^import "([^"]+)"/gm)].map(
    ([, one, two]) => ({
      specifier: one ?? two ?? "",
      typesOnly: false,
      names: [],
    }),
  );
  return [...found, ...dynamic].map((each) => {
    const target = isOurs(each.specifier) ? normalize(join(file, "..", each.specifier)) : null;
    return {
      file,
      from: relative(root, join(src, file)),
      ...each,
      target,
      room: target === null ? null : roomOf(target),
    };
  });
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(^|\s)\/\/.*$/gm, "$1");
}

/** The code of a file without comments and the contents of plain strings. */
function codeOf(file: string): string {
  return withoutComments(SOURCES.get(file) ?? "").replace(/"(?:[^"\\\n]|\\.)*"/g, '""');
}

function shown({ from, specifier }: Import): string {
  return `${from} imports ${specifier}`;
}

/** The first cycle as a list of names, or null. */
function cycleIn(nodes: readonly string[], next: (node: string) => readonly string[]): string[] | null {
  const done = new Set<string>();
  const visit = (node: string, path: readonly string[]): string[] | null => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node];
    if (done.has(node)) return null;
    for (const neighbour of next(node)) {
      const cycle = visit(neighbour, [...path, node]);
      if (cycle !== null) return cycle;
    }
    done.add(node);
    return null;
  };
  for (const node of nodes) {
    const cycle = visit(node, []);
    if (cycle !== null) return cycle;
  }
  return null;
}
