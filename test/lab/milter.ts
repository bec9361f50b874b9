import { type AddressInfo, createServer, type Socket } from "node:net";

/**
 * A mail filter as Postfix speaks to it (Sendmail's milter protocol, version 6): enough of it to write header fields into
 * every mail, where filters write them.
 */
export interface Milter {
  /** For main.cf. */
  readonly setting: string;
  /** What it writes into the next mails. May be set at any time. */
  writes: (client: MilterClient) => readonly MilterField[];
  stop(): Promise<void>;
}

/** Who brings the mail. */
export interface MilterClient {
  readonly address: string;
}

/** `top` is index 0 of SMFIR_INSHEADER, above Postfix' own Received; `below` is index 1; `end` is SMFIR_ADDHEADER. */
export interface MilterField {
  readonly place: "top" | "below" | "end";
  readonly name: string;
  readonly body: string;
}

// Commands and answers are one letter each; the numbers are bit masks of the negotiation.
const ADD_HEADERS = 0x01;
const CHANGE_HEADERS = 0x10;
// No HELO, MAIL, RCPT, body, header, end of header, unknown command, DATA: only who connects, and the end.
const ONLY_CONNECT_AND_END = 0x02 | 0x04 | 0x08 | 0x10 | 0x20 | 0x40 | 0x100 | 0x200;
const WITHOUT_ANSWER = "DAQK";

/** Starts one on a free port of 127.0.0.1. */
export async function startMilter(): Promise<Milter> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    serve(socket, (client) => milter.writes(client));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const milter: Milter = {
    setting: `inet:127.0.0.1:${(server.address() as AddressInfo).port}`,
    writes: () => [],
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return milter;
}

function serve(socket: Socket, writes: Milter["writes"]): void {
  let waiting = Buffer.alloc(0);
  let address = "";
  socket.on("data", (chunk) => {
    waiting = Buffer.concat([waiting, chunk]);
    while (waiting.length >= 4 && waiting.length >= 4 + waiting.readUInt32BE(0)) {
      const end = 4 + waiting.readUInt32BE(0);
      const command = waiting.toString("latin1", 4, 5);
      const data = waiting.subarray(5, end);
      waiting = waiting.subarray(end);
      if (command === "Q") socket.end();
      if (command === "C") address = addressOf(data);
      if (command === "O")
        socket.write(packet("O", numbers(6, ADD_HEADERS | CHANGE_HEADERS, ONLY_CONNECT_AND_END)));
      else if (command === "E") socket.write(Buffer.concat([...writes({ address }).map(edit), packet("c")]));
      else if (!WITHOUT_ANSWER.includes(command)) socket.write(packet("c"));
    }
  });
}

/** Host name, NUL, family, port in two bytes, address, NUL. */
function addressOf(data: Buffer): string {
  const family = data.indexOf(0) + 1;
  return data.toString("latin1", family + 3, data.indexOf(0, family + 3));
}

function edit({ place, name, body }: MilterField): Buffer {
  const field = Buffer.from(`${name}\0${body}\0`, "latin1");
  if (place === "end") return packet("h", field);
  return packet("i", numbers(place === "top" ? 0 : 1), field);
}

function packet(letter: string, ...parts: readonly Buffer[]): Buffer {
  const data = Buffer.concat([Buffer.from(letter, "latin1"), ...parts]);
  return Buffer.concat([numbers(data.length), data]);
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [at, value] of values.entries()) bytes.writeUInt32BE(value, 4 * at);
  return bytes;
}
