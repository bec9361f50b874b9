/** Which URLs of strangers may be fetched at all, as far as their text tells. Pure. */
import { MAX_URL_LENGTH } from "./limits.ts";

export interface UrlRules {
  /** What a relative one is relative to: a redirect's Location (RFC 9110 §10.2.2). */
  readonly base?: URL;
  readonly httpsOnly?: boolean;
}

/** The URL, normalised and without its fragment, or why it is never fetched. */
export function fetchableUrl(text: string, { base, httpsOnly = false }: UrlRules = {}): URL | string {
  if (text.length > MAX_URL_LENGTH) return `a URL of ${text.length} characters`;
  if (!URL.canParse(text, base?.href)) return "not a URL";
  const url = new URL(text, base?.href);
  if (url.protocol !== "http:" && url.protocol !== "https:") return "neither http nor https";
  if (httpsOnly && url.protocol !== "https:") return `http without TLS, at ${url.host}`;
  if (url.username !== "" || url.password !== "") return "user or password in the URL";
  if (!isPortAllowed(url.port)) return `port ${url.port}`;
  url.hash = "";
  return url;
}

/**
 * 80, 443, and from 1024 on, where own CAs' responders listen (8080, 2560, 8888). The other ports below belong to other
 * protocols, mail above all: no certificate may make keybot talk to them.
 */
function isPortAllowed(port: string): boolean {
  const number = Number(port === "" ? 80 : port);
  return number === 80 || number === 443 || number >= 1024;
}
