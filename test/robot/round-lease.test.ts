import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../src/log.ts";
import { thisHolder } from "../../src/robot/index.ts";
import type { Robot } from "../../src/robot/robot.ts";
import { takeLease } from "../../src/robot/round-lease.ts";
import { openStore, type Store } from "../../src/store/index.ts";

const NOW = new Date("2026-11-23T12:00:00Z");
let folder: string;
let store: Store;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "keybot-lease-"));
  store = await openStore({ stateDir: folder });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

/** As much of a robot as a lease needs. */
const robot = (): Robot =>
  ({ store, holder: thisHolder(), log: silentLog, now: () => NOW }) as unknown as Robot;
const soon = () => AbortSignal.timeout(400);

describe("the lease of a round", () => {
  it("is taken at once from a process of this machine that was killed, with the mails in its hand", async () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    const dead = `${hostname()} ${child.pid} abcd`;
    await store.acquireLease("round", dead, 60_000, NOW);
    const mail = {
      messageId: "<1@x>",
      to: "a@b.example",
      envelopeFrom: "",
      template: "hint" as const,
      bytes: Buffer.from("x"),
      sendAfter: null,
    };
    await store.enqueue([mail], NOW);
    const [due] = await store.dueMails(NOW, 1);
    await store.claim(due?.id ?? 0, NOW, new Date(NOW.getTime() + 900_000), dead);
    expect(await takeLease(robot(), soon())).toBeNull();

    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await takeLease(robot(), soon())).not.toBeNull();
    expect(await store.dueMails(NOW, 1)).toHaveLength(1);
  });

  it.each([
    { name: "on another machine", holder: "elsewhere.example 1 abcd" },
    { name: "whose name is none of ours", holder: "somebody" },
    { name: "that lives", holder: `${hostname()} ${process.ppid} abcd` },
  ])("is waited for when it is held by a process $name", async ({ holder }) => {
    await store.acquireLease("round", holder, 60_000, NOW);
    expect(await takeLease(robot(), soon())).toBeNull();
  });

  it("is not kept by the process that had our number before us, as in a container", async () => {
    await store.acquireLease("round", `${hostname()} ${process.pid} abcd`, 60_000, NOW);
    expect(await takeLease(robot(), soon())).not.toBeNull();
  });
});
