import { existsSync, realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Config } from "../config/index.ts";
import { messageOf } from "../errors.ts";
import { type Check, ok } from "../robot/index.ts";
import { databaseFile } from "../store/index.ts";
import { shellWord } from "./shell-word.ts";

/** What `stat` says of a file or folder that only its owner may change. */
export interface Guarded {
  readonly path: string;
  /** `private`: nobody else may even read it. `kept`: nobody else may change it. */
  readonly must: "private" | "kept";
  readonly folder: boolean;
  readonly uid: number;
  readonly mode: number;
}

const NAME = "files";

/**
 * Whether nobody but its owner can change what keybot believes: whoever writes into the state folder decides whom the company
 * encrypts to, whoever writes keybot.toml or the folder of a password where it is asked. One check a fault.
 * @param user the numeric user that asks; 0 may look at another user's installation
 */
export function checkFiles(config: Config, user: number): readonly Check[] {
  const database = databaseFile(config.stateDir);
  const secrets = [
    config.imap.password.file,
    config.smtp.login?.password.file,
    config.signing?.keyFile,
    config.signing?.keyPassword?.file,
  ].flatMap((file) => (file === null || file === undefined ? [] : [dirname(file)]));
  const wanted = [
    ...[config.stateDir, database, `${database}-wal`, `${database}-shm`].map(
      (path) => [path, "private"] as const,
    ),
    ...[...new Set([config.file, ...secrets])].map((path) => [path, "kept"] as const),
  ];
  try {
    const files = wanted.flatMap(([path, must]) => (existsSync(path) ? [guarded(path, must)] : []));
    // What a container engine puts there is its doing, as with the passwords themselves.
    const ours = files.filter(({ path }) => !`${realpathSync(path)}/`.startsWith("/run/secrets/"));
    const faults = fileFaults(ours, config.stateDir, user);
    return faults.length > 0 ? faults : [ok(NAME, "nobody else can change state, secrets or configuration")];
  } catch (error) {
    return [{ name: NAME, state: "fault", says: messageOf(error), mend: null }];
  }
}

function guarded(path: string, must: Guarded["must"]): Guarded {
  const stat = statSync(path);
  return { path, must, folder: stat.isDirectory(), uid: stat.uid, mode: stat.mode };
}

/**
 * The faults of modes and owners, each with the command that mends it.
 * @param user who runs keybot; 0 looks at the installation of whoever owns the state folder
 */
export function fileFaults(files: readonly Guarded[], stateDir: string, user: number): readonly Check[] {
  const owner = user !== 0 ? user : (files.find(({ path }) => path === stateDir)?.uid ?? user);
  return files.flatMap((file) => [...modeFault(file), ...ownerFault(file, owner)]);
}

function modeFault(file: Guarded): Check[] {
  const open = openFor(file);
  if (open === null) return [];
  const mode = file.must === "kept" ? "go-w" : file.folder ? "700" : "600";
  return [faultOf(`${file.path} ${open}`, `run: chmod ${mode} ${shellWord(file.path)}`)];
}

/** Root may own what nobody but keybot reads, and never what keybot writes. */
function ownerFault({ path, must, uid }: Guarded, owner: number): Check[] {
  if (uid === owner || (must === "kept" && uid === 0)) return [];
  const says = `${path} belongs to ${named(uid)}, and keybot runs as ${named(owner)}`;
  return [faultOf(says, `as root: chown ${owner} ${shellWord(path)}`)];
}

/** In a folder with the sticky bit nobody can take away what is another's. */
function openFor({ mode, must, folder }: Guarded): string | null {
  const sticky = folder && must === "kept" && (mode & 0o1000) !== 0;
  if ((mode & 0o002) !== 0 && !sticky) return "can be changed by everybody";
  if ((mode & 0o020) !== 0 && !sticky) return "can be changed by its group";
  if (must === "kept") return null;
  if ((mode & 0o007) !== 0) return "is open to everybody";
  return (mode & 0o070) !== 0 ? "is open to its group" : null;
}

function named(uid: number): string {
  return uid === 0 ? "root" : `user ${uid}`;
}

function faultOf(says: string, mend: string): Check {
  return { name: NAME, state: "fault", says, mend };
}
