import { closeSync, openSync, rmSync } from "node:fs";
import { KeybotError, messageOf } from "../errors.ts";
import type { Connection } from "./connection.ts";
import { translated } from "./error.ts";

export interface Backup {
  /**
   * Writes a consistent copy of the database to a new file (mode 0600) while others go on writing. The copy opens
   * with `openStore` when it is put in a state folder.
   * @throws KeybotError `store.backup` (usage) when the file exists or cannot be made
   */
  backup(file: string): Promise<void>;
}

/**
 * VACUUM INTO copies one snapshot, in one statement. The driver's own backup makes an object that Node.js 24 must not collect
 * (`driver.ts`), and begins again with every write of another process when it goes in steps.
 */
const COPY = "VACUUM INTO ?";

export function backup({ db }: Connection): Backup {
  const copy = db.prepare<[string]>(COPY);
  return {
    backup: async (file) => {
      reserve(file);
      try {
        copy.run(file);
      } catch (error) {
        rmSync(file, { force: true });
        throw translated(error, db.name);
      }
    },
  };
}

/** An older backup is never overwritten: it may be the only good one. */
function reserve(file: string): void {
  try {
    closeSync(openSync(file, "wx", 0o600));
  } catch (error) {
    throw new KeybotError("usage", "store.backup", `the backup cannot be made: ${messageOf(error)}`, {
      hint: "name a file that does not exist yet",
      cause: error,
    });
  }
}
