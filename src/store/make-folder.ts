import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a folder and what is missing above it, level by level. Not Node's `recursive`, which asks again for ever where the
 * system says ENOENT though the folder above is there, as below /proc.
 * @param path absolute
 * @param mode of each folder that is made
 * @throws the error of the operating system, for the folder that could not be made
 */
export function makeFolder(path: string, mode: number): void {
  const missing: string[] = [];
  for (let at = path; !isFolder(at) && dirname(at) !== at; at = dirname(at)) missing.unshift(at);
  for (const one of missing) {
    try {
      mkdirSync(one, { mode });
    } catch (error) {
      // Another process may have been faster.
      if (!isFolder(one)) throw error;
    }
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    // Not there, or not to be looked at: making it says which.
    return false;
  }
}
