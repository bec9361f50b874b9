import { existsSync } from "node:fs";
import { resolve } from "node:path";

import { KeybotError } from "../errors.ts";
import type { Environment } from "./secret.ts";

/**
 * Which configuration file holds: `--config`, else `$KEYBOT_CONFIG`, else `./keybot.toml`, else
 * `/etc/keybot/keybot.toml`. One that was named holds whether it is there or not.
 *
 * @param named the value of `--config`, or null
 * @returns an absolute path
 * @throws KeybotError `config` when nothing was named and none is there
 */
export function findConfigFile(named: string | null, env: Environment, cwd: string): string {
  const explicit = named ?? (env.KEYBOT_CONFIG || null);
  if (explicit !== null) return resolve(cwd, explicit);
  const places = [resolve(cwd, "keybot.toml"), "/etc/keybot/keybot.toml"];
  const found = places.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new KeybotError(
    "config",
    "config.not-found",
    `there is no configuration: neither ${places.join(" nor ")}`,
    { hint: "keybot init writes one; --config FILE or KEYBOT_CONFIG names another" },
  );
}
