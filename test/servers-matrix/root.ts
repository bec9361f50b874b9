import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { labEnvironment, run, runSync } from "../lab/command.ts";
import type { LabFolder } from "../lab/folder.ts";
import { acceptAll } from "../lab/port.ts";

/** Debian's packages of these servers conflict with Dovecot and Postfix, so each set lives in a root of its own. */
const PACKAGES = {
  cyrus: ["cyrus-imapd", "sasl2-bin", "exim4-daemon-light"],
  courier: ["courier-imap", "courier-authdaemon"],
} as const;

export type RootName = keyof typeof PACKAGES;

/** Where the roots are kept from run to run. */
const CACHE = join(tmpdir(), "keybot-roots");

/** Why no root can be made here, in one sentence, or undefined when one can. */
export function noRoots(): string | undefined {
  if (userInfo().uid !== 0) return "a root of their own for other servers needs root";
  if (runSync("sh", ["-c", "command -v apt-get"], { check: false }).code !== 0)
    return "a root of their own for other servers needs apt-get";
  return undefined;
}

/**
 * The folder of a root with these servers, made when it is not there: a minute or two, once. From the mirror that apt of this
 * machine uses, and with its settings; no service is started.
 */
export async function rootOf(name: RootName): Promise<string> {
  const root = join(CACHE, name);
  if (existsSync(root)) return root;
  mkdirSync(CACHE, { recursive: true });
  await installBuilder();
  const work = mkdtempSync(join(CACHE, "new-"));
  try {
    const options = join(work, "apt.conf");
    writeFileSync(options, aptSettings());
    const noService = `mkdir -p "$1/usr/sbin"; printf '#!/bin/sh\\nexit 101\\n' >"$1/usr/sbin/policy-rc.d"; chmod 755 "$1/usr/sbin/policy-rc.d"`;
    const made = join(work, "root");
    await run(
      "mmdebstrap",
      [
        "--variant=minbase",
        `--aptopt=${options}`,
        `--include=${PACKAGES[name].join(",")}`,
        `--setup-hook=${noService}`,
        "bookworm",
        made,
        "-",
      ],
      { input: debianSources().join("\n"), timeout: 900_000 },
    );
    chmodSync(made, 0o755);
    renameSync(made, root);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return root;
}

async function installBuilder(): Promise<void> {
  if (runSync("sh", ["-c", "command -v mmdebstrap"], { check: false }).code === 0) return;
  const install = ["-q", "-y", "--no-install-recommends", "-o", "Dpkg::Lock::Timeout=120", "install"];
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", ["-q", "update"], { env, check: false, timeout: 300_000 });
  await run("apt-get", [...install, "mmdebstrap"], { env, timeout: 300_000 });
}

/** Lines of a sources.list with the Debian mirrors of this machine. */
function debianSources(): readonly string[] {
  const format = "$(ORIGIN)|$(REPO_URI)|$(CODENAME)|$(COMPONENT)";
  const listed = runSync("apt-get", ["indextargets", "--format", format, "Created-By: Packages"], {
    timeout: 120_000,
  });
  return [...new Set(listed.stdout.toString("utf8").split("\n"))].flatMap((line) => {
    const [origin, uri, codename = "", component] = line.split("|");
    return origin === "Debian" && codename.startsWith("bookworm")
      ? [`deb ${uri} ${codename} ${component}`]
      : [];
  });
}

/** How apt of this machine reaches its mirrors: a proxy, say. */
function aptSettings(): string {
  const all = runSync("apt-config", ["dump"]).stdout.toString("utf8").split("\n");
  return `${all.filter((line) => /^Acquire::(Check-|http|https|Retries|ForceIPv)/.test(line)).join("\n")}\n`;
}

/** Puts the lab's folder into the root under the same path, and other folders of it over folders of the root. */
const ENTER = `
root=$1; home=$2; over=$3; shift 3
mkdir -p "$root$home" && mount --bind "$home" "$root$home" || exit 1
for pair in $over; do
  mkdir -p "$root\${pair#*:}" && mount --bind "\${pair%%:*}" "$root\${pair#*:}" || exit 1
done
exec chroot "$root" "$@"`;

/** Programs of a root, with one folder of the lab in sight. */
export class Inside {
  readonly root: string;
  readonly home: string;
  readonly #folder: LabFolder;
  readonly #over: string;
  readonly #running: { readonly stop: () => Promise<void> }[] = [];

  /** @param over folders of `home` and the folders of the root that they lie over */
  constructor(root: string, home: string, folder: LabFolder, over: Readonly<Record<string, string>> = {}) {
    this.root = root;
    this.home = home;
    this.#folder = folder;
    this.#over = Object.entries(over)
      .map(([own, theirs]) => `${join(home, own)}:${theirs}`)
      .join(" ");
    mkdirSync(home, { recursive: true });
  }

  #args(command: readonly string[]): string[] {
    // A mount namespace of its own: what is mounted is gone with the program.
    return ["-m", "sh", "-c", ENTER, "sh", this.root, this.home, this.#over, ...command];
  }

  async run(command: readonly string[], input = ""): Promise<string> {
    return (await run("unshare", this.#args(command), { input })).stdout.toString("utf8");
  }

  /** Starts a server in the foreground and waits until it listens. It ends with `stop`, and with this process. */
  async start(command: readonly string[], ports: readonly number[]): Promise<void> {
    const child = spawn("unshare", this.#args(command), {
      // The guard ends only what names the lab's folder, and Courier's programs do not.
      env: { ...labEnvironment(), KEYBOT_LAB: this.home },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const { pid } = child;
    if (pid === undefined) throw new Error("unshare could not be started");
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (bytes: Buffer) => {
        said = (said + bytes.toString("utf8")).slice(-3000);
      });
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    const pidFile = join(this.home, `${pid}.pid`);
    writeFileSync(pidFile, `${pid}\n`);
    this.#folder.guard(pidFile);
    const end = () => {
      try {
        process.kill(-pid, "SIGKILL");
      } catch {
        // Nobody is left in the group.
      }
    };
    this.#running.push({
      stop: async () => {
        end();
        await ended;
      },
    });
    const until = Date.now() + 30_000;
    while (!(await acceptAll(ports))) {
      if (child.exitCode !== null || Date.now() > until)
        throw new Error(`${command[0]} does not listen:\n${said}`);
      await sleep(50);
    }
  }

  async stop(): Promise<void> {
    for (const server of this.#running.splice(0).reverse()) await server.stop();
    rmSync(join(this.root, this.home), { recursive: true, force: true });
    try {
      rmdirSync(join(this.root, this.#folder.path));
    } catch {
      // Another server of this lab is in it, or has removed it.
    }
  }
}
