import { existsSync, readdirSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { runSync } from "./command.ts";

/** Debian's package of libfaketime. */
const PACKAGE = "libfaketime";
const NAME = join("faketime", "libfaketime.so.1");

/**
 * The environment in which a process has its clock so many hours ahead (libfaketime). Its waits stay as they are: the
 * monotonic clock is not touched.
 * @throws Error when libfaketime is neither here nor can be installed
 */
export function hoursAhead(hours: number): Readonly<Record<string, string>> {
  return {
    LD_PRELOAD: library(),
    FAKETIME: `+${Math.round(hours * 3600)}`,
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
    // A child process shares nothing with its parent: both are ahead by as much.
    FAKETIME_NO_CACHE: "1",
  };
}

function library(): string {
  const found = installed();
  if (found !== undefined) return found;
  const why = `libfaketime is not on this machine: apt-get install ${PACKAGE}`;
  if (userInfo().uid !== 0) throw new Error(why);
  const settings = { env: { DEBIAN_FRONTEND: "noninteractive" }, check: false };
  runSync("apt-get", ["-q", "-y", "--no-install-recommends", "install", PACKAGE], settings);
  const now = installed();
  if (now === undefined) throw new Error(why);
  return now;
}

function installed(): string | undefined {
  const folders = ["/usr/lib", ...subfolders("/usr/lib")];
  return folders.map((folder) => join(folder, NAME)).find((file) => existsSync(file));
}

function subfolders(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [join(folder, entry.name)] : [],
  );
}
