import { connect, type Socket } from "node:net";

/** Longest time that an answer may take, in ms. */
const answerMs = 2000;

const greetingBytes = 64;
const commandFlag = 0x04;
const longFlag = 0x02;
/** A READY has a few short properties. */
const readyBytesMax = 1024;

/** The property by which a command socket names the port of the event socket beside it. */
export const eventPortProperty = "X-Event-Port";

/** The property by which both sockets of a transmitter name its mesh. */
export const meshProperty = "X-Mesh";

/** What a socket of ZeroMQ says of itself in a handshake. */
export interface SocketFacts {
  /** `ROUTER`, `XPUB`. */
  readonly type: string;
  /** The port of the event socket of the same transmitter, if it is a command socket. */
  readonly eventPort: number | undefined;
  /** The name of its mesh, if it says so. */
  readonly mesh: string | undefined;
}

/** Which of our own types each type of the other side can be joined to. */
const partners: Readonly<Record<string, string>> = { ROUTER: "DEALER", XPUB: "SUB", PUB: "SUB" };

/**
 * Asks a port what kind of ZeroMQ socket it belongs to.
 *
 * Both sides of a handshake say their type, so this begins one. It also ends it as a fitting peer
 * would, and only then hangs up: the other side sees a connection that came and went, and no fault.
 *
 * @returns `undefined` for what speaks no ZMTP 3 with the mechanism NULL, or says nothing in time.
 * @throws what the system says of a connection that cannot be made, such as `ECONNREFUSED`.
 */
export function socketFactsAt(host: string, port: number): Promise<SocketFacts | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: answerMs });
    const heard: Buffer[] = [];
    const end = (facts?: SocketFacts): void => {
      resolve(facts);
      socket.destroy();
    };
    socket.once("error", reject);
    socket.once("timeout", () => end());
    socket.once("close", () => resolve(undefined));
    socket.once("connect", () => socket.write(greeting()));
    socket.on("data", (bytes) => {
      heard.push(bytes);
      const command = commandIn(Buffer.concat(heard));
      if (command === undefined) return;
      const facts = factsIn(command);
      if (facts === undefined) end();
      else finish(socket, facts.type, () => end(facts));
    });
  });
}

/** Says our own type, so that the handshake is whole. */
function finish(socket: Socket, type: string, then: () => void): void {
  const partner = partners[type];
  socket.removeAllListeners("data");
  if (partner === undefined) then();
  else socket.end(ready(partner), then);
}

/**
 * ```text
 * byte  0      1 … 8   9      10     11     12 … 31          32          33 … 63
 *      +------+-------+------+------+------+----------------+-----------+--------+
 *      | 0xff | 0     | 0x7f | 3    | 0    | "NULL", then 0 | as server | 0      |
 *      +------+-------+------+------+------+----------------+-----------+--------+
 * ```
 */
function greeting(): Buffer {
  const bytes = Buffer.alloc(greetingBytes);
  bytes[0] = 0xff;
  bytes[9] = 0x7f;
  bytes[10] = 3;
  bytes.write("NULL", 12, "latin1");
  return bytes;
}

/** A command frame `READY` with the one property that every peer must say. */
function ready(type: string): Buffer {
  const name = "Socket-Type";
  const value = Buffer.alloc(4);
  value.writeUInt32BE(type.length);
  const body = Buffer.concat([
    Buffer.from(`\x05READY${String.fromCharCode(name.length)}${name}`, "latin1"),
    value,
    Buffer.from(type, "latin1"),
  ]);
  return Buffer.concat([Buffer.from([commandFlag, body.length]), body]);
}

const nothing = Buffer.alloc(0);

/** The command in what was heard; `undefined` while there is too little, empty if it is none. */
function commandIn(bytes: Buffer): Buffer | undefined {
  if (bytes.length > 0 && bytes[0] !== 0xff) return nothing;
  if (bytes.length < greetingBytes + 2) return undefined;
  const flags = bytes[greetingBytes] ?? 0;
  if ((flags & commandFlag) === 0) return nothing;
  const isLong = (flags & longFlag) !== 0;
  const from = greetingBytes + (isLong ? 9 : 2);
  if (bytes.length < from) return undefined;
  const size = isLong ? Number(bytes.readBigUInt64BE(greetingBytes + 1)) : (bytes[from - 1] ?? 0);
  if (size > readyBytesMax) return nothing;
  return bytes.length < from + size ? undefined : bytes.subarray(from, from + size);
}

function factsIn(command: Buffer): SocketFacts | undefined {
  if (command.toString("latin1", 0, 6) !== "\x05READY") return undefined;
  const properties = new Map<string, string>();
  for (let at = 6; at < command.length; ) {
    const nameEnd = at + 1 + (command[at] ?? 0);
    if (nameEnd + 4 > command.length) return undefined;
    const valueEnd = nameEnd + 4 + command.readUInt32BE(nameEnd);
    const name = command.toString("latin1", at + 1, nameEnd).toLowerCase();
    properties.set(name, command.toString("latin1", nameEnd + 4, valueEnd));
    at = valueEnd;
  }
  const type = properties.get("socket-type");
  const mesh = properties.get(meshProperty.toLowerCase());
  const port = Number(properties.get(eventPortProperty.toLowerCase()));
  const eventPort = Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
  return type === undefined ? undefined : { type, eventPort, mesh };
}
