/** A web server on loopback that does what the test says, and notes what it was asked. */
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { afterAll } from "vitest";

export type Page = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

export class LoopbackServer {
  readonly requests: string[] = [];
  readonly pages = new Map<string, Page>();
  readonly server: Server;
  readonly #sockets = new Set<Socket>();
  #scheme = "http";

  /** Closed when the tests of the file are over. @param tls key and certificate (PEM): https */
  constructor(tls: { readonly key: string; readonly cert: string } | null = null) {
    const listener: RequestListener = (request, response) => this.#serve(request, response);
    this.server = tls === null ? createServer(listener) : createTlsServer(tls, listener);
    if (tls !== null) this.#scheme = "https";
    this.server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {}); // clients hang up in these tests
    });
    afterAll(() => {
      for (const socket of this.#sockets) socket.destroy();
      return new Promise((resolve) => this.server.close(resolve));
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The URL of a page, under the address or under a name that the test resolves. */
  url(path: string, host = "127.0.0.1"): string {
    return `${this.#scheme}://${host}:${this.port}${path}`;
  }

  /** A page with these bytes. */
  file(path: string, bytes: () => Uint8Array): void {
    this.pages.set(path, (_request, response) => response.end(bytes()));
  }

  redirect(path: string, location: string, status = 302): void {
    this.pages.set(path, (_request, response) => response.writeHead(status, { Location: location }).end());
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const { method = "", url = "" } = request;
    this.requests.push(`${method} ${url}`);
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const page = this.pages.get(url);
      if (page === undefined) response.writeHead(404).end("not found");
      else page(request, response, Buffer.concat(chunks));
    });
  }
}
