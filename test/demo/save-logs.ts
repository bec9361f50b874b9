import { copyFileSync, existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Stage } from "./stage.ts";

/** Keeps what tells why something went wrong, because the stage's own folder goes; returns the new folder. */
export function saveLogs({ site, robotLog }: Stage): string {
  const folder = mkdtempSync(join(tmpdir(), "keybot-demo-logs-"));
  const logs = {
    postfix: site.postfix?.logFile,
    dovecot: site.dovecot.logFile,
    "keybot.toml": site.configFile,
  };
  for (const [name, file] of Object.entries(logs)) {
    if (file !== undefined && existsSync(file)) copyFileSync(file, join(folder, name));
  }
  writeFileSync(join(folder, "keybot"), robotLog());
  return folder;
}
