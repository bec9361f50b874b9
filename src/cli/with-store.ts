import type { Config } from "../config/index.ts";
import { openStore, type Store } from "../store/index.ts";
import type { Context } from "./context.ts";

/**
 * Runs a command on the database of the configuration, and closes it whatever happens.
 *
 * @param mode `read` leaves it as it is, `write` may change it, and `make` makes it when there is none. Only what puts
 *   the first things into a database makes one: else a mistyped `state_dir` would look like an empty directory.
 * @throws KeybotError `config` when there is no database
 */
export async function withStore<T>(
  context: Context,
  mode: "read" | "write" | "make",
  work: (store: Store, config: Config) => Promise<T>,
): Promise<T> {
  const config = await context.config();
  const { stateDir } = config;
  const store = await openStore({ stateDir, readOnly: mode === "read", make: mode === "make" });
  try {
    return await work(store, config);
  } finally {
    await store.close();
  }
}
