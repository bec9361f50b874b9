import { chmodSync, closeSync, cpSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runSync } from "./command.ts";

/** A file system of its own in place of a folder, with the folder's content. */
export interface Mounted {
  /** Takes all the space that is left, to the last page, with a file that `free` removes. */
  fill(): void;
  free(): void;
  /** Nothing on it can be written any more; root, too, is refused. */
  readOnly(): void;
  writable(): void;
  /** Ends it. The folder below has what was in it before, and what it holds now, if that was kept. Before it is removed. */
  unmount(): void;
  /** Has `unmount` leave what is in it now in the folder below. */
  keep(): void;
}

/** Why nothing can be mounted here, in one sentence, or undefined when it can. */
export function cannotMount(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), "keybot-mount-"));
  try {
    const { code, stderr } = runSync("mount", ["-t", "tmpfs", "none", folder], { check: false });
    if (code !== 0) return `no file system can be mounted: ${stderr.trim()}`;
    runSync("umount", [folder]);
    return undefined;
  } catch (error) {
    return `no file system can be mounted: ${String(error)}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Mounts a small file system over a folder that nobody uses at the moment. */
export function mountOver(folder: string, megabytes: number): Mounted {
  const copy = mkdtempSync(join(tmpdir(), "keybot-mount-"));
  cpSync(folder, copy, { recursive: true });
  runSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m,mode=0700`, "none", folder]);
  cpSync(copy, folder, { recursive: true });
  chmodSync(folder, 0o700);
  rmSync(copy, { recursive: true });
  let kept = false;
  const filler = join(folder, "filler");
  const remount = (how: string) => runSync("mount", ["-o", `remount,${how}`, folder]);
  return {
    fill: () => {
      // Page by page to the end: somebody else may be writing meanwhile.
      const file = openSync(filler, "a");
      try {
        for (;;) writeSync(file, Buffer.alloc(4096));
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
      } finally {
        closeSync(file);
      }
    },
    free: () => rmSync(filler, { force: true }),
    readOnly: () => remount("ro"),
    writable: () => remount("rw"),
    keep: () => {
      kept = true;
    },
    unmount: () => {
      if (kept) cpSync(folder, copy, { recursive: true });
      // Lazily: a process that is only just ending may have a file open still.
      runSync("umount", ["--lazy", folder]);
      if (kept) cpSync(copy, folder, { recursive: true });
      rmSync(copy, { recursive: true, force: true });
    },
  };
}
