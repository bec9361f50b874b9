import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:tls";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeWith } from "./available.ts";
import { type Dovecot, type DovecotOptions, startDovecot } from "./dovecot.ts";
import { isRunning, type LabFolder, openFolder } from "./folder.ts";
import { Authority, type Identity, plainMail } from "./openssl.ts";

const ANNA = "anna@company.example";
const mail = plainMail({ from: "alice@partner.example", to: ANNA, text: "one\n.\n\f\ntext:\nend" });

describeWith(["dovecot"], "a private Dovecot", () => {
  let folder: LabFolder;
  let authority: Identity;
  let certificate: Identity;
  let dovecot: Dovecot;
  beforeAll(async () => {
    folder = openFolder();
    const servers = Authority.root(folder.path, { name: "Servers" });
    authority = servers.identity;
    certificate = servers.issueHost();
    dovecot = await startDovecot(small(folder, certificate));
  });
  afterAll(async () => {
    await dovecot.stop();
    folder.remove();
  });

  it("keeps what LMTP delivers, byte for byte below its own header, several mails apart", async () => {
    await dovecot.deliver(ANNA, mail);
    await dovecot.deliver("anna+tag@company.example", mail, { from: "" });
    const stored = await dovecot.messages(ANNA);
    expect(stored.map(({ uid }) => uid)).toEqual([1, 2]);
    for (const { raw } of stored)
      expect(raw.subarray(raw.indexOf("Date: ")).equals(mailAsStored())).toBe(true);
    expect(stored[0]?.raw.toString("latin1")).toMatch(
      /^Return-Path: <sender@partner\.example>\r\nDelivered-To: anna@company\.example\r\nReceived: from .* \(\[127\.0\.0\.1\]\)\r\n\tby imap\.company\.example with LMTP/,
    );
    expect(stored[1]?.raw.toString("latin1")).toMatch(/^Return-Path: <>\r\nDelivered-To: anna\+tag@/);
  });

  it("refuses an unknown mailbox", async () => {
    await expect(dovecot.deliver("nobody@company.example", mail)).rejects.toThrow(/550/);
  });

  it("greets on its TLS port with its own certificate", async () => {
    expect(await greeting(dovecot, authority)).toMatch(/^\* OK/);
  });

  it("comes back after a restart on the same ports with the same mail, and takes new settings", async () => {
    const before = dovecot.pid();
    await dovecot.restart();
    expect(dovecot.pid()).not.toBe(before);
    expect(await dovecot.messages(ANNA)).toHaveLength(2);
    await dovecot.doveadm(["mailbox", "create", "-u", ANNA, "Processed"]);
    expect((await dovecot.folders(ANNA)).sort()).toEqual(["INBOX", "Processed"]);
    await dovecot.configure("login_greeting = changed");
    await expect.poll(() => greeting(dovecot, authority)).toMatch(/changed\r\n$/);
  });

  it("is ended by the guard, folder and all, when its starter died without a word", async () => {
    const orphan = openFolder();
    const server = await startDovecot(small(orphan, certificate));
    const pid = server.pid() ?? 0;
    // The same script as beside every lab; closing its input is what our death looks like.
    const guard = spawn("/bin/sh", [join(import.meta.dirname, "guard.sh"), orphan.path], { stdio: "pipe" });
    guard.stdin.end(`pid ${orphan.path}/d/run/master.pid\n`);
    await new Promise((resolve) => guard.once("close", resolve));
    await sleep(50);
    expect(isRunning(pid)).toBe(false);
    expect(existsSync(orphan.path)).toBe(false);
    await server.stop();
    orphan.remove();
  });
});

function small(folder: LabFolder, certificate: Identity): DovecotOptions {
  return { folder, certificate, users: [{ address: ANNA, password: "anna" }] };
}

function greeting(dovecot: Dovecot, authority: Identity): Promise<string> {
  const ca = readFileSync(authority.certFile);
  const socket = connect({ port: dovecot.imapsPort, host: "127.0.0.1", ca });
  return new Promise<string>((resolve, reject) => {
    socket.once("error", reject);
    socket.once("data", (bytes: Buffer) => resolve(bytes.toString()));
  }).finally(() => socket.destroy());
}

// LMTP ends the last line.
function mailAsStored(): Buffer {
  return mail.toString("latin1").endsWith("\r\n") ? mail : Buffer.concat([mail, Buffer.from("\r\n")]);
}
