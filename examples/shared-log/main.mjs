// Sends each line of a file, shares the lines between three cells and proves that all came:
// node examples/shared-log/main.mjs [--no-python] [FILE]
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startNode, startTransmitter, thynapse, within } from "../children.mjs";
import { findPython, startPythonCell } from "./python.mjs";

const withPython = !process.argv.includes("--no-python");
const [given] = process.argv.slice(2).filter((argument) => argument !== "--no-python");
const folder = mkdtempSync(join(tmpdir(), "thynapse-shared-log-"));
process.on("exit", () => rmSync(folder, { recursive: true }));

const python = withPython ? findPython() : undefined;
if (withPython && python === undefined) {
  console.error("no Python can import zmq: apt-get install python3-zmq, or say --no-python");
  process.exit(1);
}

const file = given ?? defaultFile();
const content = readFileSync(file);
const lines = linesOf(content);
const transmitter = await startTransmitter();

// Three cells of one service share the lines; two of another get all of them.
const sharing = [{ name: "share-1" }, { name: "share-2" }, { name: "share-3" }];
const hearing = [{ name: "hear-1" }, { name: "hear-2" }];
for (const cell of [...sharing, ...hearing]) await start(cell);

// The real command, with the file on its standard input; it ends when all lines are handled.
const send = startNode(
  thynapse,
  ["send", "log.line", "--lines", "--json", "--timeout", "60s", "-t", transmitter.command],
  { stdin: openSync(file, "r") },
);
assert.equal(await send.ended, 0, "thynapse send ended well");
assert.ok(content.equals(readFileSync(file)), `${file} was changed meanwhile: try again`);
await within(30_000, "all lines in each cell of hear", Promise.all(hearing.map(allHeard)));

console.table(
  Object.fromEntries(
    [...sharing, ...hearing].map(({ name, kind, events }) => [name, { kind, lines: events.length }]),
  ),
);

const shared = sharing.flatMap(({ events }) => events).sort(byFromAndSeq);
assert.ok(joined(shared).equals(content), "the lines that were shared are the file");
for (const { name, events } of hearing) {
  assert.ok(joined(events).equals(content), `${name} heard the file, in order`);
}
console.log(`ok: ${lines} lines, ${content.length} bytes, each handled once and heard by both`);

for (const { child } of [...sharing, ...hearing]) assert.equal(await child.end(), 0);
await transmitter.stop();

async function start(cell) {
  const [service, number] = cell.name.split("-");
  cell.events = [];
  const onEvent = (event) => {
    cell.events.push(event);
    if (cell.events.length === lines) cell.wake?.();
  };
  if (service === "share" && number === "3" && python !== undefined) {
    cell.kind = "anycatch, Python";
    cell.child = await startPythonCell({
      python,
      transmitter: transmitter.command,
      service,
      onEvent,
    });
    return;
  }
  const mode = service === "share" ? "any" : "multi";
  cell.kind = `${mode}catch`;
  const script = fileURLToPath(new URL("cell.mjs", import.meta.url));
  cell.child = startNode(script, [transmitter.command, mode, service], {
    onLine(line) {
      if (line.startsWith("{")) onEvent(JSON.parse(line));
    },
  });
  await cell.child.line("armed");
}

async function allHeard(cell) {
  if (cell.events.length >= lines) return;
  await new Promise((resolve) => {
    cell.wake = resolve;
  });
}

function byFromAndSeq(one, other) {
  if (one.from !== other.from) return one.from < other.from ? -1 : 1;
  return one.seq - other.seq;
}

function joined(events) {
  const newline = Buffer.from("\n");
  const parts = events.flatMap(({ line }) => [Buffer.from(line, "base64"), newline]);
  if (content.at(-1) !== 0x0a) parts.pop(); // the last line of the file has no end
  return Buffer.concat(parts);
}

function linesOf(bytes) {
  const ends = bytes.reduce((count, byte) => (byte === 0x0a ? count + 1 : count), 0);
  return bytes.length === 0 || bytes.at(-1) === 0x0a ? ends : ends + 1;
}

function defaultFile() {
  const log = "/var/log/dpkg.log";
  if (existsSync(log)) return log;
  const path = join(folder, "generated.log");
  const line = (_, n) => `2026-01-01 00:00:00 line ${n} ${"é".repeat(n % 40)}\n`;
  writeFileSync(path, Array.from({ length: 5_000 }, line).join(""));
  return path;
}
