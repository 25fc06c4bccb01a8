import type { ErrorCode } from "@thynapse/protocol";
import type { Refusal, Reply, Row } from "./row.js";

type Says = readonly [code: ErrorCode, says: string, hint?: string];

function expectation(said: Says | Reply): Refusal | Reply {
  if (!Array.isArray(said)) return said as Reply;
  const [code, says, hint] = said as unknown as Says;
  return { refused: code, says, ...(hint !== undefined && { hint }) };
}

/** One row for a channel that a cell sends on, as JSON has it. */
function channel(id: string, value: unknown, said: Says | Reply): Row {
  const text = JSON.stringify(value);
  const name = text.length > 60 ? `${text.slice(0, 50)}… (${text.length})` : text;
  const parts = [`J EVNT {"channel":${text}}`];
  return { id, name: `an event on ${name}`, as: "J", parts, expect: expectation(said) };
}

/** One row for a pattern that a cell catches. */
function pattern(id: string, value: unknown, said: Says | Reply): Row {
  const text = JSON.stringify(value);
  const name = text.length > 60 ? `${text.slice(0, 50)}… (${text.length})` : text;
  const parts = [`J CTCH {"pattern":${text},"mode":"multi"}`];
  return { id, name: `a catch of ${name}`, as: "J", parts, expect: expectation(said) };
}

/** One row for a catch with these fields beside a right pattern. */
function wish(id: string, fields: string, said: Says | Reply): Row {
  const parts = [`J CTCH {"pattern":"a"${fields}}`];
  return { id, name: `a catch with ${fields.slice(1)}`, as: "J", parts, expect: expectation(said) };
}

const sent: Reply = { answered: "CNFM", fields: { state: "accepted", matched: 0 } };
const caught = (text: string): Reply => ({ answered: "CGHT", fields: { pattern: text } });
const reserved: Says = ["DENIED", "channels starting with $ are reserved", "requests on $mesh"];
const mqtt = "use dots, MQTT wildcards are not used";
const noWildcards = "a channel has no wildcards; a pattern has * and **";
const whole = "a wildcard is a whole segment";
const grammar = "segments of A–Z";

const longest = [64, 64, 64, 60].map((length) => "s".repeat(length)).join(".");
const segments = (count: number): string => Array.from({ length: count }, () => "a").join(".");

/** Names on which events are sent. @see PROTOCOL.md §4.1, §4.3 */
export const channelRows: readonly Row[] = [
  channel("D1", "", ["BAD_CHANNEL", "empty", grammar]),
  channel("D2", ".", ["BAD_CHANNEL", "empty segment at position 1", grammar]),
  channel("D3", ".a", ["BAD_CHANNEL", "empty segment at position 1", grammar]),
  channel("D4", "a.", ["BAD_CHANNEL", "ends with a dot", grammar]),
  channel("D5", "a..b", ["BAD_CHANNEL", "empty segment at position 3", grammar]),
  channel("D6", " ", ["BAD_CHANNEL", "space at position 1"]),
  channel("D6", "a ", ["BAD_CHANNEL", "space at position 2"]),
  channel("D7", "a b", ["BAD_CHANNEL", "space at position 2", grammar]),
  channel("D8", "a\nb", ["BAD_CHANNEL", "control character 0x0a at position 2"]),
  channel("D9", "a\tb", ["BAD_CHANNEL", "control character 0x09 at position 2"]),
  channel("D10", "a\u0000b", ["BAD_CHANNEL", "control character 0x00 at position 2"]),
  channel("D10", "\u0000", ["BAD_CHANNEL", "control character 0x00 at position 1"]),
  channel("D11", "a\r\nFAKE LOG", ["BAD_CHANNEL", 'position 2 in "a\\u000d\\u000aFAKE LOG"']),
  channel("D12", "a\u007f", ["BAD_CHANNEL", "control character 0x7f at position 2"]),
  channel("D13", "\u001b[2J", ["BAD_CHANNEL", '0x1b at position 1 in "\\u001b[2J"']),
  channel("D14", "*", ["BAD_CHANNEL", "'*' at position 1", noWildcards]),
  channel("D14", "a.*", ["BAD_CHANNEL", "'*' at position 3", noWildcards]),
  channel("D15", "**", ["BAD_CHANNEL", "'*' at position 1", noWildcards]),
  channel("D16", "a.**", ["BAD_CHANNEL", "'*' at position 3", noWildcards]),
  channel("D17", "a*", ["BAD_CHANNEL", "'*' at position 2", noWildcards]),
  channel("D18", ">", ["BAD_CHANNEL", "'>' at position 1", noWildcards]),
  channel("D18", "a.>", ["BAD_CHANNEL", "'>' at position 3", noWildcards]),
  channel("D19", "#", ["BAD_CHANNEL", "'#'", mqtt]),
  channel("D19", "a/#", ["BAD_CHANNEL", "'/'", mqtt]),
  channel("D19", "a/+/b", ["BAD_CHANNEL", "'/'", mqtt]),
  channel("D20", "a/b", ["BAD_CHANNEL", "'/' at position 2", mqtt]),
  channel("D20", "+", ["BAD_CHANNEL", "'+'", mqtt]),
  ...[..."!\"%&'();<?[]^`{|}~"].map((char) =>
    channel("D21", `a${char}b`, ["BAD_CHANNEL", `'${char}' at position 2`, "use letters, digits"]),
  ),
  channel("D21", "a,b", ["BAD_CHANNEL", "',' at position 2", "use letters, digits"]),
  channel("D23", "a=b", ["BAD_CHANNEL", "'=' at position 2", "use letters, digits"]),
  channel("D25", "a\\b", ["BAD_CHANNEL", "'\\' at position 2", "use letters, digits"]),
  channel("D26", "C:\\temp", ["BAD_CHANNEL", "'\\' at position 3"]),
  channel("D27", "../../etc/passwd", ["BAD_CHANNEL", "empty segment at position 1"]),
  channel("D28", longest, sent),
  channel("D29", `${longest}s`, ["BAD_CHANNEL", "at most 255 characters, got 256"]),
  channel("D29", "a".repeat(1_000_000), ["BAD_CHANNEL", "at most 255 characters, got 1000000"]),
  channel("D30", segments(32), sent),
  channel("D31", segments(33), ["BAD_CHANNEL", "at most 32 segments", grammar]),
  channel("D32", "s".repeat(64), sent),
  channel("D33", "s".repeat(65), ["BAD_CHANNEL", "segment 1 longer than 64 characters", grammar]),
  channel("D33", `a.${"s".repeat(65)}`, ["BAD_CHANNEL", "segment 2 longer than 64 characters"]),
  channel("D34", "$", ["BAD_CHANNEL", "a name must follow the $"]),
  channel("D34", "$$a", ["BAD_CHANNEL", "$ at position 2: it may begin the first segment only"]),
  channel("D34", "a.$b", ["BAD_CHANNEL", "$ at position 3: it may begin the first segment only"]),
  channel("D35", "$mesh.leave", reserved),
  channel("D35", "$mesh.status", reserved),
  channel("D36", "$other", reserved),
  channel("D36", "$mesh", reserved),
  channel("D38", "__proto__", sent),
  channel("D38", "constructor.prototype", sent),
  ...["hasOwnProperty", "toString", "valueOf"].map((name) => channel("D39", name, sent)),
  channel("D40", "é", ["BAD_CHANNEL", "ASCII only: U+00E9 at position 1"]),
  channel("D40", "раyments", ["BAD_CHANNEL", "ASCII only: U+0440 at position 1"]),
  channel("D40", "a\u2024b", ["BAD_CHANNEL", "ASCII only: U+2024 at position 2"]),
  channel("D41", "😀", ["BAD_CHANNEL", "ASCII only: U+1F600 at position 1"]),
  channel("D42", "a\u202eb", ["BAD_CHANNEL", "ASCII only: U+202E at position 2"]),
  channel("D43", "a\u200bb", ["BAD_CHANNEL", "ASCII only: U+200B at position 2"]),
  channel("D44", "\ud800", ["BAD_CHANNEL", "not valid Unicode"]),
  channel("D45", "A.B", sent),
  channel("D45", "a.b", sent),
  channel("D46", "user@host:80.x_y-z.0", sent),
  channel("D47", ["a"], ["BAD_CHANNEL", "must be a string, got array"]),
  channel("D48", 7, ["BAD_CHANNEL", "must be a string, got number"]),
  channel("D48", null, ["BAD_CHANNEL", "must be a string, got null"]),
  channel("D49", true, ["BAD_CHANNEL", "must be a string, got boolean"]),
  channel("D50", {}, ["BAD_CHANNEL", "must be a string, got object"]),
  channel("D50", { length: 1, 0: "a" }, ["BAD_CHANNEL", "must be a string, got object"]),
];

/** Names that are caught, and how. @see PROTOCOL.md §4.2 */
export const patternRows: readonly Row[] = [
  pattern("E1", "", ["BAD_PATTERN", "empty", "a channel in which * stands"]),
  pattern("E2", "*", caught("*")),
  pattern("E3", "**", caught("**")),
  pattern("E4", "a.**", caught("a.**")),
  pattern("E4", "a.*.b", caught("a.*.b")),
  pattern("E5", "**.a", caught("**.a")),
  pattern("E5", "**.**", ["BAD_PATTERN", "only one ** in a pattern"]),
  pattern("E5", "a.**.b.**", ["BAD_PATTERN", "only one ** in a pattern"]),
  pattern("E6", "a.**.b", caught("a.**.b")),
  pattern("E7", "***", ["BAD_PATTERN", whole, "* is exactly one segment, ** is one or more"]),
  pattern("E8", "a*", ["BAD_PATTERN", whole, "* is exactly one segment, ** is one or more"]),
  pattern("E8", "a.b*", ["BAD_PATTERN", whole]),
  pattern("E9", "*a", ["BAD_PATTERN", whole]),
  pattern("E10", "a*b.c", ["BAD_PATTERN", whole]),
  pattern("E10", "a.**b", ["BAD_PATTERN", whole]),
  pattern("E11", "*a*a*a*a*a*a*a*ab", ["BAD_PATTERN", whole]),
  pattern("E12", "(a+)+$", ["BAD_PATTERN", "'(' at position 1"]),
  pattern("E12", "^a", ["BAD_PATTERN", "'^' at position 1"]),
  pattern("E13", "[a-z]", ["BAD_PATTERN", "'[' at position 1", "use letters, digits"]),
  pattern("E14", "a?", ["BAD_PATTERN", "'?' at position 2"]),
  pattern("E14", "{a}", ["BAD_PATTERN", "'{' at position 1"]),
  pattern("E15", "/a.*/", ["BAD_PATTERN", "regular expressions are not accepted", "use * for one"]),
  pattern("E16", "/^a$/", ["BAD_PATTERN", "regular expressions are not accepted"]),
  pattern("E17", "a|b", ["BAD_PATTERN", "one pattern per subscribe"]),
  pattern("E18", "a,b", ["BAD_PATTERN", "one pattern per subscribe"]),
  pattern("E18", "a b", ["BAD_PATTERN", "space at position 2"]),
  pattern("E19", ">", ["BAD_PATTERN", "written otherwise here", "use **"]),
  pattern("E20", "orders.>", ["BAD_PATTERN", "written otherwise here", "use **: orders.**"]),
  pattern("E21", "#", ["BAD_PATTERN", "written otherwise here", "use **"]),
  pattern("E22", "a/#", ["BAD_PATTERN", "written otherwise here", "use **: a.**"]),
  pattern("E22", "+", ["BAD_PATTERN", "written otherwise here", "use *"]),
  pattern("E23", "a/+/b", ["BAD_PATTERN", "written otherwise here", "use a.*.b"]),
  pattern("E24", "a/b", ["BAD_PATTERN", "written otherwise here", "use a.b"]),
  pattern("E24", ".a", ["BAD_PATTERN", "empty segment at position 1"]),
  pattern("E25", "*.", ["BAD_PATTERN", "ends with a dot"]),
  pattern("E26", "a..*", ["BAD_PATTERN", "empty segment at position 3"]),
  pattern("E26", segments(32), caught(segments(32))),
  pattern("E27", segments(33), ["BAD_PATTERN", "at most 32 segments"]),
  pattern("E28", longest, caught(longest)),
  pattern("E29", `${longest}s`, ["BAD_PATTERN", "at most 255 characters, got 256"]),
  pattern("E30", "s".repeat(65), ["BAD_PATTERN", "segment 1 longer than 64 characters"]),
  pattern("E32", "$mesh.**", caught("$mesh.**")),
  pattern("E32", "a.$b", ["BAD_PATTERN", "$ at position 3: it may begin the first segment only"]),
  pattern("E32", "$", ["BAD_PATTERN", "a name must follow the $"]),
  pattern("E32", "$*", ["BAD_PATTERN", whole]),
  wish("E35", "", ["BAD_MODE", "multi or any, got nothing", "one cell of the service"]),
  wish("E36", ',"mode":"all"', ["BAD_MODE", 'multi or any, got "all"']),
  wish("E36", ',"mode":"Multi"', ["BAD_MODE", "multi or any"]),
  wish("E36", ',"mode":""', ["BAD_MODE", "multi or any"]),
  wish("E36", ',"mode":["multi"]', ["BAD_MODE", "multi or any, got array"]),
  wish("E37", ',"mode":1', ["BAD_MODE", "multi or any, got 1"]),
  wish("E37", ',"mode":true', ["BAD_MODE", "multi or any, got true"]),
  wish("E37", ',"mode":null', ["BAD_MODE", "multi or any, got null"]),
  ...["-1", "65536", "1.5", '"5"', "null", "true", "1e400"].map((credit) =>
    wish("E40", `,"mode":"any","credit":${credit}`, ["BAD_CREDIT", "≤ 65535", "0 pauses"]),
  ),
  wish("E41", ',"mode":"any","credit":0', caught("a")),
  wish("E42", ',"mode":"any","concurrency":0', ["BAD_OPTION", "concurrency must be an integer"]),
  wish("E42", ',"mode":"any","attemptsMax":101', ["BAD_OPTION", "attemptsMax", "CTCH takes"]),
  wish("E42", ',"mode":"any","ackTimeoutMs":99', ["BAD_OPTION", "≥ 100, got 99"]),
  wish("E42", ',"mode":"any","redeliver":"no"', ["BAD_OPTION", "redeliver is true or false"]),
  wish("E42", ',"mode":"any","affinity":1', ["BAD_OPTION", "affinity is true or false, got 1"]),
  pattern("E43", null, ["BAD_PATTERN", "must be a string, got null"]),
  pattern("E44", 7, ["BAD_PATTERN", "must be a string, got number"]),
  pattern("E44", true, ["BAD_PATTERN", "must be a string, got boolean"]),
  pattern("E45", ["a", "b"], ["BAD_PATTERN", "one pattern per subscribe"]),
  pattern("E46", {}, ["BAD_PATTERN", "must be a string, got object"]),
  pattern("E47", "a\r\nb", ["BAD_PATTERN", 'control character 0x0d at position 2 in "a\\u000d']),
  pattern("E47", "a\u0000", ["BAD_PATTERN", "control character 0x00 at position 2"]),
  pattern("E47", "\u001b[2J", ["BAD_PATTERN", "control character 0x1b at position 1"]),
  pattern("E48", "\ud800.*", ["BAD_PATTERN", "not valid Unicode"]),
  pattern("E49", "é.*", ["BAD_PATTERN", "ASCII only: U+00E9 at position 1"]),
  pattern("E50", "а.*", ["BAD_PATTERN", "ASCII only: U+0430 at position 1"]),
];
