import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { CertificateFile } from "../admin/index.ts";
import { KeybotError, messageOf } from "../errors.ts";
import type { Context } from "./context.ts";

/**
 * A file that a person named on the command line.
 * @throws KeybotError `permanent` when it cannot be opened
 */
export async function readInputFile(name: string, { cwd }: Context): Promise<CertificateFile> {
  try {
    return { name, bytes: await readFile(resolve(cwd, name)) };
  } catch (cause) {
    throw new KeybotError("permanent", "cli.file", `${name} cannot be opened (${messageOf(cause)})`, {
      cause,
    });
  }
}
