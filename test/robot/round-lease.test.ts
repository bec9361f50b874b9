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

const MAIL = {
  messageId: "<1@x>",
  to: "a@b.example",
  template: "hint" as const,
  bytes: Buffer.from("x"),
  sendAfter: null,
};

/** A holder of the lease with a mail in hand. */
async function holds(holder: string, since: Date): Promise<void> {
  await store.acquireLease("round", holder, 60_000, since);
  await store.enqueue([MAIL], since);
  const [due] = await store.dueMails(since, 1);
  await store.claim(due?.id ?? 0, since, new Date(since.getTime() + 900_000), holder);
}

describe("the lease of a round", () => {
  it("is taken at once from a process of this machine that was killed, with the mails in its hand", async () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    await holds(`${hostname()} ${child.pid} abcd`, NOW);
    expect(await takeLease(robot(), soon())).toBeNull();

    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await takeLease(robot(), soon())).not.toBeNull();
    expect(await store.dueMails(NOW, 1)).toHaveLength(1);
  });

  it("that a dead process has let lapse comes with the mails in its hand, too", async () => {
    const child = spawn(process.execPath, ["-e", ""]);
    await once(child, "exit");
    await holds(`${hostname()} ${child.pid} abcd`, new Date(NOW.getTime() - 120_000));
    expect(await takeLease(robot(), soon())).not.toBeNull();
    expect(await store.dueMails(NOW, 1)).toHaveLength(1);
  });

  it("is no condition: a dead process that had only a mail in its hand loses it, too", async () => {
    const child = spawn(process.execPath, ["-e", ""]);
    await once(child, "exit");
    const dead = `${hostname()} ${child.pid} abcd`;
    await holds(dead, NOW);
    await store.releaseLease("round", dead);
    expect(await store.dueMails(NOW, 1)).toEqual([]);
    expect(await takeLease(robot(), soon())).not.toBeNull();
    expect(await store.dueMails(NOW, 1)).toHaveLength(1);
  });

  it("is kept over a clock that is set forward while nobody else takes it", async () => {
    let now = NOW;
    const lease = await takeLease({ ...robot(), now: () => now }, soon());
    now = new Date(NOW.getTime() + 86_400_000);
    expect(await lease?.renew()).toBe(true);
    await store.acquireLease("round", "elsewhere", 60_000, new Date(now.getTime() + 60_000));
    expect(await lease?.renew()).toBe(false);
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
