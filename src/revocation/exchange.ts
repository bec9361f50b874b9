/** One HTTP exchange (RFC 9110) over a route that was decided: no cookies, no decompression, no redirects. */
import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP, type LookupFunction, type Socket } from "node:net";
import { connect as tlsConnect } from "node:tls";
import type { AskBudget } from "./budget.ts";
import { type Fetched, type FetchFailure, type FetchRequest, failure } from "./fetched.ts";
import type { Route } from "./route.ts";

/** The bytes, why there are none, where the server sends us, or that it wants a GET in place of the POST. */
export type Exchange = Fetched | { readonly location: string } | { readonly wantsGet: FetchFailure };

/** Statuses that send a GET elsewhere; a POST is only repeated where its method must not change (RFC 9110 §15.4.8, §15.4.9). */
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];
const KEEPS_METHOD: readonly number[] = [307, 308];

/** Sends the request and reads the answer to its end, unless a limit ends it first. Never rejects. */
export async function exchange(
  url: URL,
  route: Route,
  request: FetchRequest,
  budget: AskBudget,
  signal: AbortSignal,
): Promise<Exchange> {
  try {
    const sent = await open(url, route, optionsFor(url, request, signal), signal);
    return await answerTo(sent, request, budget);
  } catch (error) {
    return signal.aborted ? failure("timeout", "no answer in time") : connectionFailure(error);
  }
}

/** Said although it is Node's default: NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment would change that. */
const VERIFIED = { rejectUnauthorized: true } as const;

function optionsFor(url: URL, { post }: FetchRequest, signal: AbortSignal): RequestOptions {
  const body = post === null ? {} : { "Content-Type": post.contentType, "Content-Length": post.body.length };
  return {
    method: post === null ? "GET" : "POST",
    ...VERIFIED,
    // A connection an exchange: answers are cached, and none of theirs is to be kept open by somebody else's server.
    agent: false,
    signal,
    headers: {
      Host: url.host,
      Accept: "*/*",
      "Accept-Encoding": "identity",
      "User-Agent": "keybot",
      ...body,
    },
  };
}

/** The request, on a connection to the checked address, to the proxy, or through a tunnel of the proxy's. */
async function open(
  url: URL,
  route: Route,
  options: RequestOptions,
  signal: AbortSignal,
): Promise<ClientRequest> {
  if (route.kind === "direct") {
    const send = url.protocol === "https:" ? httpsRequest : httpRequest;
    return send(url, { ...options, lookup: fixedLookup(route.addresses) });
  }
  if (url.protocol === "https:") {
    const socket = await tunnel(url, route.proxy, signal);
    return httpRequest(url, {
      ...options,
      agent: undefined,
      protocol: "http:",
      createConnection: () => socket,
    });
  }
  // RFC 9112 §3.2.2: a proxy gets the whole URL.
  const { send, at } = proxyServer(route.proxy);
  return send({ ...options, ...at, path: url.href });
}

/** The socket to the host behind the proxy (RFC 9110 §9.3.6), with TLS that ends at the host. */
function tunnel(url: URL, proxy: URL, signal: AbortSignal): Promise<Socket> {
  const { send, at } = proxyServer(proxy);
  const authority = `${url.hostname}:${url.port === "" ? 443 : url.port}`;
  const sent = send({
    ...at,
    method: "CONNECT",
    path: authority,
    headers: { Host: authority },
    agent: false,
    signal,
  });
  return new Promise((resolve, reject) => {
    sent.on("error", reject);
    sent.once("connect", ({ statusCode }, socket) => {
      if (statusCode !== 200) {
        socket.destroy();
        return reject(new Error(`the proxy refuses the tunnel (${statusCode})`));
      }
      const host = url.hostname;
      const name = isIP(host) === 0 ? { servername: host } : {};
      const secure = tlsConnect({ socket, host, ...name, ...VERIFIED }, () => resolve(secure));
      secure.on("error", reject);
      signal.addEventListener("abort", () => secure.destroy(new Error("timeout")), { once: true });
    });
    sent.end();
  });
}

function proxyServer(proxy: URL): { readonly send: typeof httpRequest; readonly at: RequestOptions } {
  const secure = proxy.protocol === "https:";
  const port = proxy.port === "" ? (secure ? 443 : 80) : Number(proxy.port);
  const host = proxy.hostname.replace(/^\[(.*)\]$/, "$1");
  return { send: secure ? httpsRequest : httpRequest, at: { host, port } };
}

/** Answers every look-up with the addresses that were checked, whatever name servers say by now. */
function fixedLookup(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  const [first = { address: "", family: 0 }] = all;
  return (_host, { all: wantsAll }, done) => {
    if (wantsAll === true) done(null, all);
    else done(null, first.address, first.family);
  };
}

function answerTo(sent: ClientRequest, request: FetchRequest, budget: AskBudget): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    let answered = false;
    // Never `once`: an error that comes after the answer, when we hang up on it, must find a listener too.
    sent.on("error", reject);
    sent.once("response", (response) => {
      answered = true;
      response.on("error", reject);
      const early = withoutBody(response, request);
      if (early === null) return readBody(response, request, budget, resolve);
      resolve(early);
      sent.destroy();
    });
    // A server that switches protocols (101) or just hangs up.
    sent.once("close", () => answered || reject(new Error("the connection ended without an answer")));
    sent.end(request.post?.body);
  });
}

/** What status and header say already, or null when the body is wanted. */
function withoutBody(
  response: IncomingMessage,
  { post, maxBytes, httpsOnly = false }: FetchRequest,
): Exchange | null {
  const { statusCode = 0, headers } = response;
  if (REDIRECTS.includes(statusCode)) {
    if (headers.location === undefined) return failure("redirect", `status ${statusCode} without Location`);
    if (post !== null && !KEEPS_METHOD.includes(statusCode)) {
      return { wantsGet: failure("redirect", `status ${statusCode} would turn the POST into a GET`) };
    }
    return { location: headers.location };
  }
  // RFC 9110 §15.5.6: the server knows the place, but not this method there.
  if (statusCode === 405 && post !== null) return { wantsGet: failure("status", "status 405") };
  if (statusCode !== 200) return failure("status", `status ${statusCode}`);
  const encoding = headers["content-encoding"] ?? "identity";
  // We asked for identity. Nothing is ever unpacked: a few KiB can hold gigabytes.
  if (encoding.toLowerCase() !== "identity") return failure("encoding", "the answer is compressed");
  // RFC 9112 §9.8: where only the end of the connection ends the body, anybody on the way can cut it off. What is signed
  // shows that when it is checked.
  const toldEnd = headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined;
  if (httpsOnly && !toldEnd) return failure("encoding", "the answer does not tell its length");
  const length = Number(headers["content-length"] ?? 0);
  return length > maxBytes ? failure("too-large", `${length} bytes`) : null;
}

function readBody(
  response: IncomingMessage,
  { maxBytes }: FetchRequest,
  budget: AskBudget,
  done: (fetched: Fetched) => void,
): void {
  const chunks: Buffer[] = [];
  let length = 0;
  const stop = (why: FetchFailure): void => {
    done(why);
    response.destroy();
  };
  response.on("data", (chunk: Buffer) => {
    length += chunk.length;
    chunks.push(chunk);
    if (length > maxBytes) stop(failure("too-large", `over ${maxBytes} bytes`));
    else if (!budget.takeBytes(chunk.length)) stop(failure("budget", "too many bytes for one message"));
  });
  response.once("end", () => done({ ok: true, bytes: Buffer.concat(chunks) }));
}

/** Node names what failed by codes; a check of the server's certificate has one of OpenSSL's. */
const TLS_CODES = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_|SELF_SIGNED|UNABLE_TO|HOSTNAME_|EPROTO)/;

function connectionFailure(error: unknown): FetchFailure {
  const code = error instanceof Error && "code" in error ? String(error.code) : null;
  const detail = code ?? (error instanceof Error ? error.message : String(error));
  return failure(code !== null && TLS_CODES.test(code) ? "tls" : "unreachable", detail);
}
