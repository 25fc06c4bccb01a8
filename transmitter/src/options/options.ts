import { isIPv4 } from "node:net";
import { totalmem } from "node:os";
import { randomThid, type Thid } from "@thynapse/protocol";
import { isWildcard } from "./endpoints.js";
import { nearest } from "./nearest.js";
import type { OptionRow } from "./option-row.js";
import { transmitterOptions } from "./option-table.js";
import { type OptionValue, readOption, refusal } from "./option-values.js";

/** Least important lines that are logged. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/**
 * Options of a transmitter, each with its default. `transmitterOptions` has unit, range, default
 * and cost of each.
 *
 * Durations are in ms, sizes in bytes; both may be texts such as `5s` and `64MiB`.
 */
export interface TransmitterOptions {
  /** Address or host name to listen on; `*` for all. */
  readonly bind?: string;
  /** Port of the command socket; 0 takes a free one. */
  readonly port?: number | string;
  /** Port of the event socket; default `port` + 1. */
  readonly pubPort?: number | string;
  /** Host that cells are told. */
  readonly advertise?: string;
  /** Allows to listen beyond loopback without keys. */
  readonly insecure?: boolean;
  readonly id?: Thid;
  readonly mesh?: string;
  /** Other transmitters of the mesh, each as `HOST:PORT`; either port of it. */
  readonly links?: string | readonly string[];
  /** Finds transmitters of the mesh in the same network, by UDP multicast. */
  readonly discover?: boolean;
  /** What all transmitters of the mesh know: the text, or `@` and the name of a file. */
  readonly meshSecret?: string;
  readonly joinTimeoutMs?: number | string;
  readonly linkPauseMs?: number | string;
  readonly linkCutMs?: number | string;
  readonly linkForgetMs?: number | string;
  readonly linkWindow?: number | string;
  readonly linkBytesMax?: number | string;
  readonly heartbeatMs?: number | string;
  /** Default 1000, or 4 × `heartbeatMs` if that is more. */
  readonly suspectMs?: number | string;
  /** At least 3 × `heartbeatMs`. */
  readonly deadAfterMs?: number | string;
  readonly deadMs?: number | string;
  readonly drainTimeoutMs?: number | string;
  readonly claimMs?: number | string;
  readonly groupKeepMs?: number | string;
  readonly streamKeepMs?: number | string;
  readonly dedupeWindowMs?: number | string;
  readonly muteMs?: number | string;
  readonly errorBudgetMs?: number | string;
  readonly eventBytesMax?: number | string;
  readonly windowBytes?: number | string;
  readonly ringBytesMax?: number | string;
  readonly backlogEventsMax?: number | string;
  readonly backlogBytesMax?: number | string;
  readonly backlogAgeMs?: number | string;
  readonly deadLettersMax?: number | string;
  readonly deadLetterBytesMax?: number | string;
  readonly catchesMax?: number | string;
  readonly errorBudget?: number | string;
  readonly routesMax?: number | string;
  readonly queueBytesMax?: number | string;
  readonly highWaterMark?: number | string;
  /** Resident memory above whose 85 % events are refused. */
  readonly memoryBytesMax?: number | string;
  /** Loopback port of the metrics; without it there is no HTTP. */
  readonly metricsPort?: number | string;
  readonly logLevel?: LogLevel;
}

type Numeric = {
  readonly [K in keyof TransmitterOptions as TransmitterOptions[K] extends
    | number
    | string
    | undefined
    ? number extends Exclude<TransmitterOptions[K], string | undefined>
      ? K
      : never
    : never]-?: number;
};

/** Options, checked and filled in. */
export interface ResolvedOptions extends Omit<Numeric, "metricsPort"> {
  readonly bind: string;
  readonly advertise?: string;
  readonly insecure: boolean;
  readonly id: Thid;
  readonly mesh: string;
  readonly links: readonly string[];
  readonly discover: boolean;
  readonly meshSecret?: string;
  readonly metricsPort?: number;
  readonly logLevel: LogLevel;
}

/** Options of a transmitter, and the address that it binds: `bind` may be the name of a host. */
export interface RunningOptions extends ResolvedOptions {
  readonly address: string;
}

/** How messages name an option: in code by its name, on a command line by its flag. */
export type NameOption = (row: OptionRow) => string;

const rowsByName = new Map(transmitterOptions.map((row) => [row.name, row]));

/**
 * Checks options and fills in the defaults. Values may be texts, as a flag, a variable or a file
 * has them.
 *
 * @throws {MeshError} `BAD_OPTION`, naming the option, and how to write it right: for an unknown
 * option, a value of the wrong kind or out of its range, and values that do not go together.
 */
export function resolveTransmitter(
  input: TransmitterOptions = {},
  nameOf: NameOption = ({ name }) => name,
): ResolvedOptions {
  const values = new Map<string, OptionValue>();
  for (const row of transmitterOptions) {
    if (row.fallback !== undefined) values.set(row.name, row.fallback);
  }
  const given = new Set<string>();
  for (const [name, value] of Object.entries(input)) {
    const row = rowsByName.get(name) ?? refuseUnknown(name);
    if (value === undefined) continue;
    values.set(name, readOption(row, value, nameOf(row)));
    given.add(name);
  }
  fillIn(values, given);
  const resolved = Object.fromEntries(values) as unknown as ResolvedOptions;
  checkTimes(resolved);
  checkPorts(resolved);
  checkExposure(resolved);
  checkLinks(resolved);
  return Object.freeze(resolved);
}

function refuseUnknown(name: string): never {
  const meant = nearest(name, rowsByName.keys());
  const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
  throw refusal(`unknown option ${name}${hint}`);
}

/** Sets the defaults that depend on other options, or on the machine. */
function fillIn(values: Map<string, OptionValue>, given: ReadonlySet<string>): void {
  const heartbeatMs = Number(values.get("heartbeatMs"));
  const atLeast = (name: string, value: number): void => {
    if (!given.has(name)) values.set(name, Math.max(value, Number(values.get(name))));
  };
  atLeast("suspectMs", 4 * heartbeatMs);
  atLeast("deadAfterMs", 3 * heartbeatMs);
  const port = Number(values.get("port"));
  if (!given.has("pubPort")) values.set("pubPort", port === 0 ? 0 : port + 1);
  if (!given.has("memoryBytesMax")) values.set("memoryBytesMax", Math.floor(memoryBytes() / 2));
  if (!given.has("id")) values.set("id", randomThid());
  if (!given.has("links")) values.set("links", []);
}

/** Bytes that this process may have: those of its container, if it is in one, or of the machine. */
function memoryBytes(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 && constrained < totalmem() ? constrained : totalmem();
}

function checkTimes({ heartbeatMs, suspectMs, deadAfterMs }: ResolvedOptions): void {
  if (deadAfterMs < 3 * heartbeatMs) {
    const hint = `give at least ${3 * heartbeatMs}`;
    throw refusal("dead-after must be at least 3 × heartbeat", hint);
  }
  if (suspectMs < 2 * heartbeatMs) {
    throw refusal(
      "suspect-after must be at least 2 × heartbeat",
      `give at least ${2 * heartbeatMs}`,
    );
  }
}

function checkPorts({ port, pubPort }: ResolvedOptions): void {
  if (pubPort > 65_535) throw refusal("no port is left behind 65535", "give --pub-port");
  if (port !== 0 && port === pubPort) {
    throw refusal(`both sockets cannot have port ${port}`, "give another --pub-port");
  }
}

/**
 * @throws {MeshError} `BAD_OPTION` if an address beyond loopback would be bound without `insecure`.
 */
export function checkExposure({
  bind,
  insecure,
}: Pick<ResolvedOptions, "bind" | "insecure">): void {
  if (insecure || isLoopback(bind)) return;
  throw refusal(
    `anybody who reaches ${bind} could send, catch and mute others`,
    "bind 127.0.0.1, or say --insecure in a network that you trust",
  );
}

/** Others are told one address; all addresses of the machine are none. */
function checkLinks({ bind, advertise, links, discover }: ResolvedOptions): void {
  if ((links.length === 0 && !discover) || advertise !== undefined || !isWildcard(bind)) return;
  throw refusal(
    `bound to ${bind}, it cannot tell others how to reach it`,
    "give --advertise HOST, or --bind one address",
  );
}

/** Tells whether a host is this machine alone. A name other than `localhost` is not known to be. */
export function isLoopback(host: string): boolean {
  if (isIPv4(host)) return host.startsWith("127.");
  return host === "::1" || host.toLowerCase() === "localhost";
}
