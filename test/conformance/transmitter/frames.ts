import { checkMessagePack, decodeMessagePack, encodeMessagePack } from "@thynapse/protocol";

/** How a cell speaks. */
export type Encoding = "J" | "M";

/** Fields of a command. */
export type Fields = Record<string, unknown>;

/** One command as it came. */
export interface Heard {
  readonly command: string;
  readonly encoding: string;
  readonly fields: Fields;
  /** The events that it carries. */
  readonly events: readonly EventView[];
}

/** An event as its receiver sees it, whatever the encoding. */
export interface EventView {
  readonly channel: string;
  /** The value; of bytes their base64 in `bytes`. */
  readonly data?: unknown;
  readonly bytes?: string;
  readonly from: { readonly id: string; readonly service: string };
  /** Who numbered it. */
  readonly sender: string;
  readonly seq: number;
  readonly floor: number;
  /** Of the attachment in which it was sent first; in `M` only. */
  readonly session?: number;
  /** Whether its sender knows that it is handled. */
  readonly handled?: boolean;
  readonly headers?: unknown;
  readonly key?: unknown;
  readonly ask?: unknown;
}

/** An event as it is sent. */
export interface EventToSend {
  readonly channel: string;
  readonly data?: unknown;
  /** Bytes instead of data. */
  readonly raw?: Uint8Array;
  readonly headers?: Fields;
  readonly key?: string;
  readonly ttlMs?: number;
  readonly id?: string;
  readonly ask?: Fields;
}

/** Writes a command whose payload is a map. @see PROTOCOL.md §3.1 */
export function frame(encoding: Encoding, command: string, fields: Fields): Buffer {
  const payload =
    encoding === "J" ? Buffer.from(JSON.stringify(fields)) : encodeMessagePack(defined(fields));
  return Buffer.concat([Buffer.from(`${encoding} ${command} `), payload]);
}

/** Writes a run. @see PROTOCOL.md §7.1 */
export function runFrame(header: Fields, events: readonly EventToSend[], steps?: number[]): Buffer {
  const channels = [...new Set(events.map(({ channel }) => channel))];
  const rows = events.map((event, index) => {
    const { channel, data, raw, headers, key, ttlMs, id, ask } = event;
    const body = raw ?? encodeMessagePack(data ?? null);
    const row = [steps?.[index] ?? 1, channels.indexOf(channel), raw ? 0 : 2, Buffer.from(body)];
    const extras = defined({ headers, key, ttlMs, id, ask });
    return encodeMessagePack(Object.keys(extras).length > 0 ? [...row, extras] : row);
  });
  const entries = Object.entries({ ...header, count: events.length, channels });
  const head = entries.flatMap(([name, value]) => [encodeMessagePack(name), packedField(value)]);
  const prefix = Buffer.from("M EVNT ");
  return Buffer.concat([prefix, Buffer.of(0x80 | entries.length), ...head, ...rows]);
}

/** Numbers of a header are integers: the codec would write large ones as floats. */
function packedField(value: unknown): Uint8Array {
  if (typeof value !== "number" || value < 0x1_0000_0000) return encodeMessagePack(value);
  const bytes = Buffer.alloc(9, 0xcf);
  bytes.writeBigUInt64BE(BigInt(value), 1);
  return bytes;
}

/** Reads one command; in `M` a map, and behind it a run, or the run alone. */
export function readHeard(part: Buffer): Heard {
  const encoding = part.toString("latin1", 0, 1);
  const command = part.toString("latin1", 2, 6);
  const payload = part.subarray(7);
  if (part[1] !== 0x20 || part[6] !== 0x20) throw new Error(`no frame: ${part.toString("latin1")}`);
  if (encoding === "J") {
    const fields = JSON.parse(payload.toString()) as Fields;
    return { command, encoding, fields, events: jsonEvents(fields) };
  }
  const [first, ...rest] = values(payload);
  if (command === "EVNT") return { command, encoding, fields: {}, events: events(first, rest) };
  const [header, ...rows] = rest;
  const fields = first as Fields;
  return { command, encoding, fields, events: rest.length === 0 ? [] : events(header, rows) };
}

function jsonEvents(fields: Fields): EventView[] {
  if (typeof fields["channel"] !== "string" || fields["from"] === undefined) return [];
  const from = fields["from"] as EventView["from"];
  return [{ sender: from.id, ...fields } as unknown as EventView];
}

function events(head: unknown, rows: readonly unknown[]): EventView[] {
  const header = head as Fields;
  const sender = hex(header["sender"]);
  const id = header["cell"] === undefined ? sender : hex(header["cell"]);
  const channels = header["channels"] as string[];
  if (rows.length !== header["count"])
    throw new Error("the count of a run is not that of its events");
  let seq = header["first"] as number;
  return rows.map((row, index) => {
    const [step, channel, tag, body, extras] = row as [number, number, number, Buffer, Fields?];
    if (index > 0) seq += step;
    return {
      channel: channels[channel] as string,
      ...bodyView([tag, body]),
      from: { id, service: header["service"] as string },
      sender,
      seq,
      floor: header["floor"] as number,
      session: header["session"] as number,
      ...(isWithin((header["handled"] ?? []) as number[], seq) && { handled: true }),
      ...extras,
    };
  });
}

/** Whether one of the ranges, first, last, first, last, …, has this number. */
function isWithin(bounds: readonly number[], value: number): boolean {
  return bounds.some((first, at) => at % 2 === 0 && first <= value && value <= bounds[at + 1]!);
}

/** Shows a body of `M`, `[tag, bin]`, as the fields of `J`. */
export function bodyView(body: unknown): { data?: unknown; bytes?: string } {
  const [tag, bytes] = body as [number, Uint8Array];
  if (tag === 0) return { bytes: Buffer.from(bytes).toString("base64") };
  if (tag === 1) return { data: JSON.parse(Buffer.from(bytes).toString()) };
  return { data: decodeMessagePack(bytes) };
}

/** A value as a body of `M`. */
export function packedBody(data: unknown): [number, Buffer] {
  return [2, Buffer.from(encodeMessagePack(data))];
}

function values(bytes: Buffer): unknown[] {
  const found: unknown[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = checkMessagePack(bytes, at, bytes.length);
    found.push(decodeMessagePack(bytes, at, end));
    at = end;
  }
  return found;
}

function hex(bytes: unknown): string {
  return Buffer.from(bytes as Uint8Array).toString("hex");
}

function defined(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
