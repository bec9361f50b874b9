import { readFileSync } from "node:fs";
import { ImapFlow } from "imapflow";
import type { Site } from "../lab/site.ts";

/** Where a mailbox lies: plain data, so that another process can be told. */
export interface Place {
  readonly port: number;
  readonly caFile: string;
  readonly user: string;
  readonly password: string;
}

export function placeOf(site: Site, address: string): Place {
  return {
    port: site.dovecot.imapsPort,
    caFile: site.serverCa.certFile,
    user: address,
    password: site.passwordOf(address),
  };
}

/** A connection of the bare library, the yardstick: over TLS and with the settings with which the robot connects. */
export function connectTo(site: Site, address: string): Promise<ImapFlow> {
  return connect(placeOf(site, address));
}

export async function connect({ port, caFile, user, password }: Place): Promise<ImapFlow> {
  const client = new ImapFlow({
    host: "127.0.0.1",
    port,
    secure: true,
    tls: { ca: readFileSync(caFile, "utf8") },
    auth: { user, pass: password },
    logger: false,
    disableCompression: true,
    disableAutoIdle: true,
  });
  client.on("error", () => {}); // it comes with the command that fails, too
  await client.connect();
  await client.mailboxOpen("INBOX");
  return client;
}

/** Puts mails into a mailbox by APPEND, which is faster than delivering them and keeps them as they are. */
export async function fill(site: Site, address: string, mails: Iterable<Buffer>): Promise<void> {
  const client = await connectTo(site, address);
  try {
    for (const mail of mails) await client.append("INBOX", mail);
  } finally {
    await client.logout();
  }
}
