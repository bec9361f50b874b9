import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Command } from "commander";

import { applyTrustUpdate, type RootList, readRootList } from "../../admin/index.ts";
import { renderConfig } from "../../config/index.ts";
import { KeybotError } from "../../errors.ts";
import { makeFolder, openStore } from "../../store/index.ts";
import { changeNow } from "../actor.ts";
import type { Context } from "../context.ts";
import { examples } from "../examples.ts";
import { jsonLine } from "../json.ts";
import { repeated } from "../repeated.ts";
import { day } from "../result.ts";
import { shellWord } from "../shell-word.ts";
import { shippedRoots } from "../shipped-roots.ts";
import { givenKeys, type InitOptions, wantsPublicRoots } from "./init-answers.ts";

/** `keybot init [DIR]`: a commented configuration, and the folders that it names. */
export function define(program: Command, context: Context): void {
  program
    .command("init")
    .argument("[dir]", "folder to write to", ".")
    .description("write a commented keybot.toml and the folders that it names")
    .option("--domain <name>", "own mail domain (repeatable)", repeated)
    .option("--state-dir <path>", "folder of the database (else DIR/state)")
    .option("--robot <address>", "address of the robot, which is also its user name")
    .option("--imap-host <host>", "IMAP server")
    .option("--smtp-host <host>", "SMTP server")
    .option("--own-host <name>", "own server, as its Received lines name it (repeatable)", repeated)
    .option("--admin <address>", "who is told of pending certificates and faults")
    .option("--tag <text>", "subject that asks for a certificate")
    .option("--public-roots", "trust the public e-mail CAs that are shipped")
    .option("--no-public-roots", "trust no CA but those of keybot trust add")
    .option("--yes", "take the usual answer for everything that is not given")
    .addHelpText(
      "after",
      examples(
        ["keybot init", "asks what it needs, writes to the working directory"],
        ["keybot init /etc/keybot --domain company.example --yes", "takes the usual names"],
        [
          "keybot init /etc/keybot --state-dir /var/lib/keybot",
          "for a system service; the database lies there",
        ],
      ),
    )
    .action((dir: string, options: InitOptions) => init(resolve(context.cwd, dir), options, context));
}

async function init(dir: string, options: InitOptions, context: Context): Promise<void> {
  const file = join(dir, "keybot.toml");
  if (existsSync(file)) throw existing(file);
  const answers = await givenKeys(options, context.terminal);
  const roots = readRootList(await shippedRoots());
  const what = `the ${roots.roots.length} public e-mail CAs of Mozilla (${nameOf(roots.list)})`;
  const publicRoots = await wantsPublicRoots(options, what, context.terminal);
  const own = options.stateDir === undefined ? null : resolve(context.cwd, options.stateDir);
  const stateDir = own ?? join(dir, "state");
  const secretsDir = join(dir, "secrets");
  makeFolder(dir, 0o777);
  // Only their owner may enter: here lie what the company encrypts to, and its passwords.
  for (const inner of [stateDir, secretsDir]) makeFolder(inner, 0o700);
  await writeNew(join(secretsDir, "README"), SECRETS_README);
  const keys = new Map([
    ...answers,
    ["trust.public_roots", publicRoots] as const,
    ...(own === null ? [] : [["state_dir", own] as const]),
  ]);
  const text = renderConfig("keybot.toml: docs/CONFIG.md explains it, keybot doctor checks it", keys);
  if (!(await writeNew(file, text))) throw existing(file);
  await makeDatabase(stateDir, publicRoots ? roots : null, context);
  const trusted = publicRoots ? roots.roots.length : 0;
  if (context.options.json) {
    context.terminal.out(jsonLine({ file, stateDir, secretsDir, publicRoots: trusted }));
  } else {
    context.terminal.out(`wrote ${file}\nmade ${stateDir} and ${secretsDir}, private to this user\n`);
    context.terminal.out(publicRoots ? `trusted ${what}\n` : "trusted no CA\n");
  }
  context.note(nextSteps(dir, file, context.cwd));
}

/** The CAs that vouch from the start are the first entries of the audit trail. */
async function makeDatabase(stateDir: string, list: RootList | null, context: Context): Promise<void> {
  const store = await openStore({ stateDir });
  try {
    if (list !== null) await applyTrustUpdate(store, { list }, changeNow(context, "keybot init"));
  } finally {
    await store.close();
  }
}

function nameOf({ name, dated }: RootList["list"]): string {
  return dated === null ? name : `${name}, ${day(dated)}`;
}

const SECRETS_README = `One file a password, with nothing else in it, and chmod 600:
  imap   the password of the robot mailbox
  smtp   the password with which replies are handed in
`;

/** Never overwrites: true when the file was written, false when there was one. */
async function writeNew(file: string, text: string): Promise<boolean> {
  try {
    await writeFile(file, text, { flag: "wx", mode: 0o640 });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

function existing(file: string): KeybotError {
  return new KeybotError("usage", "cli.exists", `${file} is there already; nothing was changed`, {
    hint: "name another folder, or move that file away",
  });
}

/** What to do next, as commands that can be copied. */
function nextSteps(dir: string, file: string, cwd: string): string {
  const option = dir === cwd ? "" : ` --config ${shellWord(file)}`;
  return `
Next:
  1. write each password into its file (end with Enter and Ctrl-D):
       (umask 077; cat > ${shellWord(join(dir, "secrets", "imap"))})
       (umask 077; cat > ${shellWord(join(dir, "secrets", "smtp"))})
  2. say whom to trust: Mozilla's newest list of public CAs (a file or an https URL; docs/TRUST.md
     says where it is), and the own CAs of partners, each for their domains alone:
       keybot${option} trust update certdata.txt
       keybot${option} trust add CA.pem --domain partner.example
  3. check everything:
       keybot${option} doctor`;
}
