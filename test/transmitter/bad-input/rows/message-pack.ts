import type { ErrorCode } from "@thynapse/protocol";
import { hex, type Row } from "./row.js";

type Says = readonly [code: ErrorCode, says: string, hint?: string];

/** A payload of `BEAT`, whose fields are all optional: what is refused is refused as MessagePack. */
function beat(id: string, name: string, payload: Buffer, [code, says, hint]: Says): Row {
  const parts = [Buffer.concat([Buffer.from("M BEAT "), payload])];
  const expect = { refused: code, says, ...(hint !== undefined && { hint }) };
  return { id, name, as: "M", parts, expect };
}

/** A command with a payload in hex. */
function said(id: string, command: string, digits: string, [code, says, hint]: Says): Row {
  const parts = [Buffer.concat([Buffer.from(`M ${command} `), hex(digits)])];
  const expect = { refused: code, says, ...(hint !== undefined && { hint }) };
  return { id, name: `${command} ${digits}`, as: "M", parts, expect };
}

/** A wish with one unknown field, whose value is given in hex: odd, and right. */
function taken(id: string, name: string, value: string): Row {
  const wish = hex("83 a7 7061747465726e a1 61 a4 6d6f6465 a5 6d756c7469 a1 78", value);
  const parts = [Buffer.concat([Buffer.from("M CTCH "), wish])];
  return { id, name, as: "M", parts, expect: { answered: "CGHT", fields: { pattern: "a" } } };
}

/** An unknown field with this value, in hex. */
function field(digits: string): Buffer {
  return hex("81 a1 78", digits);
}

const early: Says = ["BAD_PAYLOAD", "ends early"];
const extension: Says = ["BAD_PAYLOAD", "extension types are refused except the timestamp"];
const noString: Says = ["BAD_PAYLOAD", "map keys must be strings"];
const proto: Says = ["BAD_PAYLOAD", "the key __proto__ is refused"];
const mib = 1024 * 1024;

/** Payloads that are no MessagePack map, or a dangerous one. @see PROTOCOL.md §3.6 */
export const messagePackRows: readonly Row[] = [
  beat("C1", "nothing", hex(), ["BAD_PAYLOAD", "empty payload", "an empty map"]),
  beat("C2", "the byte that is never used", hex("c1"), ["BAD_PAYLOAD", "byte 0xc1 is never used"]),
  beat("C3", "a cut string", hex("a5 41"), early),
  beat("C4", "a cut key", field("").subarray(0, 2), early),
  beat("C4", "a key without a value", field(""), early),
  beat("C4", "a cut number", field("cd 01"), early),
  beat("C4", "a cut binary", field("c4 05 01"), early),
  beat("C5", "an array of 2^32 − 1", hex("dd ffffffff"), ["TOO_LARGE", "array of 4294967295"]),
  beat("C6", "an array of 65 535", hex("dc ffff"), ["BAD_PAYLOAD", "array of 65535 in 0 bytes"]),
  beat("C7", "a map of 2^32 − 1", hex("df ffffffff"), ["TOO_LARGE", "map of 4294967295"]),
  beat("C8", "a map of 65 535", hex("de ffff"), ["BAD_PAYLOAD", "map of 65535 in 0 bytes"]),
  beat("C9", "a binary of 4 GiB", hex("c6 ffffffff 41"), early),
  beat("C10", "a string of 4 GiB", hex("db ffffffff 41"), early),
  beat("C10", "an extension of 4 GiB", hex("c9 ffffffff 01 41"), extension),
  beat("C11", "65 arrays", field("91".repeat(64)), ["TOO_DEEP", "nested deeper than 64"]),
  taken("C12", "63 arrays in a map", `${"91".repeat(62)}90`),
  beat("C13", "a million arrays", Buffer.alloc(1_000_000, 0x91), ["TOO_DEEP", "deeper than 64"]),
  beat("C14", "300 000 maps", Buffer.from("81a161".repeat(300_000), "hex"), [
    "TOO_DEEP",
    "than 64",
  ]),
  beat("C15", "an array", hex("90"), ["BAD_PAYLOAD", "expected a map, got array", "BEAT takes"]),
  beat("C16", "a number", hex("07"), ["BAD_PAYLOAD", "expected a map, got number"]),
  beat("C17", "nil", hex("c0"), ["BAD_PAYLOAD", "expected a map, got null"]),
  beat("C18", "true", hex("c3"), ["BAD_PAYLOAD", "expected a map, got boolean"]),
  beat("C19", "a string", hex("a3 737472"), ["BAD_PAYLOAD", "expected a map, got string"]),
  beat("C20", "a binary", hex("c4 01 00"), ["BAD_PAYLOAD", "expected a map, got bytes"]),
  beat("C20", "a timestamp", hex("d6 ff 00000000"), [
    "BAD_PAYLOAD",
    "expected a map, got timestamp",
  ]),
  beat("C21", "the key __proto__", hex("81 a9 5f5f70726f746f5f5f 01"), proto),
  beat("C22", "that key within a value", field("81 a9 5f5f70726f746f5f5f 80"), proto),
  beat("C22", "that key as str 8", hex("81 d9 09 5f5f70726f746f5f5f 01"), proto),
  beat("C22", "that key as str 16", hex("81 da 0009 5f5f70726f746f5f5f 01"), proto),
  beat("C23", "a number for a key", hex("81 01 02"), noString),
  beat("C24", "nil for a key", hex("81 c0 02"), noString),
  beat("C25", "an array for a key", hex("81 90 02"), noString),
  beat("C26", "a map for a key", hex("81 80 02"), noString),
  beat("C27", "a float for a key", hex("81 cb 3ff0000000000000 02"), noString),
  beat("C28", "a boolean for a key", hex("81 c2 02"), noString),
  beat("C28", "a binary for a key", hex("81 c4 01 61 02"), noString),
  beat("C28", "a timestamp for a key", hex("81 d6 ff 00000000 02"), noString),
  {
    id: "C29",
    name: "a key twice: the last one counts",
    as: "M",
    parts: [
      Buffer.concat([
        Buffer.from("M CTCH "),
        hex("83 a4 6d6f6465 a5 6d756c7469 a7 7061747465726e a1 20 a7 7061747465726e a1 62"),
      ]),
    ],
    expect: { answered: "CGHT", fields: { pattern: "b" } },
  },
  taken("C30", "an empty key within", "81 a0 01"),
  beat("C31", "a reference to itself", field("d6 69 00000001"), extension),
  beat("C31", "a pointer", field("d6 70 00000001"), extension),
  beat("C32", "a record definition", field("d4 72 40"), extension),
  beat("C33", "a Set", field("c7 01 73 90"), extension),
  beat("C34", "an Error", field("c7 04 65 93 a0 a0 a0"), extension),
  beat("C34", "a RegExp", field("c7 03 78 92 a0 a0"), extension),
  beat("C34", "a big integer", field("c7 01 42 01"), extension),
  beat("C35", "a typed array", field("c7 02 74 01 00"), extension),
  beat("C36", "an extension of 1 byte", field("d4 00 00"), extension),
  beat("C36", "one of 16", field(`d8 01 ${"00".repeat(16)}`), extension),
  beat("C36", "one of 256", field(`c8 0100 05 ${"00".repeat(256)}`), extension),
  taken("C37", "a timestamp of 4 bytes", "d6 ff 00000001"),
  taken("C37", "a timestamp of 8 bytes", "d7 ff 0000000400000001"),
  taken("C37", "a timestamp of 12 bytes", "c7 0c ff 00000001 0000000000000001"),
  beat("C38", "a timestamp of 2^30 ns", field("d7 ff ffffffff 00000000"), [
    "BAD_PAYLOAD",
    "instant",
  ]),
  beat("C38", "a timestamp far off", field("c7 0c ff 00000000 7fffffffffffffff"), [
    "BAD_PAYLOAD",
    "names no instant",
  ]),
  beat("C39", "a timestamp of 3 bytes", field("c7 03 ff 000000"), [
    "BAD_PAYLOAD",
    "a timestamp has 4, 8 or 12 bytes, got 3",
  ]),
  beat("C40", "a timestamp of none", field("c7 00 ff"), ["BAD_PAYLOAD", "12 bytes, got 0"]),
  beat("C40", "a timestamp of 1 byte", field("d4 ff 00"), extension),
  said("C41", "DROP", "81 a5 6361746368 cf ffffffffffffffff", [
    "BAD_PAYLOAD",
    "catch must be an integer ≤ 2^53−1 and ≥ 0, got 18446744073709551615",
  ]),
  said("C41", "DROP", "81 a5 6361746368 cf 0020000000000000", ["BAD_PAYLOAD", "≤ 2^53−1"]),
  said("C42", "DROP", "81 a5 6361746368 d3 8000000000000000", ["BAD_PAYLOAD", "≤ 2^53−1"]),
  said("C42", "DROP", "81 a5 6361746368 ff", ["BAD_PAYLOAD", "≥ 0, got -1"]),
  said("C42", "DROP", "81 a5 6361746368 cb 3ff8000000000000", ["BAD_PAYLOAD", "got 1.5"]),
  said("C44", "DROP", "81 a5 6361746368 cb 7ff8000000000000", ["BAD_PAYLOAD", "got NaN"]),
  said("C44", "DROP", "81 a5 6361746368 cb 7ff0000000000000", ["BAD_PAYLOAD", "got Infinity"]),
  said("C44", "DROP", "81 a5 6361746368 d6 ff 00000001", [
    "BAD_PAYLOAD",
    "catch must be an integer",
  ]),
  beat("C45", "a string of no UTF-8", field("a2 c328"), ["BAD_PAYLOAD", "invalid UTF-8"]),
  beat("C45", "an overlong string", field("a2 c0af"), ["BAD_PAYLOAD", "invalid UTF-8"]),
  beat("C45", "a surrogate in a string", field("a3 eda080"), ["BAD_PAYLOAD", "invalid UTF-8"]),
  beat("C45", "a key of no UTF-8", hex("81 a1 ff 01"), ["BAD_PAYLOAD", "invalid UTF-8"]),
  said("C46", "CTCH", "82 a7 7061747465726e c4 01 61 a4 6d6f6465 a5 6d756c7469", [
    "BAD_PATTERN",
    "must be a string",
  ]),
  beat("C47", "3 pairs of 15", hex("8f a161 01 a162 02 a163 03"), early),
  beat("C48", "JSON", Buffer.from('{"streams":[]}'), [
    "BAD_PAYLOAD",
    "not a MessagePack map; did you mean encoding J?",
  ]),
  {
    id: "C49",
    name: "MessagePack under J",
    as: "nobody",
    parts: [Buffer.concat([Buffer.from("J HELO "), hex("81 a2 6964 a1 31")])],
    expect: { refused: "BAD_PAYLOAD", says: "not JSON; did you mean encoding M?" },
  },
  beat("C50", "two maps", hex("80 80"), ["BAD_PAYLOAD", "1 bytes"]),
  beat("C50", "a map and a zero", hex("80 00"), ["BAD_PAYLOAD", "1 bytes"]),
  beat("C51", "1 MiB + 1 byte", padded(mib + 1), [
    "TOO_LARGE",
    "payload of 1048577 bytes, at most 1048576",
  ]),
  beat("C52", "10 001 keys", hex("de 2711", "a1 61 00".repeat(10_001)), [
    "TOO_MANY_KEYS",
    "more than 10000 keys",
  ]),
  beat("C52", "10 001 keys within", field(`de 2711 ${"a1 61 00".repeat(10_001)}`), [
    "TOO_MANY_KEYS",
    "more than 10000 keys",
  ]),
  taken("C52", "9 997 keys within", `de 270d ${"a1 61 00".repeat(9997)}`),
  said("C53", "CTCH", "82 a7 7061747465726e a1 61 a4 6d6f6465 cf ffffffffffffffff", [
    "BAD_MODE",
    "mode must be multi or any, got 18446744073709551615",
  ]),
  said("C53", "SETL", "82 a5 6361746368 01 a6 6f726967696e a1 6f", ["BAD_PAYLOAD", "at least one"]),
];

/** A map of one binary that has exactly this many bytes. */
function padded(bytes: number): Buffer {
  const length = bytes - 8;
  const head = hex("81 a1 78 c6", length.toString(16).padStart(8, "0"));
  return Buffer.concat([head, Buffer.alloc(length)]);
}
