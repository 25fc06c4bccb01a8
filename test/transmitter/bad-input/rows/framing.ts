import type { ErrorCode } from "@thynapse/protocol";
import { hex, type Row } from "./row.js";

const hello = `J HELO {"id":"${"a1".repeat(20)}","service":"framed"}`;

type Part = string | Buffer;
type Says = readonly [code: ErrorCode, says: string, hint?: string];

function row(id: string, name: string, parts: readonly Part[], [code, says, hint]: Says): Row {
  const refusal = { refused: code, says, ...(hint !== undefined && { hint }) };
  return { id, name, as: "nobody", parts, expect: refusal };
}

const shape = "write one frame";

/** Frames on the command socket that are not `<encoding> <command> <payload>`. @see PROTOCOL.md §3 */
export const framingRows: readonly Row[] = [
  row("A2", "two empty frames", ["", ""], ["BAD_FRAME", "expected 1 frame, got 0", shape]),
  row("A2", "three empty frames", ["", "", ""], ["BAD_FRAME", "more than one empty delimiter"]),
  row(
    "A3",
    "a frame behind a right one",
    [hello, "extra"],
    ["BAD_FRAME", "expected 1 frame, got 2"],
  ),
  row("A4", "an empty frame behind it", [hello, ""], ["BAD_FRAME", "expected 1 frame, got 2"]),
  row(
    "A4",
    "a delimiter and two frames",
    ["", hello, "b"],
    ["BAD_FRAME", "expected 1 frame, got 2"],
  ),
  row("A4", "the command in frames of its own", ["J", "HELO", "{}"], ["BAD_FRAME", "got 3", shape]),
  row("A5", "two delimiters", ["", "", hello], ["BAD_FRAME", "more than one empty delimiter"]),
  row("A7", "an encoding alone", ["J"], ["BAD_FRAME", "too short: need 'J HELO {…}'", shape]),
  row("A7", "an encoding and a space", ["M "], ["BAD_FRAME", "too short"]),
  row("A8", "no payload, and no space for one", ["J HELO"], ["BAD_FRAME", "too short", shape]),
  row("A9", "an empty payload", ["J HELO "], ["BAD_PAYLOAD", "empty payload", "an empty map"]),
  row("A10", "no space before the command", ["JHELO {}"], ["BAD_FRAME", "byte 2 must be a space"]),
  row("A11", "two spaces", ["J  HELO {}"], ["BAD_FRAME", "command must start at byte 3", shape]),
  row(
    "A12",
    "a tab for a space",
    ["J\tHELO {}"],
    ["BAD_FRAME", "byte 2 must be a space, not 0x09"],
  ),
  row("A12", "a line break", ["J HELO\n{}"], ["BAD_FRAME", "byte 7 must be a space, not 0x0a"]),
  row("A13", "a small j", ["j HELO {}"], ["BAD_ENCODING", "unknown encoding 'j'; known: J, M"]),
  row("A14", "a small m", ["m HELO {}"], ["BAD_ENCODING", "unknown encoding 'm'; known: J, M"]),
  row("A15", "a zero byte", ["\x00 HELO {}"], ["BAD_ENCODING", "unknown encoding 0x00"]),
  row("A16", "an X", ["X HELO {}"], ["BAD_ENCODING", "unknown encoding 'X'; known: J, M"]),
  row("A16", "0xff", [hex("ff2048454c4f207b7d")], ["BAD_ENCODING", "unknown encoding 0xff"]),
  row("A16", "a payload alone", ['{"id":"1"}'], ["BAD_ENCODING", "unknown encoding '{'", "J HELO"]),
  row("A16", "an HTTP request", ["GET / HTTP/1.1\r\n\r\n"], ["BAD_ENCODING", "encoding 'G'"]),
  row(
    "A17",
    "a byte-order mark",
    ["\ufeffJ HELO {}"],
    ["BAD_ENCODING", "starts with a byte-order mark; remove it", "without BOM"],
  ),
  row(
    "A18",
    "UTF-16 with its mark",
    [Buffer.from("\ufeffJ HELO {}", "utf16le")],
    ["BAD_ENCODING", "unknown encoding 0xff", "UTF-16; write UTF-8"],
  ),
  row(
    "A18",
    "UTF-16 without",
    [Buffer.from("J HELO {}", "utf16le")],
    ["BAD_FRAME", "byte 2 must be a space, not 0x00"],
  ),
  row(
    "A19",
    "a command in small letters",
    ["J helo {}"],
    ["BAD_COMMAND", "helo: commands are upper-case; did you mean HELO?", "a cell says HELO, CTCH"],
  ),
  row(
    "A20",
    "a command in mixed case",
    ["J HeLo {}"],
    ["BAD_COMMAND", "HeLo: commands are upper-case; did you mean HELO?"],
  ),
  row("A21", "three letters", ["J HEL {}"], ["BAD_FRAME", "command must be 4 characters", shape]),
  row(
    "A22",
    "five letters",
    ["J HELLO {}"],
    ["BAD_FRAME", "command must be 4 characters; did you mean HELO?"],
  ),
  row(
    "A23",
    "a command of transmitters",
    ["J WLCM {}"],
    ["BAD_COMMAND", "WLCM is sent by transmitters", "a cell says HELO, CTCH"],
  ),
  ...["CGHT", "DRPD", "CNFM", "DLVR", "BACK", "RPAR", "ANSR", "MARK"].map((command) =>
    row(
      "A23",
      `${command} of a cell`,
      [`J ${command} {}`],
      ["BAD_COMMAND", `${command} is sent by transmitters`],
    ),
  ),
  row(
    "A24",
    "an unknown command",
    ["J HELP {}"],
    ["BAD_COMMAND", "unknown command HELP; did you mean HELO?"],
  ),
  row("A24", "letters that changed places", ["J EVTN {}"], ["BAD_COMMAND", "did you mean EVNT?"]),
  row("A24", "one that is like no other", ["J QUUX {}"], ["BAD_COMMAND", "unknown command QUUX"]),
  row(
    "A24",
    "a digit in the command",
    ["J HEL0 {}"],
    [
      "BAD_COMMAND",
      'unknown command "HEL0": a command is four capital letters; did you mean HELO?',
    ],
  ),
  row(
    "A24",
    "escapes in the command",
    [hex("4a20 1b5b324a 20 7b7d")],
    ["BAD_COMMAND", 'unknown command "\\u001b[2J"'],
  ),
  row(
    "A29",
    "a zero byte behind the payload",
    ["J HELO {}\x00"],
    ["BAD_PAYLOAD", "unexpected byte 0x00 at offset 2", "HELO takes id, service"],
  ),
  ...["CTCH", "DROP", "EVNT", "SETL", "PROG", "CRED", "RPLY", "MISS", "BEAT", "GBYE"].map(
    (command) =>
      row(
        "A30",
        `${command} before HELO`,
        [`J ${command} {}`],
        ["NOT_WELCOME", "say HELO first", "say HELO"],
      ),
  ),
  row(
    "A43",
    "50 frames",
    Array.from({ length: 50 }, () => "part"),
    ["BAD_FRAME", "expected 1 frame, got 50"],
  ),
  row(
    "A44",
    "10 000 frames",
    Array.from({ length: 10_000 }, () => "part"),
    ["BAD_FRAME", "expected 1 frame, got 10000"],
  ),
  row("A44", "two commands in one message", [hello, "J CTCH {}"], ["BAD_FRAME", "got 2", shape]),
  row(
    "A46",
    "version 2",
    [hello.replace("}", ',"v":2}')],
    ["BAD_VERSION", "version 2; spoken: 1 to 1", '"v":1'],
  ),
  ...['"1"', "0", "1.5", "null,", "true", "[1]", '{"toString":1}'].map((version) =>
    row(
      "A46",
      `version ${version}`,
      [`J HELO {"v":${version.replace(",", "")}}`],
      [
        version === "null," ? "BAD_ID" : "BAD_VERSION",
        version === "null," ? "id is required" : "spoken: 1 to 1",
      ],
    ),
  ),
  row(
    "A46",
    "a version of a megabyte",
    [`J HELO {"v":"${"9".repeat(1_000_000)}"}`],
    ["BAD_VERSION", `version "${"9".repeat(60)}…"; spoken: 1 to 1`],
  ),
];
