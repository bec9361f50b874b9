/** The files and folders that the options of `keybot inspect` name. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { KeybotError, messageOf } from "../../errors.ts";
import { unreadableText } from "../../inspect/index.ts";
import { escapeControl } from "../../log.ts";
import { type Crl, MAX_CRL_FILE_BYTES, readCrlFile, type UnreadableCrl } from "../../pki/index.ts";
import type { Context } from "../context.ts";

/** A file that an option names, or that lies in a folder which it names. */
export interface InputFile {
  readonly path: string;
  readonly bytes: Buffer;
  /** Named itself, not found in a folder: then it must be what it is said to be. */
  readonly named: boolean;
}

/** A file of a folder that could not be read from the disk; its neighbours could. */
export interface UnopenedFile {
  readonly path: string;
  readonly why: string;
}

/**
 * The files themselves and those of the folders, in the order of their names.
 * @param largest octets of a file that are read at most
 * @throws KeybotError `permanent` for a path that cannot be opened
 */
export async function filesOf(
  paths: readonly string[],
  largest = Number.POSITIVE_INFINITY,
): Promise<readonly (InputFile | UnopenedFile)[]> {
  const files: (InputFile | UnopenedFile)[] = [];
  for (const path of paths) {
    try {
      const folder = (await stat(path)).isDirectory();
      if (!folder) files.push(await fileOf(path, true, largest));
      for (const name of folder ? (await readdir(path)).sort() : [])
        files.push(...(await inFolder(join(path, name), largest)));
    } catch (cause) {
      throw cannotBeOpened({ path, why: messageOf(cause) }, cause);
    }
  }
  return files;
}

/** The error of a file that cannot be opened, where that ends the command. */
export function cannotBeOpened({ path, why }: UnopenedFile, cause?: unknown): KeybotError {
  return new KeybotError("permanent", "cli.file", `${path} cannot be opened (${why})`, { cause });
}

async function inFolder(path: string, largest: number): Promise<readonly (InputFile | UnopenedFile)[]> {
  try {
    return (await stat(path)).isFile() ? [await fileOf(path, false, largest)] : [];
  } catch (error) {
    return [{ path, why: messageOf(error) }];
  }
}

async function fileOf(path: string, named: boolean, largest: number): Promise<InputFile | UnopenedFile> {
  const { size } = await stat(path);
  if (size > largest) return { path, why: `it has ${size} octets, at most ${largest} are read` };
  return { path, bytes: await readFile(path), named };
}

/**
 * The CRLs of `--crl`. What cannot be read is told and takes nothing from the others: revocation is required, so a list
 * that is missing can only make a verdict stricter.
 * @throws KeybotError as `filesOf`
 */
export async function crlsIn(
  paths: readonly string[],
): Promise<{ readonly crls: readonly Crl[]; readonly unreadableCrls: readonly UnreadableCrl[] }> {
  const files = (await filesOf(paths, MAX_CRL_FILE_BYTES)).map((file) =>
    "why" in file
      ? { crls: [], unreadable: [{ source: file.path, issuer: null, detail: file.why }] }
      : readCrlFile(file.bytes, file.path),
  );
  return {
    crls: files.flatMap(({ crls }) => crls),
    unreadableCrls: files.flatMap(({ unreadable }) => unreadable),
  };
}

/** Says of each CRL that cannot be read that it is so and why, with `--quiet` too: the verdicts may be other ones for it. */
export function tellUnreadable(unreadable: readonly UnreadableCrl[], { terminal }: Context): void {
  for (const crl of unreadable) terminal.err(`keybot: ${escapeControl(unreadableText(crl))}\n`);
}
