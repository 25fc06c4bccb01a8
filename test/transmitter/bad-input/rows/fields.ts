import type { ErrorCode } from "@thynapse/protocol";
import type { Row } from "./row.js";

const id = "b2".repeat(20);

type Says = readonly [code: ErrorCode, says: string, hint?: string];

function refused(at: string, as: Row["as"], part: string, [code, says, hint]: Says): Row {
  const name = part.slice(2, 90);
  const expect = { refused: code, says, ...(hint !== undefined && { hint }) };
  return { id: at, name, as, parts: [part], expect };
}

function helo(at: string, fields: string, says: Says): Row {
  return refused(at, "nobody", `J HELO {${fields}}`, says);
}

function service(at: string, value: string, says: Says): Row {
  return helo(at, `"id":"${id}","service":${value}`, says);
}

function evnt(at: string, fields: string, says: Says): Row {
  return refused(at, "J", `J EVNT {"channel":"a",${fields}}`, says);
}

function said(at: string, part: string, says: Says): Row {
  return refused(at, "J", part, says);
}

/** Half of a surrogate pair, as JSON writes it. */
const half = "\\ud83d";
const hexAdvice = "40 hex digits";
const segment = "one segment: 1 to 64 of A–Z";
const whole = "number of milliseconds";

/** Fields of commands in `J` that are missing, of a wrong type, or out of range. @see PROTOCOL.md §5.7 */
export const fieldRows: readonly Row[] = [
  helo("B31", '"service":"b"', ["BAD_ID", "id is required: 40 hex characters", hexAdvice]),
  helo("B32", '"id":null', ["BAD_ID", "id is required: 40 hex characters"]),
  helo("B32", '"id":7', ["BAD_ID", "40 hex characters as a string, got number"]),
  helo("B32", '"id":["a"]', ["BAD_ID", "got array"]),
  helo("B32", '"id":""', ["BAD_ID", "40 hex characters, got 0"]),
  helo("B33", `"id":"${"b".repeat(39)}"`, ["BAD_ID", "40 hex characters, got 39", hexAdvice]),
  helo("B33", `"id":"${"b".repeat(41)}"`, ["BAD_ID", "40 hex characters, got 41"]),
  helo("B34", `"id":"${"b".repeat(39)}g"`, ["BAD_ID", "got another at position 40"]),
  helo("B34", `"id":" ${"b".repeat(39)}"`, ["BAD_ID", "got another at position 1"]),
  helo("B36", `"id":"${"б".repeat(40)}"`, ["BAD_ID", "got another at position 1"]),
  helo("B36", `"id":"${"b".repeat(38)}\\r\\n"`, ["BAD_ID", "got another at position 39"]),
  helo("B38", `"id":"${id}"`, ["BAD_SERVICE", "service is required", segment]),
  service("B39", '""', ["BAD_SERVICE", "empty", segment]),
  service("B40", `"${"s".repeat(65)}"`, ["BAD_SERVICE", "at most 64 characters, got 65"]),
  service("B41", '"a b"', ["BAD_SERVICE", "use letters, digits, _ - : @"]),
  service("B41", '"a*"', ["BAD_SERVICE", "use letters, digits"]),
  service("B41", '"../x"', ["BAD_SERVICE", "use letters, digits"]),
  service("B41", '"a/b"', ["BAD_SERVICE", "use letters, digits"]),
  service("B42", '"a.b"', ["BAD_SERVICE", "use letters, digits", "without dots"]),
  service("B42", '"$mesh"', ["BAD_SERVICE", "use letters, digits"]),
  service("B42", '"a\\u0000b"', ["BAD_SERVICE", "a\\u0000b"]),
  service("B43", '"раyments"', ["BAD_SERVICE", "ASCII only: U+0440 at position 1"]),
  service("B44", "null", ["BAD_SERVICE", "must be a string, got null"]),
  service("B44", "7", ["BAD_SERVICE", "must be a string, got number"]),
  service("B44", '["b"]', ["BAD_SERVICE", "must be a string, got array"]),
  said("B46", "J EVNT {}", ["BAD_CHANNEL", "channel is required", "segments of"]),
  said("B47", 'J EVNT {"channel":null}', ["BAD_CHANNEL", "must be a string, got null"]),
  said("B48", 'J EVNT {"channel":7}', ["BAD_CHANNEL", "must be a string, got number"]),
  evnt("B49", '"ttlMs":"5s"', ["BAD_TTL", whole, "five seconds"]),
  ...["0", "-1", "1.5", "null", "true", "[]", "1e400", '""'].map((ttl) =>
    evnt("B50", `"ttlMs":${ttl}`, ["BAD_TTL", whole]),
  ),
  evnt("B52", '"headers":[]', ["BAD_OPTION", "headers is a map of strings", "EVNT takes"]),
  evnt("B52", '"headers":"a"', ["BAD_OPTION", "headers is a map of strings"]),
  evnt("B52", '"headers":{"a":1}', ["BAD_OPTION", 'header "a" must be a string']),
  evnt("B52", `"headers":{"a":"${"x".repeat(8192)}"}`, ["TOO_LARGE", "at most 8192"]),
  evnt("B52", `"headers":{${headers(65)}}`, ["TOO_MANY_KEYS", "at most 64 headers, got 65"]),
  evnt("B52", '"key":""', ["BAD_OPTION", "key is a string of 1 to 255 bytes"]),
  evnt("B52", '"key":7', ["BAD_OPTION", "key is a string of 1 to 255 bytes"]),
  evnt("B52", `"key":"${"é".repeat(128)}"`, ["BAD_OPTION", "key is a string of 1 to 255 bytes"]),
  evnt("B52", '"id":{}', ["BAD_OPTION", "id is a string of 1 to 255 bytes"]),
  evnt("B52", '"ask":true', ["BAD_OPTION", "ask is a map with timeoutMs"]),
  evnt("B52", '"ask":{}', ["BAD_OPTION", "ask.timeoutMs is an integer 1 … 3600000"]),
  evnt("B52", '"ask":{"timeoutMs":0}', ["BAD_OPTION", "ask.timeoutMs"]),
  evnt("B52", '"ask":{"timeoutMs":9,"retry":1}', ["BAD_OPTION", "ask.retry"]),
  evnt("B52", '"seq":1,"repeat":1', ["BAD_OPTION", "repeat is true or false, got 1"]),
  evnt("B52", '"ref":{}', ["BAD_PAYLOAD", "ref is a number or a string"]),
  evnt("B52", `"ref":"${"r".repeat(256)}"`, ["BAD_PAYLOAD", "at most 255 characters"]),
  evnt("B54", '"data":1,"bytes":"AA=="', ["BAD_PAYLOAD", "either data or bytes, not both"]),
  evnt("B54", '"bytes":"*"', ["BAD_PAYLOAD", "bytes must be a base64 string"]),
  evnt("B54", '"bytes":[0]', ["BAD_PAYLOAD", "bytes must be a base64 string"]),
  evnt("B54", '"bytes":"AA==\\n"', ["BAD_PAYLOAD", "bytes must be a base64 string"]),
  helo("B56", `"id":"${id}","service":"b","secret":7`, ["BAD_PAYLOAD", "secret is 32 hex"]),
  helo("B56", `"id":"${id}","service":"b","secret":"short"`, ["BAD_PAYLOAD", "secret is 32 hex"]),
  helo("B56", `"id":"${id}","service":"b","claims":{}`, ["BAD_PAYLOAD", "claims must be a list"]),
  helo("B56", `"id":"${id}","service":"b","claims":[7]`, ["BAD_PAYLOAD", "a claim must be a map"]),
  helo("B56", `"id":"${id}","service":"b","claims":[{}]`, ["BAD_PATTERN", "must be a string"]),
  said("B56", "J SETL {}", ["BAD_PAYLOAD", "catch must be an integer", "SETL takes catch, origin"]),
  said("B56", 'J SETL {"catch":1}', ["BAD_PAYLOAD", "origin must be a string"]),
  said("B56", settlement('"outcome":"maybe"'), ["BAD_PAYLOAD", "ack, nack, release, reject"]),
  said("B56", settlement('"outcome":"ack","ref":0'), ["BAD_PAYLOAD", "ref must be an integer"]),
  said("B56", settlement('"outcome":"nack","reason":7'), [
    "BAD_PAYLOAD",
    "reason must be a string",
  ]),
  said("B56", settlement(`"outcome":"nack","reason":"x${half}"`), [
    "BAD_PAYLOAD",
    "reason has half a character",
    "cut a text between characters",
  ]),
  said("B56", `J RPLY {"catch":1,"to":"${id}","seq":1,"code":"X","message":"${half}"}`, [
    "BAD_PAYLOAD",
    "message has half a character",
  ]),
  evnt("B56", `"key":"${half}"`, ["BAD_OPTION", "key has half a character"]),
  evnt("B56", `"id":"${half}"`, ["BAD_OPTION", "id has half a character"]),
  evnt("B56", `"headers":{"a":"${half}"}`, ["BAD_OPTION", 'header "a" has half a character']),
  evnt("B56", `"headers":{"${half}":"a"}`, ["BAD_OPTION", "a header has half a character"]),
  said("B56", settlement('"outcome":"ack","outputs":{}'), [
    "BAD_PAYLOAD",
    "outputs must be a list",
  ]),
  said("B56", settlement('"outcome":"ack","outputs":[7]'), [
    "BAD_PAYLOAD",
    "an output must be a map",
  ]),
  said("B56", settlement('"outcome":"ack"'), [
    "UNKNOWN_CATCH",
    "no such catch: 9",
    "stands in CGHT",
  ]),
  said("B56", "J CRED {}", ["BAD_PAYLOAD", "catch must be an integer", "CRED takes catch, credit"]),
  said("B56", "J MISS {}", ["BAD_PAYLOAD", "catch must be an integer", "MISS takes"]),
  said("B56", "J PROG {}", ["BAD_PAYLOAD", "catch must be an integer"]),
  said("B56", "J RPLY {}", ["BAD_PAYLOAD", "catch must be an integer"]),
  said("B56", 'J RPLY {"to":"x"}', ["BAD_ID", "40 hex characters, got 1"]),
  said("B56", 'J BEAT {"streams":7}', ["BAD_PAYLOAD", "streams must be a list, got 7"]),
  said("B56", 'J BEAT {"streams":[7]}', ["BAD_PAYLOAD", "streams lists [catch, last]"]),
  said("B56", 'J BEAT {"streams":[[]]}', ["BAD_PAYLOAD", "item 0 of a list must be an integer"]),
  said("B56", 'J BEAT {"streams":[["x",1]]}', [
    "BAD_PAYLOAD",
    'must be an integer ≤ 2^53−1 and ≥ 0, got "x"',
  ]),
  said("B56", 'J BEAT {"streams":[[1]]}', ["BAD_PAYLOAD", "item 1 of a list must be an integer"]),
  said("B56", 'J BEAT {"streams":[[1,1.5]]}', [
    "BAD_PAYLOAD",
    "item 1 of a list must be an integer",
  ]),
  said("B56", "J BEAT []", ["BAD_PAYLOAD", "expected an object, got array"]),
  said("B56", "J GBYE []", ["BAD_PAYLOAD", "expected an object, got array", "GBYE takes idle"]),
];

function headers(count: number): string {
  return Array.from({ length: count }, (_, at) => `"h${at}":""`).join();
}

function settlement(fields: string): string {
  return `J SETL {"catch":9,"origin":"o","number":1,"attempt":1,${fields}}`;
}
