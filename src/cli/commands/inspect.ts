import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { KeybotError, messageOf } from "../../errors.ts";
import { escapeControl } from "../../log.ts";
import { explainCertificates, explainMessage } from "../../robot/index.ts";
import type { Context } from "../context.ts";
import { examples } from "../examples.ts";
import { jsonLine } from "../json.ts";
import { mboxMails } from "../mbox.ts";
import { benchOf, type InspectOptions, optionsOf } from "./inspect-options.ts";
import { certificateRecord, describe, type InspectRecord, mailRecord } from "./inspect-record.ts";

/** `keybot inspect [FILE…]`: judges mails and certificate files, and changes nothing. */
export function define(program: Command, context: Context): void {
  const command = program
    .command("inspect")
    .argument("[file...]", "mails, mboxes or certificate files; - or none: standard input")
    .description("judge mails as the robot would, and change nothing");
  optionsOf(command)
    .addHelpText(
      "after",
      examples(
        ["keybot inspect mail.eml", "what it is, what its certificates are worth and why"],
        [
          "keybot inspect --json --config keybot.toml *.eml",
          "one JSON object a mail, with the directory's view",
        ],
        [
          "keybot inspect --trust-anchor ca.pem --domain company.example < mail.eml",
          "without any configuration",
        ],
        [
          "keybot inspect --trust-anchor ca.pem --ocsp answers --crl ca.crl mail.eml",
          "with what its CAs have answered about revocation",
        ],
      ),
    )
    .action((files: readonly string[], options: InspectOptions) => inspect(files, options, context));
}

async function inspect(files: readonly string[], options: InspectOptions, context: Context): Promise<void> {
  const { bench, close } = await benchOf(options, context);
  try {
    for (const file of files.length === 0 ? ["-"] : files) {
      const bytes = await readInput(file, context);
      if (bytes === null) continue;
      for (const [name, part] of partsOf(file, bytes)) {
        const record = looksLikeCertificate(part)
          ? certificateRecord(name, explainCertificates(part, bench))
          : mailRecord(name, await explainMessage(part, bench), bench.policy);
        print(record, context);
      }
    }
  } finally {
    await close();
  }
}

function print(record: InspectRecord, { options, terminal }: Context): void {
  terminal.out(options.json ? jsonLine(record) : `${describe(record)}\n`);
}

/** A file that cannot be opened does not keep the others from being judged; the exit code tells. */
async function readInput(file: string, context: Context): Promise<Buffer | null> {
  try {
    return file === "-" ? await context.terminal.input() : await readFile(file);
  } catch (error) {
    const failed = new KeybotError("permanent", "cli.file", `${file} cannot be opened (${messageOf(error)})`);
    context.terminal.err(`keybot: ${escapeControl(failed.message)}\n`);
    context.exitWith(1);
    return null;
  }
}

function partsOf(file: string, bytes: Buffer): readonly (readonly [string, Buffer])[] {
  const mails = mboxMails(bytes);
  if (mails === null) return [[file, bytes]];
  // CONTRACT.md §2: the third mail of x.mbox is x.mbox#3; a mail that merely begins with an mbox line stays itself.
  return mails.length === 1 && !/\.mbox$/i.test(file)
    ? [[file, mails[0] ?? bytes]]
    : mails.map((mail, index) => [`${file}#${index + 1}`, mail] as const);
}

/** DER begins with a SEQUENCE, PEM with its dashes (perhaps after a few lines of commentary); a mail with a header. */
function looksLikeCertificate(bytes: Buffer): boolean {
  if (bytes[0] === 0x30 && (bytes[1] ?? 0) >= 0x80) return true;
  const beginning = bytes.subarray(0, 16_384).toString("latin1");
  const pem = beginning.search(
    /^-----BEGIN (CERTIFICATE|X509 CERTIFICATE|TRUSTED CERTIFICATE|PKCS7|CMS|[A-Z ]*PRIVATE KEY)-----/m,
  );
  if (pem < 0) return false;
  return !/^(From|To|Subject|Received|Date|MIME-Version|Content-Type|Message-ID):/im.test(
    beginning.slice(0, pem),
  );
}
