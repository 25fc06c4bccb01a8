import { encodeMessagePack, type ErrorCode } from "@thynapse/protocol";
import type { Row, RowCell } from "./row.js";

type Says = readonly [code: ErrorCode, says: string, hint?: string];
type Header = Readonly<Record<string, unknown>>;
type Event = readonly unknown[];

const plain: Event = [1, 0, 0, Buffer.from("body")];
const uint64Max = 2n ** 64n - 1n;
const mib = 1024 * 1024;

/** A run of these events whose header is right but for what is given. */
function run(id: string, name: string, header: Header, events: readonly Event[], says: Says): Row {
  const parts = (cell: RowCell): Buffer[] => [write(cell, header, events)];
  const [code, text, hint] = says;
  const expect = { refused: code, says: text, ...(hint !== undefined && { hint }) };
  return { id, name: `a run with ${name}`, as: "M", parts, expect };
}

function write(cell: RowCell, header: Header, events: readonly Event[]): Buffer {
  const right = {
    sender: Buffer.from(cell.id, "hex"),
    service: cell.service,
    session: 1,
    floor: 1,
    first: 1,
    time: 0,
    count: events.length,
    channels: ["a"],
  };
  const given = Object.entries({ ...right, ...header }).filter(([, value]) => value !== undefined);
  const values = [Object.fromEntries(given), ...events];
  return Buffer.concat([
    Buffer.from("M EVNT "),
    ...values.map((value) => encodeMessagePack(value)),
  ]);
}

function withHeader(id: string, header: Header, says: Says): Row {
  const [[name, value]] = Object.entries(header) as [[string, unknown]];
  return run(
    id,
    `${name} ${Buffer.isBuffer(value) ? "of bytes" : String(value)}`,
    header,
    [plain],
    says,
  );
}

function withEvent(id: string, name: string, event: Event, says: Says): Row {
  return run(id, name, {}, [event], says);
}

function withExtras(id: string, name: string, extras: object, says: Says): Row {
  return run(id, name, {}, [[...plain, extras]], says);
}

/** Runs that are not what they should be. @see PROTOCOL.md §7 */
export const runRows: readonly Row[] = [
  withExtras("C43", "a time to live of NaN", { ttlMs: Number.NaN }, ["BAD_TTL", "got NaN", "5000"]),
  withExtras("C43", "one without end", { ttlMs: Number.POSITIVE_INFINITY }, [
    "BAD_TTL",
    "Infinity",
  ]),
  withExtras("C43", "one of 2^64 − 1", { ttlMs: uint64Max }, ["BAD_TTL", "number of milliseconds"]),
  withExtras("C54", "headers of numbers", { headers: { a: 1 } }, [
    "BAD_OPTION",
    "must be a string",
  ]),
  withExtras("C54", "a key that is none", { key: 7 }, ["BAD_OPTION", "key is a string"]),
  withExtras("C54", "an ask without time", { ask: {} }, ["BAD_OPTION", "ask.timeoutMs"]),
  withExtras("C54", "extras in a list", [], ["BAD_RUN", "extras are a map", "a header map"]),
  withHeader("C55", { sender: undefined }, ["BAD_RUN", "the header lacks sender", "a header map"]),
  withHeader("C55", { service: undefined }, ["BAD_RUN", "the header lacks service"]),
  withHeader("C55", { channels: undefined }, ["BAD_RUN", "the header lacks channels"]),
  withHeader("C55", { session: undefined }, ["BAD_RUN", "the header lacks session"]),
  withHeader("C55", { floor: undefined }, ["BAD_RUN", "the header lacks floor"]),
  withHeader("C55", { time: undefined }, ["BAD_RUN", "the header lacks time"]),
  withHeader("C55", { sender: "me" }, ["BAD_RUN", "bytes (bin) are expected"]),
  run(
    "C55",
    "a sender of 19 bytes",
    { sender: Buffer.alloc(19) },
    [plain],
    ["BAD_RUN", "a THID is 20 bytes"],
  ),
  withHeader("C55", { sender: Buffer.alloc(20) }, [
    "DENIED",
    "sender and service of a run",
    "HELO",
  ]),
  withHeader("C55", { service: "other" }, ["DENIED", "sender and service of a run", "HELO"]),
  withHeader("C55", { service: 7 }, ["BAD_RUN", "a string is expected"]),
  withHeader("C56", { first: 0 }, ["BAD_RUN", "first is at least 1"]),
  withHeader("C56", { first: -1 }, ["BAD_RUN", "an integer of at least 0"]),
  withHeader("C56", { first: 1.5 }, ["BAD_RUN", "an integer is expected, not a float"]),
  withHeader("C56", { time: 2 ** 40 }, ["BAD_RUN", "an integer is expected, not a float"]),
  withHeader("C56", { first: uint64Max }, ["BAD_RUN", "≤ 2^53−1"]),
  withHeader("C56", { floor: uint64Max }, ["BAD_RUN", "≤ 2^53−1"]),
  withHeader("C56", { floor: 2 }, ["BAD_RUN", "floor of a run is at most"]),
  withHeader("C56", { count: 0 }, ["BAD_RUN", "count is at least 1"]),
  withHeader("C56", { count: 2 }, ["BAD_RUN", "ends early"]),
  withHeader("C56", { count: 65_536 }, ["BAD_RUN", "the run ends early: 65536 events"]),
  withHeader("C56", { count: 65_537 }, ["TOO_LARGE", "a run of 65537 events, at most 65536"]),
  withHeader("C56", { count: 2n ** 53n - 1n }, ["TOO_LARGE", "at most 65536"]),
  withHeader("C56", { handled: [1, 1, 3, 3] }, ["BAD_RUN", "2 handled ranges for 1 events"]),
  withHeader("C56", { channels: [] }, ["BAD_RUN", "a run has 1 to 65 535 channels"]),
  withHeader("C56", { channels: "a" }, ["BAD_RUN", "an array is expected"]),
  withHeader("C56", { channels: [7] }, ["BAD_RUN", "a string is expected"]),
  withHeader("C57", { channels: [""] }, ["BAD_CHANNEL", "empty", "segments of"]),
  withHeader("C57", { channels: ["a.*"] }, ["BAD_CHANNEL", "'*' at position 3", "no wildcards"]),
  withHeader("C57", { channels: ["é"] }, ["BAD_CHANNEL", "ASCII only"]),
  withHeader("C57", { channels: ["a", "b c"] }, ["BAD_CHANNEL", "space at position 2"]),
  withHeader("C57", { channels: ["x".repeat(300)] }, ["BAD_CHANNEL", "at most 255"]),
  run(
    "C58",
    "two events past 2^53 − 1",
    { first: 2n ** 53n - 1n },
    [plain, plain],
    ["BAD_RUN", "sequence numbers must be ≤ 2^53−1"],
  ),
  run(
    "C58",
    "an event more than announced",
    { count: 1 },
    [plain, plain],
    ["BAD_RUN", "bytes after the last event"],
  ),
  run("C58", "a step of 0", {}, [plain, [0, 0, 0, Buffer.alloc(1)]], ["BAD_RUN", "at least 1"]),
  withEvent("C59", "an event of three", [1, 0, 0], ["BAD_RUN", "ends early"]),
  withEvent(
    "C59",
    "an event of six",
    [1, 0, 0, Buffer.alloc(1), {}, 0],
    ["BAD_RUN", "an event is an array of 4 or 5"],
  ),
  withEvent(
    "C59",
    "a channel that is not listed",
    [1, 1, 0, Buffer.alloc(1)],
    ["BAD_RUN", "channel 1 of 1"],
  ),
  withEvent(
    "C59",
    "a tag of 3",
    [1, 0, 3, Buffer.alloc(1)],
    ["BAD_RUN", "a body tag is 0, 1 or 2"],
  ),
  withEvent("C59", "a body of text", [1, 0, 0, "text"], ["BAD_RUN", "bytes (bin) are expected"]),
  run(
    "C60",
    "a header of 64 KiB of what is unknown",
    { more: Buffer.alloc(64 * 1024) },
    [plain],
    ["TOO_LARGE", "besides its lists, at most 65536"],
  ),
  withEvent(
    "C60",
    "a body of 1 MiB + 1 byte",
    [1, 0, 0, Buffer.alloc(mib + 1)],
    ["TOO_LARGE", "a body of 1048577 bytes, at most 1048576", "keep what is large in a store"],
  ),
];
