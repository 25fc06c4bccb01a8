import * as limits from "@thynapse/protocol";
import { meshRows } from "./mesh-options.js";
import {
  countRow,
  durationRow,
  gib,
  hour,
  kib,
  mib,
  minute,
  type OptionRow,
  second,
  sizeRow,
} from "./option-row.js";

/** Where a transmitter listens, and who it is. */
const addressRows: readonly OptionRow[] = [
  {
    name: "bind",
    flag: "bind",
    kind: "host",
    fallback: "127.0.0.1",
    doc: "Address or host to listen on; * for all. Beyond loopback it needs --insecure",
  },
  {
    name: "port",
    flag: "port",
    kind: "port",
    fallback: 5454,
    doc: "Port of the command socket; 0 takes a free one",
  },
  {
    name: "pubPort",
    flag: "pub-port",
    kind: "port",
    defaultText: "port + 1, or a free one if port is 0",
    doc: "Port of the event socket; 0 takes a free one",
  },
  {
    name: "advertise",
    flag: "advertise",
    kind: "host",
    defaultText: "the bound address, or the one that the cell connected to",
    doc: "Host by which cells are told to reach this transmitter, where NAT stands between",
  },
  {
    name: "insecure",
    flag: "insecure",
    kind: "toggle",
    fallback: false,
    doc: "Lets anybody who reaches the ports send, catch and mute others: needed beyond loopback",
  },
  {
    name: "id",
    flag: "id",
    kind: "thid",
    defaultText: "drawn at each start",
    doc: "Identity of the transmitter, 40 hex digits; two with one id must not run at once",
  },
  {
    name: "mesh",
    flag: "mesh",
    kind: "segment",
    fallback: "default",
    doc: "Name of the mesh: 1 to 64 letters, digits, _, -, : or @",
  },
];

/** Time-outs. */
const timeRows: readonly OptionRow[] = [
  durationRow(
    ["heartbeatMs", "heartbeat"],
    [50, 10 * second, limits.heartbeatMs],
    "Time between two heartbeats, both ways. Half of it doubles the idle load",
  ),
  {
    ...durationRow(
      ["suspectMs", "suspect-after"],
      [100, minute, limits.suspectMs],
      "Silence after which a cell gets no new work. Lower also finds cells that are only slow",
    ),
    defaultText: "1s, or 4 × heartbeat if that is more",
  },
  {
    ...durationRow(
      ["deadAfterMs", "dead-after"],
      [300, minute, 1200],
      "Silence after which ZeroMQ cuts a connection: finds frozen processes. Low values cut " +
        "healthy cells on lossy networks",
    ),
    defaultText: "1200ms, or 3 × heartbeat if that is more",
  },
  durationRow(
    ["deadMs", "lost-after"],
    [100, minute, 1000],
    "How long a cell of whose two connections one is gone has to come back before its work moves",
  ),
  durationRow(
    ["drainTimeoutMs", "drain-timeout"],
    [0, hour, limits.drainTimeoutMs],
    "How long a drain waits for settlements before it says what is left and ends",
  ),
  durationRow(
    ["claimMs", "claim"],
    [0, minute, limits.claimMs],
    "How long repeats are held back after a start, while cells come and claim what they hold. " +
      "Lower delivers sooner, and more of it twice",
  ),
  durationRow(
    ["groupKeepMs", "group-keep"],
    [0, hour, limits.groupKeepMs],
    "How long a group keeps its work without any cell",
  ),
  durationRow(
    ["streamKeepMs", "stream-keep"],
    [0, hour, limits.streamKeepMs],
    "How long a stream keeps its numbering without any cell",
  ),
  durationRow(
    ["dedupeWindowMs", "dedupe-window"],
    [0, hour, limits.dedupeWindowMs],
    "How long an idempotency key is remembered; about 200 bytes each",
  ),
  durationRow(
    ["muteMs", "mute"],
    [0, hour, limits.muteMs],
    "How long a connection with too many errors is ignored",
  ),
  durationRow(
    ["errorBudgetMs", "error-window"],
    [100, hour, limits.errorBudgetMs],
    "Time over which the errors of a connection are counted",
  ),
];

/** Bounds of what may grow. */
const boundRows: readonly OptionRow[] = [
  sizeRow(
    ["eventBytesMax", "max-message"],
    [kib, limits.eventBytesMax, limits.eventBytesMax],
    "Largest body of an event. Lower bounds memory and the time that one event takes",
  ),
  sizeRow(
    ["windowBytes", "window"],
    [64 * kib, gib, limits.windowBytesMax],
    "Bytes that one sender may have sent and not seen accepted; beyond it is told busy",
  ),
  sizeRow(
    ["ringBytesMax", "ring"],
    [mib, 64 * gib, limits.ringBytesMax],
    "Memory to repair streams from. A cell that is further behind is told what it lost",
  ),
  countRow(
    ["backlogEventsMax", "backlog-events"],
    [1, 100_000_000, limits.backlogEventsMax],
    "Events that one group may have waiting; beyond it refuses",
  ),
  sizeRow(
    ["backlogBytesMax", "backlog"],
    [kib, 64 * gib, limits.backlogBytesMax],
    "Bytes that one group may have waiting; beyond it refuses",
  ),
  durationRow(
    ["backlogAgeMs", "backlog-age"],
    [second, 24 * hour, limits.backlogAgeMs],
    "How long an event may wait in a group before it becomes a dead letter",
  ),
  countRow(
    ["deadLettersMax", "dead-letters"],
    [0, 10_000_000, 10_000],
    "Dead letters that are kept; the oldest go first",
  ),
  sizeRow(
    ["deadLetterBytesMax", "dead-letter-bytes"],
    [0, 64 * gib, 64 * mib],
    "Bytes of dead letters that are kept; the oldest go first",
  ),
  countRow(
    ["catchesMax", "max-catches"],
    [1, 1_000_000, limits.catchesMax],
    "Catches that one cell may have",
  ),
  countRow(
    ["errorBudget", "error-budget"],
    [1, 1_000_000, limits.errorBudget],
    "Errors of one connection within the error window after which it is muted",
  ),
  countRow(
    ["routesMax", "routes"],
    [16, 10_000_000, 16_384],
    "Channels whose route is remembered. More than this in use at once costs a match per event",
  ),
  sizeRow(
    ["queueBytesMax", "queue"],
    [mib, 16 * gib, 32 * mib],
    "Bytes of commands that may wait for one cell that does not read; beyond it is given up",
  ),
  countRow(
    ["highWaterMark", "high-water-mark"],
    [1, 1_000_000, 512],
    "Messages of the event socket that may wait for one cell; more is repaired from the ring",
  ),
  {
    name: "memoryBytesMax",
    flag: "memory",
    kind: "size",
    min: 64 * mib,
    max: 1024 * gib,
    defaultText: "half of what the process may have",
    doc: "Resident memory above whose 85 % events are refused as busy, until it is below 75 %",
  },
];

/** What an operator sees. */
const operatorRows: readonly OptionRow[] = [
  {
    name: "metricsPort",
    flag: "metrics-port",
    kind: "port",
    defaultText: "no HTTP",
    doc: "Loopback port for /metrics, /livez and /readyz; 0 takes a free one",
  },
  {
    name: "logLevel",
    flag: "log-level",
    kind: "choice",
    choices: ["debug", "info", "warn", "error", "silent"],
    fallback: "info",
    doc: "Least important lines that are logged, as JSON on standard error",
  },
];

/** Options that are looked up whenever they are needed. Sockets, identities and memory are not. */
const live: ReadonlySet<string> = new Set([
  ...["links", "logLevel", "suspectMs", "deadMs", "drainTimeoutMs", "streamKeepMs"],
  ...["backlogEventsMax", "backlogBytesMax", "backlogAgeMs", "catchesMax"],
  ...["errorBudget", "errorBudgetMs", "muteMs"],
]);

function markLive(row: OptionRow): OptionRow {
  return live.has(row.name) ? { ...row, isLive: true } : row;
}

/** Every option of a transmitter, in the order of the help. */
export const transmitterOptions: readonly OptionRow[] = Object.freeze(
  [...addressRows, ...meshRows, ...timeRows, ...boundRows, ...operatorRows].map(markLive),
);
