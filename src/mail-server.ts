/**
 * A mail server that we log in to: what IMAP and SMTP have in common.
 *
 * Where it is and how the connection is protected; and the two judgements that both rooms must make alike: whether an
 * unprotected connection stays on this machine, and which check of the server's certificate failed.
 */
import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";
import { connect } from "node:tls";
import { KeybotError } from "./errors.ts";

/** `tls` from the first byte, `starttls` or nothing goes on, or `none`, which is for loopback addresses only. */
export type Security = "tls" | "starttls" | "none";

/** What proves who we are. Never logged. */
export type Secret = { readonly password: string } | { readonly accessToken: string };

/** All in milliseconds. */
export interface Timeouts {
  /** From the first packet to the end of the log-in. */
  readonly connect: number;
  /** How long a server that owes us an answer may say nothing. */
  readonly silence: number;
  /** How long one command may take in all, so that a server that drips byte by byte ends too. */
  readonly command: number;
}

export const DEFAULT_TIMEOUTS: Timeouts = { connect: 30_000, silence: 60_000, command: 600_000 };

export interface MailServer {
  /** Host name or IP address. */
  readonly host: string;
  readonly port: number;
  readonly security: Security;
  /** PEM certificates of the CAs that may vouch for the server, instead of the ones that the runtime knows. */
  readonly ca: string | null;
  readonly timeouts: Timeouts;
}

/** The name of the configuration table, which is also the first half of each error code. */
export type Protocol = "imap" | "smtp";

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

/**
 * The host to connect to. For a protected connection the configured name, which the certificate must prove. For `none`
 * the loopback ADDRESS that the name stands for, so that a second look-up cannot lead elsewhere.
 *
 * Throws `config` `<protocol>.insecure` when `none` would leave this machine, `temporary` `<protocol>.unreachable` when
 * the name cannot be resolved.
 */
export async function hostToConnect(protocol: Protocol, server: MailServer): Promise<string> {
  if (server.security !== "none") return server.host;
  const addresses = isIP(server.host) !== 0 ? [server.host] : await resolve(protocol, server);
  const [first] = addresses;
  if (first === undefined || !addresses.every(isLoopback)) {
    throw new KeybotError(
      "config",
      `${protocol}.insecure`,
      `${protocol}.security is "none", but ${server.host} is not this machine (127.0.0.0/8 or ::1).`,
      { hint: `Set ${protocol}.security to "tls" or "starttls".` },
    );
  }
  return first;
}

async function resolve(protocol: Protocol, server: MailServer): Promise<readonly string[]> {
  try {
    return (await lookup(server.host, { all: true })).map(({ address }) => address);
  } catch (cause) {
    throw new KeybotError(
      "temporary",
      `${protocol}.unreachable`,
      `The name ${server.host} cannot be resolved.`,
      { hint: `Check ${protocol}.host and the name server.`, cause },
    );
  }
}

function isLoopback(address: string): boolean {
  return LOOPBACK.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

/** Options of Node's TLS that both libraries pass on. Verification is Node's default, which is on. */
export function tlsOptions(server: MailServer): { readonly minVersion: "TLSv1.2"; readonly ca?: string } {
  // RFC 8314 §4.1: TLS 1.2 or later.
  return server.ca === null ? { minVersion: "TLSv1.2" } : { minVersion: "TLSv1.2", ca: server.ca };
}

/** OpenSSL's and Node's names for a failed check of the certificate, as half sentences about the certificate. */
const CERTIFICATE_FAULTS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: "is self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "ends in a root CA that is not trusted",
  UNABLE_TO_GET_ISSUER_CERT: "comes from a CA that is not known",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "comes from a CA that is not known",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "comes from a CA that is not known",
  CERT_HAS_EXPIRED: "has expired",
  CERT_NOT_YET_VALID: "is not valid yet",
  CERT_REVOKED: "is revoked",
  CERT_SIGNATURE_FAILURE: "has a wrong signature",
  CERT_CHAIN_TOO_LONG: "has a chain that is too long",
  PATH_LENGTH_EXCEEDED: "has a chain that is too long",
  INVALID_CA: "has an issuer that is not a CA",
  INVALID_PURPOSE: "is not for a server",
  CERT_UNTRUSTED: "is not trusted",
  CERT_REJECTED: "is rejected",
  ERR_TLS_CERT_ALTNAME_INVALID: "is for another host name",
  HOSTNAME_MISMATCH: "is for another host name",
};

/** Codes that say where to look: at the name, at the clock or the server's operator; all others: at the CA. */
const NAME_FAULTS: ReadonlySet<string> = new Set(["ERR_TLS_CERT_ALTNAME_INVALID", "HOSTNAME_MISMATCH"]);
const TIME_FAULTS: ReadonlySet<string> = new Set(["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"]);

/**
 * The error for a TLS failure, or null when none of the codes is one. `codes` are the error's own and the one of its
 * cause, as Node and OpenSSL name them.
 */
export function tlsFailure(
  protocol: Protocol,
  server: MailServer,
  codes: readonly (string | undefined)[],
  cause: unknown,
): KeybotError | null {
  for (const code of codes) {
    if (code === undefined) continue;
    const fault = CERTIFICATE_FAULTS[code];
    if (fault !== undefined) {
      const message = `The certificate of ${place(server)} ${fault}.`;
      return new KeybotError("permanent", `${protocol}.tls`, message, {
        hint: certificateHint(protocol, code),
        cause,
      });
    }
    if (code === "EPROTO" || code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_")) {
      const message = `${place(server)} and keybot cannot agree on a TLS connection (${code}).`;
      const hint = `Check ${protocol}.port and ${protocol}.security: "tls" speaks TLS from the first byte, "starttls" later.`;
      return new KeybotError("permanent", `${protocol}.tls`, message, { hint, cause });
    }
  }
  return null;
}

function certificateHint(protocol: Protocol, code: string): string {
  if (NAME_FAULTS.has(code)) return `Set ${protocol}.host to the name in the certificate.`;
  if (TIME_FAULTS.has(code)) return "Renew it on the server, and check the clock of this machine.";
  return `Set ${protocol}.ca_file to the PEM file of the CA that issued it.`;
}

/** A server greets within milliseconds; one that waits for TLS says nothing, and would for as long as we do. */
const GREETING_MS = 2_000;

/**
 * Rejects when the server speaks TLS from the first byte although the configuration says that it begins in clear text:
 * both sides would wait for the other to speak first. Else it never settles. It asks over a connection of its own, when
 * the greeting is late, and sends no command over it.
 *
 * @param signal ends it; to be aborted when the greeting has come or the wait is over
 */
export function unlessTlsAtOnce(
  protocol: Protocol,
  server: MailServer,
  host: string,
  signal: AbortSignal,
): Promise<never> {
  return new Promise((_, reject) => {
    if (server.security === "tls") return;
    const timer = setTimeout(() => {
      // Whose certificate it is does not matter: that there is one is the answer.
      const socket = connect({ host, port: server.port, rejectUnauthorized: false });
      const end = () => socket.destroy();
      signal.addEventListener("abort", end, { once: true });
      socket.on("error", end);
      socket.once("secureConnect", () => {
        end();
        const message = `${place(server)} speaks TLS from the first byte, and ${protocol}.security is "${server.security}".`;
        const hint = `Set ${protocol}.security to "tls", or ${protocol}.port to the one for STARTTLS (${protocol === "imap" ? 143 : 587}).`;
        reject(new KeybotError("permanent", `${protocol}.tls`, message, { hint }));
      });
    }, GREETING_MS);
    signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  });
}

/** `host:port`, for a message. */
export function place(server: MailServer): string {
  return `${server.host}:${server.port}`;
}
