import { randomInt } from "node:crypto";
import { connect, createServer } from "node:net";

/**
 * Returns `count` different free TCP ports of 127.0.0.1. They are picked below the range that the kernel gives to
 * outgoing connections, so that only another lab on the same machine can take one before its server starts.
 */
export async function freePorts(count: number): Promise<number[]> {
  const found: number[] = [];
  while (found.length < count) {
    const port = randomInt(20_000, 32_000);
    if (!found.includes(port) && (await isFree(port))) found.push(port);
  }
  return found;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** Whether all these ports of 127.0.0.1 accept connections. */
export async function acceptAll(ports: readonly number[]): Promise<boolean> {
  for (const port of ports) if (!(await accepts(port))) return false;
  return true;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
