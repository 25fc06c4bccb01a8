import { constants } from "node:os";
import {
  checkService,
  creditMax,
  drainTimeoutMs,
  MeshError,
  outboxBytesMax,
  outboxEventsMax,
  randomThid,
  readThid,
  type Thid,
} from "@thynapse/protocol";
import {
  abortSignal,
  anything,
  callable,
  checkOptions,
  flag,
  objectWith,
  oneOf,
  type OptionRules,
  whole,
} from "./option-rules.js";
import type {
  AnycatchOptions,
  AskOptions,
  ConnectOptions,
  GatherOptions,
  Logger,
  MulticatchOptions,
  OutputOptions,
  SendOptions,
} from "./options.js";
import type { Transport } from "./transport/transport.js";

const mib = 1024 * 1024;
const hourMs = 3_600_000;
const name = { text: "a string", allows: (value: unknown) => typeof value === "string" };
const names = {
  text: "a string or a list of strings",
  allows: (value: unknown) => [value].flat().every((each) => typeof each === "string"),
};
const uncaught: readonly string[] = ["SIGKILL", "SIGSTOP"];
const catchable: readonly unknown[] = Object.keys(constants.signals).filter(
  (each) => !uncaught.includes(each),
);
const signals = {
  text: "a signal of this system that a process can catch, or a list of them",
  allows: (value: unknown) => [value].flat().every((each) => catchable.includes(each)),
};

const connectRules: OptionRules<ConnectOptions> = {
  service: name,
  transmitters: names,
  id: name,
  echo: flag,
  connectTimeoutMs: whole(1, hourMs),
  drainTimeoutMs: whole(0, hourMs),
  drainOn: signals,
  signal: abortSignal,
  logger: objectWith("info", "warn"),
  outboxBytesMax: whole(mib, 1024 * mib),
  outboxEventsMax: whole(1, 4_194_304),
  transport: objectWith("open", "checkAddress"),
};

const outputRules: OptionRules<OutputOptions> = {
  headers: anything,
  key: anything,
  ttlMs: anything,
  id: anything,
};

const sendRules: OptionRules<SendOptions> = {
  ...outputRules,
  until: oneOf("accepted", "handled"),
  signal: abortSignal,
};

const askRules: OptionRules<AskOptions> = {
  timeoutMs: whole(1, hourMs),
  retry: flag,
  parts: flag,
  restart: flag,
  headers: anything,
  key: anything,
  signal: abortSignal,
};

const gatherRules: OptionRules<GatherOptions> = {
  timeoutMs: whole(1, hourMs),
  headers: anything,
  signal: abortSignal,
};

const multicatchRules: OptionRules<MulticatchOptions> = {
  concurrency: whole(1, creditMax),
  echo: flag,
  bufferBytesMax: whole(65_536, 1024 * mib),
  overflow: oneOf("repair", "drop-oldest"),
  onGap: callable,
  signal: abortSignal,
};

const anycatchRules: OptionRules<AnycatchOptions> = {
  concurrency: whole(1, creditMax),
  credit: whole(1, creditMax),
  redeliver: flag,
  affinity: flag,
  attemptsMax: whole(1, 100),
  ackTimeoutMs: whole(100, hourMs),
  signal: abortSignal,
};

/** Options of `connect`, complete. */
export interface ResolvedConnect {
  readonly service: string;
  readonly transmitters: readonly string[];
  readonly id: Thid;
  readonly echo: boolean;
  readonly connectTimeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly drainOn: readonly NodeJS.Signals[];
  readonly signal: AbortSignal | undefined;
  readonly logger: Logger | undefined;
  readonly outboxBytesMax: number;
  readonly outboxEventsMax: number;
  readonly transport: Transport | undefined;
}

/**
 * Checks and completes the options of `connect`. @throws {MeshError} `BAD_OPTION`, `BAD_SERVICE`,
 * `BAD_ID`
 */
export function resolveConnect(given: ConnectOptions): ResolvedConnect {
  const options = checkOptions("connect", given, connectRules);
  const transmitters = [options.transmitters ?? defaultTransmitter].flat();
  if (transmitters.length === 0) {
    throw new MeshError("BAD_OPTION", "connect: transmitters must name at least one address");
  }
  return Object.freeze({
    service: checkService(options.service),
    transmitters,
    id: options.id === undefined ? randomThid() : readThid(options.id),
    echo: options.echo ?? true,
    connectTimeoutMs: options.connectTimeoutMs ?? 5000,
    drainTimeoutMs: options.drainTimeoutMs ?? drainTimeoutMs,
    drainOn: [options.drainOn ?? []].flat(),
    signal: options.signal,
    logger: options.logger,
    outboxBytesMax: options.outboxBytesMax ?? outboxBytesMax,
    outboxEventsMax: options.outboxEventsMax ?? outboxEventsMax,
    transport: options.transport,
  });
}

const defaultTransmitter = "tcp://127.0.0.1:5454";

/** @throws {MeshError} `BAD_OPTION` */
export function resolveSend(given: SendOptions): Readonly<SendOptions> {
  return checkOptions("send", given, sendRules);
}

/** @throws {MeshError} `BAD_OPTION` */
export function resolveAsk(given: AskOptions | undefined): Readonly<AskOptions> {
  return checkOptions("ask", given, askRules);
}

/** @throws {MeshError} `BAD_OPTION` */
export function resolveGather(given: GatherOptions | undefined): Readonly<GatherOptions> {
  return checkOptions("gather", given, gatherRules);
}

/** @throws {MeshError} `BAD_OPTION` */
export function resolveMulticatch(
  given: MulticatchOptions | undefined,
): Readonly<MulticatchOptions> {
  return checkOptions("multicatch", given, multicatchRules);
}

/** @throws {MeshError} `BAD_OPTION` */
export function resolveAnycatch(given: AnycatchOptions | undefined): Readonly<AnycatchOptions> {
  return checkOptions("anycatch", given, anycatchRules);
}
