import {
  decodePayloadMap,
  type Encoding,
  MessagePackCursor,
  readFrame,
  readRun,
  type Run,
} from "@thynapse/protocol";

/** One command that a cell was sent; `run` stands where one follows the map. */
export interface Heard {
  readonly command: string;
  readonly encoding: Encoding;
  readonly fields: Record<string, unknown>;
  readonly run?: Run;
}

/** Reads a command of a transmitter; in `M` a run may follow the map, or stand for it. */
export function readHeard(part: Buffer): Heard {
  const { encoding, command, payload } = readFrame(part);
  if (encoding === "J") {
    return { command, encoding, fields: JSON.parse(payload.toString()) as Record<string, unknown> };
  }
  if (command === "EVNT") return { command, encoding, fields: {}, run: readRun(part, 7) };
  const end = mapEnd(part);
  const fields = decodePayloadMap(part.subarray(7, end));
  if (end === part.length) return { command, encoding, fields };
  return { command, encoding, fields, run: readRun(part, end) };
}

/** Where the map of a command ends; what follows is a run. */
function mapEnd(part: Buffer): number {
  const cursor = new MessagePackCursor(part, 7, "BAD_PAYLOAD");
  cursor.skipValue();
  return cursor.at;
}

/** What confirms say, short: "1 accepted 2", "1-3 handled", "settled 4". */
export function confirmLines({ encoding, fields }: Heard): string[] {
  return encoding === "J" ? [jsonConfirm(fields)] : packedConfirms(fields);
}

/** The fields that name a delivery. */
export function nameOf(delivery: Heard): Record<string, unknown> {
  const { catch: number, origin, number: first, attempt } = delivery.fields;
  return { catch: number, origin, number: first, attempt };
}

function jsonConfirm(fields: Record<string, unknown>): string {
  if (fields["settled"] !== undefined) return `settled ${fields["settled"]}`;
  const { seq, state, matched, repeat, code } = fields;
  const words = [seq, state, matched, code, repeat === true ? "repeat" : undefined];
  return words.filter((word) => word !== undefined).join(" ");
}

function packedConfirms(fields: Record<string, unknown>): string[] {
  const rows = (name: string): unknown[][] => (fields[name] ?? []) as unknown[][];
  return [
    ...rows("accepted").map(
      ([a, b, n, again]) => `${a}-${b} accepted ${n}${again ? " repeat" : ""}`,
    ),
    ...rows("refused").map(([a, b, code]) => `${a}-${b} refused ${code}`),
    ...rows("handled").map(([a, b]) => `${a}-${b} handled`),
    ...rows("settled").map(([a, b]) => `settled ${a}-${b}`),
  ];
}
