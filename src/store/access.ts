import { accessSync, constants, statSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname } from "node:path";

/** Which of the files of a database keeps this user out, and how that is mended. */
export interface Refused {
  readonly says: string;
  readonly mend: string;
}

/**
 * The first of the state folder, the database and its journals that this user may not read and write; null when none is in
 * the way. A command that ran as root leaves files of root in a folder that is right.
 * @param file the database
 */
export function refusedFile(file: string): Refused | null {
  for (const path of [dirname(file), file, `${file}-wal`, `${file}-shm`]) {
    let owner: number;
    let folder: boolean;
    try {
      const stat = statSync(path);
      owner = stat.uid;
      folder = stat.isDirectory();
    } catch {
      continue; // not there
    }
    try {
      accessSync(path, constants.R_OK | constants.W_OK | (folder ? constants.X_OK : 0));
    } catch (error) {
      // A disk that is read-only, or fails: no owner and no mode mends that.
      if (!(error instanceof Error && "code" in error && error.code === "EACCES")) return null;
      const user = thisUser();
      if (owner === user?.uid) return { says: `${path} is read-only`, mend: `run: chmod u+rwX ${path}` };
      return {
        says: `${path} belongs to ${owner === 0 ? "root" : `user ${owner}`}, and this is ${user?.name ?? "another user"}`,
        mend: "run keybot as the user whose the state folder is, and give him the files in it (chown)",
      };
    }
  }
  return null;
}

function thisUser(): { readonly uid: number; readonly name: string } | null {
  try {
    const { uid, username: name } = userInfo();
    return { uid, name };
  } catch {
    return null; // a user without a name, as in a container
  }
}
