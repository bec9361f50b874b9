import type { Command } from "commander";
import { type Shown, type ShownCertificate, senderOf, show } from "../../admin/index.ts";
import { FINDINGS } from "../../inspect/index.ts";
import { escapeControl } from "../../log.ts";
import { keptText } from "../../pki/index.ts";
import { marked } from "../../text.ts";
import type { Context } from "../context.ts";
import { examples } from "../examples.ts";
import { jsonLine } from "../json.ts";
import { day, minute } from "../result.ts";
import { revocationLines } from "../revocation-text.ts";
import { withStore } from "../with-store.ts";

/** `keybot show ADDRESS|SHA256`: all that is known. */
export function define(program: Command, context: Context): void {
  program
    .command("show")
    .argument("<address|sha256>", "a partner, or a certificate by the beginning of its SHA-256")
    .description("show all that is known of a partner or a certificate")
    .addHelpText(
      "after",
      examples(
        ["keybot show alice@partner.example", "each certificate, which are used and why each other is not"],
        ["keybot show 3f2a9c1d", "one certificate, where it came from and what happened to it"],
      ),
    )
    .action((target: string) => showTarget(target, context));
}

async function showTarget(target: string, context: Context): Promise<void> {
  const shown = await withStore(context, "read", (store, config) => {
    const { exactLocalPart } = config.policy.certificates;
    return show(store, target, { exactLocalPart, now: context.now() });
  });
  if (context.options.json) {
    for (const certificate of shown.certificates) context.terminal.out(jsonLine(certificate));
  } else context.terminal.out(describe(shown));
}

/** For people: a heading, then a block for each certificate. */
function describe({ address, certificates }: Shown): string {
  const used = certificates.filter((certificate) => certificate.used).length;
  // The order of `lookup` (store/directory.ts USABLE), said where there is one.
  const order = used > 1 ? ", in this order: approved by hand first, then the latest to begin" : "";
  const heading =
    address === null ? [] : [`${marked(address)}: ${certificates.length} known, ${used} used${order}`, ""];
  const blocks = certificates.flatMap((certificate, index) => [
    ...(index === 0 ? [] : [""]),
    ...blockOf(certificate),
  ]);
  return [...heading, ...blocks].map((line) => `${escapeControl(line)}\n`).join("");
}

function blockOf(certificate: ShownCertificate): readonly string[] {
  const { message, barred, noPath } = certificate;
  return [
    certificate.sha256,
    field("used", usedText(certificate)),
    field(
      "status",
      `${certificate.status}, by ${certificate.decidedBy} on ${minute(certificate.decidedAt)}${certificate.approved ? ", approved by hand (the address is pinned)" : ""}`,
    ),
    ...(certificate.reason === null ? [] : [field("reason", certificate.reason)]),
    ...(barred === null
      ? []
      : [field("barred", `${minute(barred.at)} by ${barred.actor}: ${barred.reason}`)]),
    ...(noPath === null
      ? []
      : [
          field(
            "unchecked",
            `since ${minute(noPath.since)} nobody can be asked whether it is revoked: ${noPath.code}, ${FINDINGS[noPath.code].meaning}`,
          ),
        ]),
    ...(certificate.revokedByCa === null ? [] : [field("CA revoked", keptText(certificate.revokedByCa))]),
    ...revocationLines(certificate.revocation).map(([name, value]) => field(name, value)),
    field(
      "stored under",
      certificate.addresses.map((address) => addressText(address, certificate)).join(", "),
    ),
    field("subject", certificate.subject),
    field("issued by", certificate.issuer),
    field("serial", certificate.serial),
    field("valid", `${day(certificate.notBefore)} to ${day(certificate.notAfter)}`),
    field("key", `${certificate.keyAlgorithm}, ${usageText(certificate)}, SHA-256 ${certificate.spkiSha256}`),
    field("source", certificate.source),
    ...(message === null
      ? []
      : [
          field(
            "came with",
            `mail of ${message.from === null ? "an unknown sender" : marked(message.from)}, seen ${minute(message.seenAt)}, ${message.folder === null ? "waiting" : `filed in ${message.folder}`}`,
          ),
        ]),
    field("seen", `first ${minute(certificate.firstSeen)}, last ${minute(certificate.lastSeen)}`),
    ...certificate.findings.map(({ severity, code, detail, section }) =>
      field(severity, `${code}: ${detail} (${section})`),
    ),
    ...certificate.history.map(historyLine),
  ];
}

/** Of what waits for a person it is said who may have written the address. */
function addressText(address: string, { status, unauthenticated }: ShownCertificate): string {
  return senderOf({ address, authenticated: status !== "pending" || !unauthenticated.includes(address) });
}

function usedText({ used, place, why }: ShownCertificate): string {
  if (!used) return `no, ${why ?? ""}`;
  return place === null || place === 1 ? "yes" : `yes, as number ${place}`;
}

function usageText({ usage }: ShownCertificate): string {
  if (usage.sign && usage.encrypt) return "signs and encrypts";
  if (usage.encrypt) return "encrypts";
  return usage.sign ? "signs only" : "neither signs nor encrypts";
}

function historyLine({ at, actor, action, address, reason }: ShownCertificate["history"][number]): string {
  const where = address === null ? "" : ` ${address}`;
  return field("history", `${minute(at)} ${actor} ${action}${where}${reason === null ? "" : `: ${reason}`}`);
}

function field(name: string, value: string): string {
  return `  ${name.padEnd(12)}  ${value}`;
}
