import { readFileSync } from "node:fs";
import { ImapFlow } from "imapflow";
import type { Site } from "../lab/site.ts";

/** A connection of the bare library, the yardstick: over TLS and with the settings with which the robot connects. */
export async function connectTo(site: Site, address: string): Promise<ImapFlow> {
  const client = new ImapFlow({
    host: "127.0.0.1",
    port: site.dovecot.imapsPort,
    secure: true,
    tls: { ca: readFileSync(site.serverCa.certFile, "utf8") },
    auth: { user: address, pass: site.passwordOf(address) },
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

/** Fetches all mails and does nothing with them; returns how many, their bytes, and the milliseconds of the FETCH. */
export async function fetchAll(
  site: Site,
  address: string,
): Promise<{ readonly mails: number; readonly bytes: number; readonly milliseconds: number }> {
  const client = await connectTo(site, address);
  try {
    const start = performance.now();
    let mails = 0;
    let bytes = 0;
    for await (const { source } of client.fetch("1:*", { uid: true, source: true })) {
      mails += 1;
      bytes += source?.length ?? 0;
    }
    return { mails, bytes, milliseconds: performance.now() - start };
  } finally {
    await client.logout();
  }
}
