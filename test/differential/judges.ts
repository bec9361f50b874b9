/** The other judges: installed, built and asked. Each is one process that answers question after question. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { NOW } from "../generator/clock.ts";
import type { MailDraft } from "../generator/draft.ts";
import type { MadeMail } from "../generator/make.ts";
import { runSync } from "../lab/command.ts";

export type JudgeName = "OpenSSL" | "NSS" | "Bouncy Castle";

/** What another judge says of a mail. */
export interface Opinion {
  readonly accepts: boolean;
  /** Handles of the signer certificates that name the sender. */
  readonly signers: readonly string[];
  /** Why not, in the judge's words. */
  readonly why: string;
}

const SOURCES = join(import.meta.dirname, "judges");
const JARS = ["bcprov", "bcpkix", "bcmail"].map((name) => `/usr/share/java/${name}.jar`);

/** Debian's packages, each by a file that it brings. */
const PACKAGES: Readonly<Record<string, string>> = {
  "libssl-dev": "/usr/include/openssl/cms.h",
  "libnss3-dev": "/usr/include/nss/cms.h",
  "libbcmail-java": "/usr/share/java/bcmail.jar",
  "default-jdk-headless": "/usr/bin/javac",
  "pkg-config": "/usr/bin/pkg-config",
  gcc: "/usr/bin/gcc",
};

/** Installs what is missing, as root on Debian. Throws where that fails: a run without a judge proves nothing. */
function install(): void {
  const missing = Object.keys(PACKAGES).filter((name) => !existsSync(PACKAGES[name] ?? ""));
  if (missing.length === 0) return;
  const settings = { env: { DEBIAN_FRONTEND: "noninteractive" }, timeout: 600_000 };
  runSync("apt-get", ["-q", "update"], { ...settings, check: false });
  runSync("apt-get", ["-q", "-y", "--no-install-recommends", "install", ...missing], settings);
}

/** All judges, started; `stop` ends them. */
export class Judges {
  readonly #folder = mkdtempSync(join(tmpdir(), "keybot-judges-"));
  readonly #judges: Readonly<Record<JudgeName, Judge>>;

  /** Throws when one of them cannot be installed or built. */
  constructor() {
    install();
    const built = (name: string) => join(this.#folder, name);
    const source = (name: string) => join(SOURCES, name);
    runSync("gcc", ["-O1", "-o", built("openssl"), source("openssl.c"), "-lcrypto"]);
    const nss = runSync("pkg-config", ["--cflags", "--libs", "nss"]).stdout.toString().trim().split(/\s+/);
    runSync("gcc", ["-O1", "-o", built("nss"), source("nss.c"), ...nss]);
    runSync("javac", [
      "-encoding",
      "UTF-8",
      "-cp",
      JARS.join(":"),
      "-d",
      this.#folder,
      source("BouncyCastle.java"),
    ]);
    this.#judges = {
      OpenSSL: new Judge(built("openssl"), []),
      NSS: new Judge(built("nss"), []),
      "Bouncy Castle": new Judge("java", ["-cp", [...JARS, this.#folder].join(":"), "BouncyCastle"]),
    };
  }

  /** The names of all. */
  get names(): readonly JudgeName[] {
    return Object.keys(this.#judges) as JudgeName[];
  }

  /** Asks one of them about a mail. */
  async ask(name: JudgeName, draft: MailDraft, made: MadeMail): Promise<Opinion> {
    const [word, text = ""] = (await this.#judges[name].ask(question(draft, made))).split("\t");
    if (word !== "accepted") return { accepts: false, signers: [], why: text };
    const serials = new Set(text.trim().split(" ").map(Number));
    const signers = draft.certificates
      .filter(({ serial }) => serials.has(serial))
      .map(({ handle }) => handle);
    return { accepts: true, signers, why: "" };
  }

  stop(): void {
    for (const judge of Object.values(this.#judges)) judge.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** One process; its answers come in the order of the questions. */
class Judge {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #waiting: { readonly answer: (line: string) => void; readonly fail: (error: Error) => void }[] =
    [];

  constructor(command: string, words: readonly string[]) {
    this.#process = spawn(command, words, { stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: this.#process.stdout }).on("line", (line) =>
      this.#waiting.shift()?.answer(line),
    );
    this.#process.on("exit", (code) => {
      for (const { fail } of this.#waiting.splice(0)) fail(new Error(`${command} ended with ${code}`));
    });
  }

  ask(asked: Buffer): Promise<string> {
    return new Promise((answer, fail) => {
      this.#waiting.push({ answer, fail });
      this.#process.stdin.write(asked);
    });
  }

  stop(): void {
    this.#process.stdin.end();
  }
}

const ABSENT = 0xffffffff;

/** The question of `judges/question.h`. */
function question(draft: MailDraft, made: MadeMail): Buffer {
  const ders = (list: readonly { readonly der: Uint8Array }[] | null) =>
    list === null ? [number(ABSENT)] : [number(list.length), ...list.flatMap(({ der }) => field(der))];
  const fields = Buffer.concat([
    number(NOW.getTime() / 1000),
    ...field(Buffer.from(draft.from)),
    ...field(made.raw),
    ...field(made.cms),
    ...(made.content === null ? [number(ABSENT)] : field(made.content)),
    ...ders(made.anchors),
    ...ders(made.intermediates),
    ...ders(made.crls),
    ...ders(made.answers),
  ]);
  return Buffer.concat([number(fields.length), fields]);
}

function field(bytes: Uint8Array): Uint8Array[] {
  return [number(bytes.length), bytes];
}

function number(value: number): Buffer {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(value);
  return octets;
}
