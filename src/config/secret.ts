import { closeSync, fstatSync, openSync, readSync, realpathSync } from "node:fs";

import { KeybotError, messageOf } from "../errors.ts";

/**
 * A password that shows itself to nobody but the one who calls `reveal`.
 *
 * It is read at each `reveal`, not when the configuration is loaded: `keybot list` then works for somebody who may
 * not read the password, and a password that was changed on disk is used at the next connection.
 */
export class Secret {
  readonly #read: () => string;
  readonly #file: string | null;

  constructor(read: () => string, file: string | null = null) {
    this.#read = read;
    this.#file = file;
  }

  /** Absolute path of the file that holds it, or null when there is none. */
  get file(): string | null {
    return this.#file;
  }

  /**
   * The secret itself, for the one call that needs it.
   *
   * @throws KeybotError `config` when there is none, or its file is missing or open to others
   */
  reveal(): string {
    return this.#read();
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "[secret]";
  }
}

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where a secret can come from. */
export interface SecretSource {
  /** The key that names its file, as an error says it: `[imap] password_file`. */
  readonly key: string;
  /** Absolute path, or null when the key is not set. */
  readonly file: string | null;
  /** Name of the environment variable, which wins over the file. */
  readonly variable: string;
}

/** The secret that `source` describes; nothing is read yet. */
export function secretOf(source: SecretSource, env: Environment): Secret {
  const given = env[source.variable];
  return new Secret(() => {
    if (given !== undefined && given !== "") return given;
    if (source.file !== null) return readSecretFile(source.file, source.key);
    throw new KeybotError("config", "config.secret-missing", `${source.key} is not set`, {
      hint: `name a file that holds nothing but the password, or set ${source.variable}`,
    });
  }, source.file);
}

/**
 * Refuses the file of a secret that others can read, a private key for example.
 *
 * @param path absolute path of a file that is there
 * @throws KeybotError `config` when it is open to others or cannot be read
 */
export function checkSecretFile(path: string, key: string): void {
  withOpenFile(path, key, (descriptor) => refuseOpen(descriptor, path, key));
}

/** No password is longer; what is, is another file by mistake. */
const LONGEST_SECRET = 4096;

/**
 * Reads a file that holds one secret; one newline at its end does not count.
 *
 * @throws KeybotError `config` when it cannot be read, is open to others, is empty or is too long
 */
function readSecretFile(path: string, key: string): string {
  const bytes = Buffer.alloc(LONGEST_SECRET + 1);
  const length = withOpenFile(path, key, (descriptor) => {
    refuseOpen(descriptor, path, key);
    return readSync(descriptor, bytes);
  });
  if (length > LONGEST_SECRET) throw fault(key, `${path} is too long for a password`);
  const text = bytes.toString("utf8", 0, length).replace(/\r?\n$/, "");
  if (text === "") throw fault(key, `${path} is empty`, "write the password into it");
  return text;
}

/** Looks at the file that was opened, so that it cannot be another one than the one that is read. */
function refuseOpen(descriptor: number, path: string, key: string): void {
  const open = openTo(fstatSync(descriptor), realpathSync(path));
  if (open !== null) throw fault(key, `${path} is open to ${open}`, `run: chmod 600 ${path}`);
}

function withOpenFile<T>(path: string, key: string, use: (descriptor: number) => T): T {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (cause) {
    const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    throw fault(
      key,
      missing ? `there is no ${path}` : `${path} cannot be read (${messageOf(cause)})`,
      missing ? `write the password into it and run: chmod 600 ${path}` : undefined,
    );
  }
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Owner and permission bits of a file, as `stat` gives them. */
export interface Ownership {
  readonly uid: number;
  readonly mode: number;
}

/**
 * Who else could read or change a secret file: `everybody`, `its group`, or null when it is private.
 *
 * A group may read a file of root, as packages install it (`root:keybot 0640`): only root put anybody into that
 * group. Files below /run/secrets are what a container was given: who may read them is the container engine's doing (0444, or
 * the mode that the file has outside), and nobody else is inside to read them. Who could write them could change the
 * password that we send; no engine makes them so, and it is refused there too.
 */
export function openTo(file: Ownership, realPath: string): "everybody" | "its group" | null {
  if (realPath.startsWith("/run/secrets/")) {
    if ((file.mode & 0o002) !== 0) return "everybody";
    return (file.mode & 0o020) !== 0 ? "its group" : null;
  }
  if ((file.mode & 0o007) !== 0) return "everybody";
  const allowed = file.uid === 0 ? 0o040 : 0;
  return (file.mode & 0o070 & ~allowed) !== 0 ? "its group" : null;
}

function fault(key: string, message: string, hint?: string): KeybotError {
  return new KeybotError("config", "config.secret", `${key}: ${message}`, hint === undefined ? {} : { hint });
}
