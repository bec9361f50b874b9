import { readdir, readFile, stat } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { type Command, Option } from "commander";
import { KeybotError, messageOf } from "../../errors.ts";
import { decodeTrust, type TrustedAnchor, type TrustStore } from "../../inspect/index.ts";
import { escapeControl } from "../../log.ts";
import { parseAddrSpec } from "../../mail/index.ts";
import {
  type Certificate,
  type Crl,
  isProblem,
  parseCrl,
  parseOcspResponse,
  readCertificates,
  readCrls,
} from "../../pki/index.ts";
import { DEFAULT_POLICY, type Policy, type ResultsPlace } from "../../policy.ts";
import { type ExplainBench, trustMaterialOf } from "../../robot/index.ts";
import { openStore, type Store } from "../../store/index.ts";
import type { Context } from "../context.ts";

/** The options of `keybot inspect` (CONTRACT.md §2). */
export interface InspectOptions {
  readonly at?: string;
  readonly trustAnchor?: readonly string[];
  readonly intermediate?: readonly string[];
  readonly crl?: readonly string[];
  readonly ocsp?: readonly string[];
  readonly domain?: readonly string[];
  readonly tag?: string;
  readonly robot?: readonly string[];
  readonly ownHost?: readonly string[];
  readonly ownNetwork?: readonly string[];
  readonly authservId?: readonly string[];
  readonly authenticationResults?: ResultsPlace;
  readonly subjectMark?: readonly string[];
  readonly policy?: readonly string[];
  readonly explicitPolicy?: boolean;
  readonly inhibitAnyPolicy?: boolean;
  readonly inhibitPolicyMapping?: boolean;
}

/** Adds the options to the command. */
export function optionsOf(command: Command): Command {
  const several = (value: string, before: readonly string[] | undefined) => [...(before ?? []), value];
  return command
    .option("--at <time>", "judge as of this time (RFC 3339)")
    .option("--trust-anchor <file>", "a CA to trust, PEM or DER (repeatable)", several)
    .option(
      "--intermediate <path>",
      "CA certificates that help to find a path, a file or folder (repeatable)",
      several,
    )
    .option("--crl <path>", "CRLs, a file or folder; revocation is then required (repeatable)", several)
    .option(
      "--ocsp <path>",
      "OCSP responses in DER, a file or folder; revocation is then required (repeatable)",
      several,
    )
    .option("--domain <name>", "an own mail domain (repeatable)", several)
    .option("--tag <text>", "the subject that makes a mail a request")
    .option("--robot <address>", "the robot's own address (repeatable)", several)
    .option(
      "--own-host <name>",
      "whose Received lines are ours; without it every delivery header is believed (repeatable)",
      several,
    )
    .option("--own-network <cidr>", "addresses of own clients (repeatable)", several)
    .option("--authserv-id <id>", "whose Authentication-Results to believe (repeatable)", several)
    .addOption(
      new Option(
        "--authentication-results <place>",
        "where our filter writes them, seen from the border's Received (below: the border strips forged ones)",
      ).choices(["above", "below"] satisfies ResultsPlace[]),
    )
    .option("--subject-mark <text>", "a mark of our own gateway in subjects, [EXTERN] (repeatable)", several)
    .option("--policy <oid>", "an acceptable certificate policy, RFC 5280 §6.1.1 (c) (repeatable)", several)
    .option("--explicit-policy", "RFC 5280 §6.1.1 (f): a policy must be met")
    .option("--inhibit-any-policy", "RFC 5280 §6.1.1 (g)")
    .option("--inhibit-policy-mapping", "RFC 5280 §6.1.1 (e)");
}

/** What the mails are judged by, and how to let go of it. */
export interface Bench {
  readonly bench: ExplainBench;
  close(): Promise<void>;
}

/**
 * Puts the bench together: configuration and directory only with an explicit `--config`, the options on top.
 * @throws KeybotError `usage` for an option that cannot be understood, `permanent` for a file that cannot be read
 */
export async function benchOf(options: InspectOptions, context: Context): Promise<Bench> {
  const at = timeOf(options.at, context.now());
  const config = context.options.config === null ? null : await context.config();
  const store = config === null ? null : await openStore({ stateDir: config.stateDir, readOnly: true });
  const policy = policyOf(options, config?.policy ?? BARE_POLICY);
  const trust = await trustOf(options, store, policy);
  const answers = await answersOf(options, context);
  return {
    bench: { policy, trust, at, ...answers, ...(store === null ? {} : directoryOf(store, at)) },
    close: async () => store?.close(),
  };
}

/** Without a configuration every delivery header is believed, and revocation is what `--crl` and `--ocsp` say. */
const BARE_POLICY: Policy = {
  ...DEFAULT_POLICY,
  border: { ...DEFAULT_POLICY.border, ownHosts: null },
  certificates: { ...DEFAULT_POLICY.certificates, revocation: "off" },
};

function policyOf(options: InspectOptions, base: Policy): Policy {
  const initial = base.certificates.initialPolicies;
  for (const network of options.ownNetwork ?? []) requireNetwork(network);
  for (const oid of options.policy ?? [])
    require(/^[0-2](\.\d+)+$/.test(oid), "--policy", oid, "an OID such as 2.16.840.1.101.3.2.1.48.1");
  return {
    ...base,
    tag: options.tag ?? base.tag,
    subjectMarks: options.subjectMark ?? base.subjectMarks,
    domains: options.domain?.map((domain) => domain.toLowerCase()) ?? base.domains,
    robot: options.robot?.map(requireAddress) ?? base.robot,
    border: {
      ...base.border,
      ownHosts: options.ownHost ?? base.border.ownHosts,
      ownNetworks: options.ownNetwork ?? base.border.ownNetworks,
      authservIds: options.authservId ?? base.border.authservIds,
      authenticationResults: options.authenticationResults ?? base.border.authenticationResults,
    },
    certificates: {
      ...base.certificates,
      // CONTRACT.md §2: inspect fetches nothing; without --crl and --ocsp revocation is not checked, with one it is required. CRLs
      // alone are part of the path (RFC 5280 §6.3), responses count as what the robot has asked for.
      revocation: options.ocsp === undefined ? "off" : "hard-fail",
      initialPolicies: {
        acceptable: options.policy ?? initial.acceptable,
        explicitPolicy: options.explicitPolicy ?? initial.explicitPolicy,
        inhibitAnyPolicy: options.inhibitAnyPolicy ?? initial.inhibitAnyPolicy,
        inhibitPolicyMapping: options.inhibitPolicyMapping ?? initial.inhibitPolicyMapping,
      },
    },
  };
}

/** What the directory of the configuration answers. */
function directoryOf(store: Store, at: Date): Pick<ExplainBench, "view" | "authorities"> {
  return {
    view: (query) => store.view(query, at),
    authorities: ({ sha256, issuer }) => store.authoritiesAbove({ sha256, issuer: issuer.text }),
  };
}

async function trustOf(options: InspectOptions, store: Store | null, policy: Policy): Promise<TrustStore> {
  const stored = store === null ? null : decodeTrust(await trustMaterialOf(store, policy));
  const anchors = await certificatesIn("--trust-anchor", options.trustAnchor ?? []);
  const intermediates = await certificatesIn("--intermediate", options.intermediate ?? []);
  return {
    anchors: [...(stored?.anchors ?? []), ...anchors.map(anchorForAll)],
    intermediates: [...(stored?.intermediates ?? []), ...intermediates],
    crls: options.crl === undefined || options.ocsp !== undefined ? null : await crlsIn(options.crl),
  };
}

/** With `--ocsp`, all that CAs have answered. */
async function answersOf(
  { crl, ocsp }: InspectOptions,
  context: Context,
): Promise<Pick<ExplainBench, "answers">> {
  if (ocsp === undefined) return {};
  return {
    answers: { ocsp: await responsesIn(ocsp, context), crls: crl === undefined ? [] : await crlsIn(crl) },
  };
}

function anchorForAll(certificate: Certificate): TrustedAnchor {
  return { certificate, domains: null, distrustAfter: null };
}

async function certificatesIn(option: string, paths: readonly string[]): Promise<Certificate[]> {
  const found: Certificate[] = [];
  for (const file of await filesOf(paths)) {
    const { certificates } = readCertificates(file.bytes);
    if (certificates.length === 0 && file.named) throw unusable(option, file.path, "certificate");
    found.push(...certificates);
  }
  return found;
}

async function crlsIn(paths: readonly string[]): Promise<Crl[]> {
  const crls: Crl[] = [];
  for (const file of await filesOf(paths)) {
    const readable = readCrls(file.bytes).flatMap((der) => {
      const crl = parseCrl(der);
      return isProblem(crl) ? [] : [crl];
    });
    if (readable.length === 0 && file.named) throw unusable("--crl", file.path, "CRL");
    crls.push(...readable);
  }
  return crls;
}

/** The responses that say something of a certificate; the others are named with why, as a folder may hold anything. */
async function responsesIn(paths: readonly string[], { terminal }: Context): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  for (const { path, bytes } of await filesOf(paths)) {
    const response = parseOcspResponse(bytes);
    const why = isProblem(response)
      ? `no OCSP response that can be read (${response.detail})`
      : response.status === "successful"
        ? null
        : `the responder answered ${response.status}`;
    if (why === null) found.push(bytes);
    else terminal.err(`keybot: ${escapeControl(`--ocsp ${path}: ${why}`)}\n`);
  }
  return found;
}

interface InputFile {
  readonly path: string;
  readonly bytes: Buffer;
  /** Named itself, not found in a folder: then it must be what it is said to be. */
  readonly named: boolean;
}

async function filesOf(paths: readonly string[]): Promise<InputFile[]> {
  const files: InputFile[] = [];
  for (const path of paths) {
    try {
      const folder = (await stat(path)).isDirectory();
      const names = folder ? (await readdir(path)).sort().map((name) => join(path, name)) : [path];
      for (const name of names) {
        if (!folder || (await stat(name)).isFile())
          files.push({ path: name, bytes: await readFile(name), named: !folder });
      }
    } catch (cause) {
      throw new KeybotError("permanent", "cli.file", `${path} cannot be opened (${messageOf(cause)})`, {
        cause,
      });
    }
  }
  return files;
}

function unusable(option: string, path: string, what: string): KeybotError {
  return new KeybotError("usage", "cli.option", `${option} ${path} holds no ${what} that can be read`, {
    hint: "PEM and DER are understood",
  });
}

/** RFC 3339, as CONTRACT.md's units demand; a date alone is its first moment in UTC. */
function timeOf(text: string | undefined, now: Date): Date {
  if (text === undefined) return now;
  const form = /^\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d))?$/.test(text);
  const time = new Date(text);
  require(form && !Number.isNaN(time.getTime()), "--at", text, "a time such as 2026-11-23T12:00:00Z");
  return time;
}

function requireAddress(text: string): string {
  const mailbox = parseAddrSpec(text);
  if (mailbox !== null) return mailbox.address;
  throw wrong("--robot", text, "a mail address");
}

function requireNetwork(text: string): void {
  const [address = "", bits = "", ...rest] = text.split("/");
  const longest = isIP(address) === 6 ? 128 : 32;
  require(isIP(address) !== 0 &&
    rest.length === 0 &&
    /^\d{1,3}$/.test(bits) &&
    Number(bits) <= longest, "--own-network", text, "a network such as 10.0.0.0/8");
}

function require(holds: boolean, option: string, value: string, what: string): void {
  if (!holds) throw wrong(option, value, what);
}

function wrong(option: string, value: string, what: string): KeybotError {
  return new KeybotError("usage", "cli.option", `${option} ${JSON.stringify(value)} is not ${what}`);
}
