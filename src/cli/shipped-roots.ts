import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { CertificateFile } from "../admin/index.ts";
import { KeybotError, messageOf } from "../errors.ts";

/** The public e-mail CAs that are shipped; `src/cli` and `dist/cli` lie at the same depth. */
const SHIPPED_ROOTS = fileURLToPath(new URL("../../data/roots/email-roots.pem", import.meta.url));

/**
 * The shipped list of public CAs, as a file.
 * @throws KeybotError `permanent` when the installation is not whole
 */
export async function shippedRoots(): Promise<CertificateFile> {
  try {
    return { name: "the shipped list", bytes: await readFile(SHIPPED_ROOTS) };
  } catch (cause) {
    throw new KeybotError("permanent", "cli.file", `${SHIPPED_ROOTS} cannot be read (${messageOf(cause)})`, {
      cause,
    });
  }
}
