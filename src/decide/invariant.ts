/** What must hold of every plan, whoever made a mistake before it. */
import { KeybotError } from "../errors.ts";
import type { Inspection } from "../inspect/index.ts";
import type { Action } from "./plan.ts";
import type { HeldCertificate } from "./view.ts";

/**
 * A certificate becomes active only by a right signature of the sender (PRODUCT §3 1.), and only when everybody who can
 * be asked about its path was asked (RFC 5280 §6.1.3 (a)(3)), or the policy asks nobody. One that is in use already is
 * only seen again.
 * @param held what the directory holds under the From address
 * @throws KeybotError `decide.unproven` for a plan that breaks this: a fault of ours, for no mail may cause it
 */
export function assertProven(
  actions: readonly Action[],
  { signature, unasked = [] }: Pick<Inspection, "signature" | "unasked">,
  held: readonly Pick<HeldCertificate, "sha256" | "status">[],
): void {
  for (const action of actions) {
    if (action.action !== "store" || action.status !== "active") continue;
    const { certificate } = action;
    if (held.some(({ sha256, status }) => sha256 === certificate && status === "active")) continue;
    if (signature?.valid !== true) throw unproven(certificate, "the sender's signature is not right");
    if (unasked.includes(certificate)) throw unproven(certificate, "nobody was asked whether it is revoked");
  }
}

function unproven(certificate: string, why: string): KeybotError {
  const hint = "report it to keybot's makers, with the mail";
  return new KeybotError("fault", "decide.unproven", `${certificate} would become active, but ${why}`, {
    hint,
  });
}
