import { connect, createServer, type Socket } from "node:net";

/** A wire tap before an IMAP server without TLS: it hears when the server announces a mail. */
export interface WireTap {
  /** Times (milliseconds since 1970) at which the server has said `* n EXISTS`. */
  readonly announced: readonly number[];
  close(): void;
}

/** Listens on `port` of 127.0.0.1 and passes every byte on to and from `target`. */
export async function tapImap(port: number, target: number): Promise<WireTap> {
  const announced: number[] = [];
  const open = new Set<Socket>();
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port: target, host: "127.0.0.1", noDelay: true });
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        open.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream);
    upstream.on("data", (bytes: Buffer) => {
      if (/^\* \d+ EXISTS\r$/m.test(bytes.toString("latin1"))) announced.push(Date.now());
      client.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    announced,
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
