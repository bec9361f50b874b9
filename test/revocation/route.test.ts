import { createSocket } from "node:dgram";
import { afterEach, describe, expect, it } from "vitest";
import { impatientLookup, systemLookup } from "../../src/revocation/route.ts";

const sockets: ReturnType<typeof createSocket>[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

/** A name server that takes every question and never answers; counts them. */
async function silentServer() {
  const socket = createSocket("udp4");
  sockets.push(socket);
  const asked = { count: 0, at: "" };
  socket.on("message", () => {
    asked.count += 1;
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  asked.at = `127.0.0.1:${socket.address().port}`;
  return asked;
}

describe("strangers' names at a name server that is silent", () => {
  it("are given up in seconds, and keep our own look-ups from nothing meanwhile", async () => {
    const server = await silentServer();
    const began = performance.now();
    const strangers = Promise.all(
      Array.from({ length: 16 }, (_, n) => impatientLookup(`host-${n}.hostile.example`, [server.at])),
    );
    expect(await systemLookup("localhost")).not.toEqual([]);
    expect(performance.now() - began).toBeLessThan(1_000);
    expect((await strangers).flat()).toEqual([]);
    expect(performance.now() - began).toBeLessThan(8_000);
    expect(server.count).toBeGreaterThanOrEqual(32);
  });
});
