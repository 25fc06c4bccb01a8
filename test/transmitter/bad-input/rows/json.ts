import type { ErrorCode } from "@thynapse/protocol";
import { hex, type Row } from "./row.js";

const id = "b2".repeat(20);

type Says = readonly [code: ErrorCode, says?: string, hint?: string];
type Payload = string | Buffer;

function refusal([code, says, hint]: Says): Row["expect"] {
  return {
    refused: code,
    ...(says !== undefined && { says }),
    ...(hint !== undefined && { hint }),
  };
}

/** A payload of `HELO`, from a connection that has said nothing. */
function helo(at: string, name: string, payload: Payload, says: Says): Row {
  const parts = [Buffer.concat([Buffer.from("J HELO "), Buffer.from(payload)])];
  return { id: at, name, as: "nobody", parts, expect: refusal(says) };
}

/** The fields of a `HELO` beside a right id and service. */
function heloFields(at: string, fields: string, says: Says): Row {
  return helo(
    at,
    `HELO with ${fields.slice(0, 60)}`,
    `{"id":"${id}","service":"b",${fields}}`,
    says,
  );
}

/** An `EVNT` that a cell sends. */
function evnt(at: string, name: string, payload: Payload, expected: Says | Row["expect"]): Row {
  const parts = [Buffer.concat([Buffer.from("J EVNT "), Buffer.from(payload)])];
  const expect = Array.isArray(expected) ? refusal(expected as Says) : (expected as Row["expect"]);
  return { id: at, name, as: "J", parts, expect };
}

/** The fields of an `EVNT` beside a right channel. */
function evntFields(at: string, fields: string, expected: Says | Row["expect"]): Row {
  return evnt(at, `EVNT with ${fields.slice(0, 60)}`, `{"channel":"a",${fields}}`, expected);
}

const accepted = { answered: "CNFM", fields: { state: "accepted" } };
const mib = 1024 * 1024;

/** An `EVNT` whose payload has exactly this many bytes. */
function padded(bytes: number, before: string, after: string): string {
  return `${before}${"x".repeat(bytes - before.length - after.length)}${after}`;
}

function keys(count: number): string {
  return Array.from({ length: count }, (_, at) => `"k${at}":0`).join();
}

function nested(levels: number): string {
  return `${"[".repeat(levels)}${"]".repeat(levels)}`;
}

/** Payloads that are no JSON object, or too much of one. @see PROTOCOL.md §3.7 */
export const jsonRows: readonly Row[] = [
  helo("B1", "nothing", "", ["BAD_PAYLOAD", "empty payload"]),
  helo("B2", "null", "null", ["BAD_PAYLOAD", "expected an object, got null", "HELO takes id"]),
  helo("B3", "true", "true", ["BAD_PAYLOAD", "expected an object, got boolean"]),
  helo("B4", "a number", "7", ["BAD_PAYLOAD", "expected an object, got number"]),
  helo("B5", "a string", '"str"', ["BAD_PAYLOAD", "expected an object, got string"]),
  helo("B6", "an array", "[]", ["BAD_PAYLOAD", "expected an object, got array"]),
  helo("B6", "an array of an object", "[{}]", ["BAD_PAYLOAD", "expected an object, got array"]),
  helo("B7", "an open brace", "{", ["BAD_PAYLOAD", "JSON ends early at offset 1"]),
  helo("B8", "a key without a value", '{"id":', ["BAD_PAYLOAD", "JSON ends early at offset 6"]),
  helo("B8", "an open string", '{"id":"1', ["BAD_PAYLOAD", "JSON ends early at offset 8"]),
  helo("B9", "a trailing comma", '{"id":"1",}', ["BAD_PAYLOAD", "trailing comma at offset 9"]),
  helo("B9", "one in a list", '{"id":[1,]}', ["BAD_PAYLOAD", "trailing comma at offset 8"]),
  helo("B10", "a comment", "{/* no */}", ["BAD_PAYLOAD", "unexpected '/' at offset 1", "comments"]),
  helo("B10", "a line comment", "{} // no", ["BAD_PAYLOAD", "offset 3", "JSON has no comments"]),
  helo("B10", "a hash", "{} # no", ["BAD_PAYLOAD", "unexpected '#' at offset 3"]),
  helo("B11", "single quotes", "{'id':1}", ["BAD_PAYLOAD", "use double quotes", "double quotes"]),
  helo("B12", "a bare key", "{id:1}", [
    "BAD_PAYLOAD",
    "unexpected 'i' at offset 1",
    "double quotes",
  ]),
  helo("B13", "Infinity", '{"n":Infinity}', ["BAD_PAYLOAD", "unexpected 'I' at offset 5"]),
  helo("B13", "-Infinity", '{"n":-Infinity}', ["BAD_PAYLOAD", "unexpected 'I' at offset 6"]),
  helo("B14", "NaN", '{"n":NaN}', ["BAD_PAYLOAD", "unexpected 'N' at offset 5", "no such number"]),
  helo("B14", "undefined", '{"n":undefined}', ["BAD_PAYLOAD", "unexpected 'u' at offset 5"]),
  helo("B14", "a hexadecimal number", '{"n":0x10}', ["BAD_PAYLOAD", "unexpected 'x' at offset 6"]),
  helo("B14", "a leading zero", '{"n":01}', ["BAD_PAYLOAD", "unexpected '1' at offset 6"]),
  helo("B14", "a leading plus", '{"n":+1}', ["BAD_PAYLOAD", "unexpected '+' at offset 5"]),
  helo("B14", "a number that ends in a dot", '{"n":1.}', ["BAD_PAYLOAD", "unexpected '}'"]),
  evntFields("B15", '"seq":12345678901234567890', [
    "BAD_PAYLOAD",
    "seq must be an integer ≤ 2^53−1",
    "EVNT takes channel",
  ]),
  ...["9007199254740992", "1.5", "-1", "0", '"1"', "null", "[]", "true", "1e400"].map((seq) =>
    evntFields("B16", `"seq":${seq}`, ["BAD_PAYLOAD", "seq must be an integer ≤ 2^53−1"]),
  ),
  evntFields("B16", '"seq":9007199254740991', accepted),
  evntFields("B16", '"seq":5,"floor":6', ["BAD_PAYLOAD", "floor must be an integer ≤ 5"]),
  heloFields("B16", '"session":0', ["BAD_PAYLOAD", "session must be an integer ≤ 2^53−1 and ≥ 1"]),
  heloFields("B16", '"session":1.5', ["BAD_PAYLOAD", "got 1.5"]),
  helo("B18", "two objects", "{} {}", ["BAD_PAYLOAD", "unexpected '{' at offset 3"]),
  helo("B18", "a bracket too many", "{}]", ["BAD_PAYLOAD", "unexpected ']' at offset 2"]),
  helo("B18", "a semicolon", "{};", ["BAD_PAYLOAD", "unexpected ';' at offset 2"]),
  helo("B18", "an equals sign", '{"id"="1"}', ["BAD_PAYLOAD", "unexpected '=' at offset 5"]),
  helo("B18", "a line break in a string", '{"id":"\n"}', ["BAD_PAYLOAD", "byte 0x0a at offset 7"]),
  helo("B18", "a bad escape", '{"id":"\\x41"}', ["BAD_PAYLOAD", "unexpected 'x' at offset 8"]),
  helo("B22", "10 001 keys", `{${keys(10_001)}}`, [
    "TOO_MANY_KEYS",
    "more than 10000 keys",
    "10000",
  ]),
  evnt("B22", "10 000 keys", `{"channel":"a","data":{${keys(9998)}}}`, accepted),
  helo("B23", "100 000 levels", `{"a":${nested(100_000)}}`, ["TOO_DEEP", "deeper than 64", "64"]),
  helo("B23", "100 000 open ones", "[".repeat(100_000), ["TOO_DEEP", "nested deeper than 64"]),
  evnt("B24", "65 levels", `{"channel":"a","data":${nested(64)}}`, ["TOO_DEEP"]),
  evnt("B24", "64 levels", `{"channel":"a","data":${nested(63)}}`, accepted),
  helo("B25", "1 MiB + 1 byte", padded(mib + 1, '{"a":"', '"}'), [
    "TOO_LARGE",
    "payload of 1048577 bytes, at most 1048576",
  ]),
  evnt("B25", "a body of 1 MiB + 1 byte", `{"channel":"a","data":${padded(mib + 1, '"', '"')}}`, [
    "TOO_LARGE",
    "body of 1048577 bytes, at most 1048576",
    "keep what is large in a store",
  ]),
  evnt("B25", "1 MiB + 1 byte in base64", base64Event(mib + 1), ["TOO_LARGE", "1048577 bytes"]),
  helo("B26", "exactly 1 MiB", padded(mib, '{"id":"', '"}'), ["BAD_ID", "got 1048567"]),
  evnt("B26", "a payload of exactly 1 MiB", padded(mib, '{"channel":"a","data":"', '"}'), accepted),
  evnt(
    "B26",
    "a body of exactly 1 MiB",
    `{"channel":"a","data":${padded(mib, '"', '"')}}`,
    accepted,
  ),
  evnt("B26", "exactly 1 MiB in base64", base64Event(mib), accepted),
  helo("B27", "a lone surrogate in a name", `{"id":"${id}","service":"\\ud800"}`, [
    "BAD_SERVICE",
    "not valid Unicode",
  ]),
  evnt("B27", "a lone surrogate in a channel", '{"channel":"a.\\udc00"}', [
    "BAD_CHANNEL",
    "not valid Unicode",
  ]),
  evnt("B28", "a byte-order mark", '\ufeff{"channel":"a"}', ["BAD_PAYLOAD", "byte-order mark"]),
  evnt("B28", "UTF-16", Buffer.from('{"channel":"a"}', "utf16le"), ["BAD_PAYLOAD", "byte 0x00"]),
  evnt("B28", "UTF-16 with its mark", Buffer.from("\ufeff{}", "utf16le"), ["BAD_PAYLOAD", "UTF-8"]),
  helo("B29", "an overlong zero", hex("7b22c0af223a317d"), ["BAD_PAYLOAD", "invalid UTF-8"]),
  helo("B30", "half a character", hex("7b22c3223a317d"), ["BAD_PAYLOAD", "invalid UTF-8"]),
  helo("B30", "a surrogate in UTF-8", hex("7b22eda080223a317d"), ["BAD_PAYLOAD", "invalid UTF-8"]),
  helo("B30", "Latin-1", hex("7b22e9223a317d"), ["BAD_PAYLOAD", "invalid UTF-8", "UTF-8"]),
];

function base64Event(bytes: number): string {
  return `{"channel":"a","bytes":"${Buffer.alloc(bytes).toString("base64")}"}`;
}
