import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Commits messages and reports each, until it is killed. */
const SCRIPT = `
import { writeSync } from "node:fs";
import { openStore } from "./src/store/index.ts";
const [stateDir] = process.argv.slice(1);
const store = await openStore({ stateDir });
let number = 0;
while (await store.isKnown("message-" + number)) number += 1;
for (;; number += 1) {
  const address = "p" + number + "@partner.example";
  const name = String(number).padStart(64, "0");
  const certificate = { sha256: name, spkiSha256: name, keyIdentity: name, der: Buffer.alloc(2000, number), addresses: [address],
    subject: "CN=p", issuer: "CN=ca", serial: "01", notBefore: new Date(0), notAfter: new Date(4e12),
    keyAlgorithm: "RSA-2048", usage: { sign: true, encrypt: true }, role: "signer", path: { intermediates: [], authorities: [] },
    capabilities: null, findings: [] };
  const keep = { action: "store", certificate: name, status: "active", address, role: "signer", findings: [] };
  await store.commitMessage({
    key: "message-" + number,
    query: { from: address, mailboxes: [], spkis: [], certificates: [], references: [], returned: [], buckets: [], authenticated: false, pendingOf: null },
    message: { messageId: null, from: address, addressed: [] },
    certificates: [certificate],
    at: new Date(number),
  }, () => ({
    plan: { kind: "submission", actions: [keep], reasons: [], judged: [], buckets: [] },
    outcome: "stored", folder: "Processed",
    replies: [{ messageId: "<" + number + "@company.example>", to: address, template: "accepted",
      bytes: Buffer.alloc(8000), sendAfter: null }],
    news: [],
  }));
  writeSync(1, number + "\\n");
}
`;

/**
 * Lets it report so many more commits, kills it, and returns the number of the last one that it reported. Throws when it ended
 * by itself: then nothing was tried.
 */
export async function killAfter(stateDir: string, commits: number): Promise<number> {
  const args = ["--import", "tsx", "--input-type=module", "--eval", SCRIPT, "--", stateDir];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  let last = -1;
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line);
    seen += 1;
    if (seen === commits) child.kill("SIGKILL");
  }
  const [code, signal] = await ended;
  if (seen < commits || signal !== "SIGKILL")
    throw new Error(`the process that commits ended by itself (${code ?? signal}) after ${seen} commits`);
  return last;
}
