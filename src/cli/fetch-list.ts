/** A list of public CAs by its URL: over https, with a word to the person who waits for it. */
import type { CertificateFile } from "../admin/index.ts";
import { type ErrorKind, KeybotError } from "../errors.ts";
import { escapeControl } from "../log.ts";
import { type FetchFailure, fetchRootList, ROOT_LIST_LIMITS } from "../revocation/index.ts";
import type { Context } from "./context.ts";

/** What a person means as a URL and not as a file, whatever its scheme. */
export function isUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
}

/**
 * The URL as it may be shown and kept: without user, password, fragment and query, which can be secrets. That there was
 * a query is said.
 */
export function shownUrl(text: string): string {
  if (!URL.canParse(text)) return text.replace(/[?#].*$/s, "").replace(/\/\/.*@/s, "//");
  const { protocol, host, pathname, search } = new URL(text);
  return `${protocol}//${host}${pathname}${search === "" ? "" : "?…"}`;
}

/**
 * Fetches a list of public CAs, and says so on standard error.
 * @throws KeybotError `usage` for a URL that is none of a list, `config` for one that the configuration keeps out,
 *   `temporary` or `permanent` for what happens on the way
 */
export async function fetchList(url: string, context: Context): Promise<CertificateFile> {
  const name = shownUrl(url);
  if (/^http:/i.test(url)) throw withoutTls(name);
  const { network } = await context.config();
  context.note(`fetching ${escapeControl(name)} (at most ${SECONDS} seconds)`);
  const started = context.now().getTime();
  const fetched = await fetchRootList(url, network);
  if (!fetched.ok) throw notFetched(name, fetched);
  const { bytes } = fetched;
  const seconds = ((context.now().getTime() - started) / 1000).toFixed(1);
  context.note(`fetched ${bytes.length} bytes in ${seconds} seconds`);
  if (isPage(bytes)) {
    throw new KeybotError(
      "usage",
      "cli.url",
      `${name} is a web page and no list of CAs; nothing was changed`,
      {
        hint: 'name the URL of the file itself, which sites call "raw"',
      },
    );
  }
  return { name, bytes };
}

const SECONDS = ROOT_LIST_LIMITS.milliseconds / 1000;
const BY_FILE = "download certdata.txt over https, and name the file";

function withoutTls(name: string): KeybotError {
  return new KeybotError(
    "usage",
    "cli.url",
    `${name} is not fetched: certdata.txt carries no signature, so without TLS anybody on the way could add a CA; ` +
      "nothing was changed",
    { hint: `name an https:// URL, or ${BY_FILE}` },
  );
}

/** A site's page around the file, or the form to log in at a proxy; certdata.txt begins with a comment. */
function isPage(bytes: Uint8Array): boolean {
  return /^(\uFEFF)?\s*<[!a-z?]/i.test(Buffer.from(bytes.subarray(0, 1_000)).toString("utf8"));
}

interface Saying {
  readonly kind: ErrorKind;
  /** What happened, before the detail in brackets. */
  readonly says: string;
  readonly hint: string;
}

const UNREACHABLE: Saying = {
  kind: "temporary",
  says: "cannot be fetched",
  hint: `must this machine use a proxy? proxy in [network] names it. Else ${BY_FILE}`,
};

const SAYINGS: Readonly<Record<FetchFailure["why"], Saying>> = {
  url: {
    kind: "usage",
    says: "is not fetched",
    hint: `name an https:// URL without user and password, or ${BY_FILE}`,
  },
  "private-address": {
    kind: "config",
    says: "is not fetched",
    hint: `${BY_FILE}; private_addresses = true in [network] would allow it, for URLs in certificates too`,
  },
  name: UNREACHABLE,
  unreachable: UNREACHABLE,
  timeout: UNREACHABLE,
  budget: UNREACHABLE,
  tls: {
    kind: "permanent",
    says: "is not fetched, because TLS with the server fails",
    hint: `when a proxy of your own opens TLS, NODE_EXTRA_CA_CERTS=FILE names its CA; else ${BY_FILE}`,
  },
  status: {
    kind: "permanent",
    says: "cannot be fetched",
    hint: `look whether the URL is right, its tag or branch above all, or ${BY_FILE}`,
  },
  redirect: {
    kind: "permanent",
    says: "cannot be fetched, because a redirect is not followed",
    hint: `name the https:// URL that it leads to, or ${BY_FILE}`,
  },
  encoding: { kind: "permanent", says: "cannot be fetched", hint: BY_FILE },
  "too-large": {
    kind: "permanent",
    says: "is too large for a list of CAs",
    hint: "name the URL of certdata.txt itself",
  },
};

function notFetched(name: string, { why, detail }: FetchFailure): KeybotError {
  const { kind, says, hint } = SAYINGS[why];
  return new KeybotError(kind, "cli.fetch", `${name} ${says} (${detail}); nothing was changed`, { hint });
}
