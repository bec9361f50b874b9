import { type Command, Option } from "commander";
import { type ListQuery, listCertificates } from "../../admin/index.ts";
import type { CertificateRecord } from "../../store/index.ts";
import type { Context } from "../context.ts";
import { examples } from "../examples.ts";
import { isoTime } from "../json.ts";
import { wholeNumber } from "../option-value.ts";
import { addressCell, day, type Listing, printList, short, UNAUTHENTICATED } from "../result.ts";
import { withStore } from "../with-store.ts";

interface ListOptions extends Omit<ListQuery, "expiringDays"> {
  readonly expiring?: number;
}

/** `keybot list`: the certificates of partners. */
export function define(program: Command, context: Context): void {
  program
    .command("list")
    .description("list partner certificates")
    .addOption(
      new Option("--status <status>", "only in this status").choices([
        "active",
        "pending",
        "rejected",
        "revoked",
        "expired",
      ]),
    )
    .option("--address <glob>", "only addresses that fit, such as '*@partner.example'")
    .option("--issuer <text>", "only with this text in the issuer's name")
    .option("--expiring <days>", "only active ones that lapse within so many days", wholeNumber)
    .addOption(
      new Option("--sort <order>", "address (the default), expiry, or seen (the latest first)").choices([
        "address",
        "expiry",
        "seen",
      ]),
    )
    .option("--limit <count>", "at most so many", wholeNumber)
    .option("--offset <count>", "leave out the first so many", wholeNumber)
    .addHelpText(
      "after",
      examples(
        ["keybot list --status pending", "what waits for a decision"],
        ["keybot list --address '*@partner.example' --json", "one JSON object a certificate"],
        ["keybot list --expiring 30", "what lapses within 30 days, the first first"],
      ),
    )
    .action((options: ListOptions) => list(options, context));
}

async function list({ expiring, ...rest }: ListOptions, context: Context): Promise<void> {
  const query = { ...rest, ...(expiring === undefined ? {} : { expiringDays: expiring }) };
  await withStore(context, "read", async (store) => {
    const printed = await printList(context, listCertificates(store, query, context.now()), CERTIFICATES);
    if (printed > 0) return;
    context.note(Object.keys(query).length === 0 ? "no certificates yet" : "no certificate fits");
  });
}

const CERTIFICATES: Listing<CertificateRecord> = {
  columns: [
    { title: "address", shrink: true },
    { title: "status" },
    { title: "algorithm" },
    { title: "valid until" },
    { title: "fingerprint" },
    { title: "issuer", shrink: true },
  ],
  cells: ({ addresses, status, keyAlgorithm, notAfter, sha256, issuer, unauthenticated }) => [
    addresses.map(addressCell).join(", "),
    // Of what is active a signature says whose it is.
    status === "pending" && unauthenticated.length > 0 ? UNAUTHENTICATED : status,
    keyAlgorithm,
    day(notAfter),
    short(sha256),
    issuer,
  ],
  full: ({ addresses, status, keyAlgorithm, notAfter, sha256, issuer }) => [
    addresses.join(","),
    status,
    keyAlgorithm,
    isoTime(notAfter),
    sha256,
    issuer,
  ],
};
