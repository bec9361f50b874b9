import { connectTo } from "../bench/imap.ts";
import { ROBOT, type Site } from "../lab/site.ts";
import { headerOf } from "./company.ts";

/** The folder of each of the robot's mails, by its Message-ID. Reads no more than that, however large they are. */
export async function places(site: Site): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const client = await connectTo(site, ROBOT);
  try {
    for (const { path } of await client.list()) {
      await client.mailboxOpen(path);
      for await (const { headers } of client.fetch("1:*", { headers: ["Message-ID"] })) {
        const id = headerOf(headers ?? Buffer.alloc(0), "Message-ID");
        if (id !== undefined) found.set(id, path);
      }
    }
  } finally {
    await client.logout();
  }
  return found;
}
