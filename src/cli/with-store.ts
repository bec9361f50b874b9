import { existsSync } from "node:fs";
import type { Config } from "../config/index.ts";
import { databaseFile, openStore, type Store } from "../store/index.ts";
import type { Context } from "./context.ts";

/**
 * Runs a command on the database of the configuration, and closes it whatever happens.
 *
 * @param mode `read` leaves the database as it is; one that is not there yet is made, because an empty directory is an
 *   answer (CONTRACT.md §1: empty is exit 0)
 */
export async function withStore<T>(
  context: Context,
  mode: "read" | "write",
  work: (store: Store, config: Config) => Promise<T>,
): Promise<T> {
  const config = await context.config();
  const { stateDir } = config;
  const store = await openStore({
    stateDir,
    readOnly: mode === "read" && existsSync(databaseFile(stateDir)),
  });
  try {
    return await work(store, config);
  } finally {
    await store.close();
  }
}
