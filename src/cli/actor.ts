import { userInfo } from "node:os";
import { type Change, changeBy } from "../admin/index.ts";
import type { Context } from "./context.ts";

/** A change by whoever typed the command, now. Behind sudo it is the person, not root. */
export function changeNow({ env, now }: Context, reason: string | undefined): Change {
  const person = env.SUDO_USER ?? "";
  return changeBy(person === "" ? systemUser() : person, reason ?? null, now());
}

function systemUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that no account has.
    return `uid ${process.getuid?.() ?? "unknown"}`;
  }
}
