import type { Command } from "commander";
import { listTrust, type TrustedCa } from "../../admin/index.ts";
import { escapeControl } from "../../log.ts";
import type { Context } from "../context.ts";
import { examples } from "../examples.ts";
import { isoTime } from "../json.ts";
import { day, type Listing, printList, short } from "../result.ts";
import { withStore } from "../with-store.ts";
import { listName } from "./trust-update.ts";

/** `keybot trust list`: every CA, and which list the public ones are from. */
export function defineList(trust: Command, context: Context): void {
  trust
    .command("list")
    .description("list the trusted CAs")
    .addHelpText("after", examples(["keybot trust list --json", "one JSON object a CA"]))
    .action(() => list(context));
}

async function list(context: Context): Promise<void> {
  await withStore(context, "read", async (store, { policy }) => {
    const cas = await listTrust(store);
    await printList(context, cas, CAS);
    for (const { sha256, problem } of cas) {
      if (problem !== undefined)
        context.note(
          `${sha256.slice(0, 16)} cannot be read and vouches for nobody (${problem}); keybot trust remove, then add it anew`,
        );
    }
    const last = await store.lastTrustList("public");
    if (cas.length === 0) {
      context.note(
        "no CA is trusted yet; keybot trust add FILE --domain NAME adds one, keybot trust update the public ones",
      );
    }
    if (last !== null) {
      context.note(
        escapeControl(`public CAs: ${listName(last)} loaded on ${day(last.loadedAt)} by ${last.loadedBy}`),
      );
    }
    if (!policy.certificates.publicRoots && cas.some(({ origin }) => origin === "public")) {
      context.note("trust.public_roots is false in the configuration: no public CA vouches for anybody");
    }
  });
}

const CAS: Listing<TrustedCa> = {
  columns: [
    { title: "kind" },
    { title: "domains", shrink: true },
    { title: "valid until" },
    { title: "trusted" },
    { title: "fingerprint" },
    { title: "subject", shrink: true },
  ],
  cells: (ca) => [
    ca.origin === "public" ? "public" : ca.kind,
    domainsOf(ca, ", "),
    ca.notAfter === null ? "-" : day(ca.notAfter),
    trustedOf(ca),
    short(ca.sha256),
    ca.subject,
  ],
  full: (ca) => [
    ca.kind,
    domainsOf(ca, ","),
    ca.notAfter === null ? "" : isoTime(ca.notAfter),
    ca.sha256,
    ca.subject,
    ca.origin,
    ca.enabled ? "enabled" : "disabled",
    ca.distrustAfter === null ? "" : isoTime(ca.distrustAfter),
  ],
};

/** Whether it counts: `no` is switched off, `to DAY` counts for what it issued until then. */
function trustedOf({ enabled, distrustAfter }: TrustedCa): string {
  if (!enabled) return "no";
  return distrustAfter === null ? "yes" : `to ${day(distrustAfter)}`;
}

function domainsOf({ kind, domains }: TrustedCa, separator: string): string {
  if (kind === "intermediate") return "-";
  return domains === null ? "any" : domains.join(separator);
}
