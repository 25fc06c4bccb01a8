import type { InProcessTransmitter } from "@thynapse/cell-sdk";
import type { MeshError, Thid } from "@thynapse/protocol";
import { type Logger, pino } from "pino";
import { systemClock } from "./clock.js";
import { addressOf } from "./options/endpoints.js";
import {
  checkExposure,
  type LogLevel,
  resolveTransmitter,
  type TransmitterOptions,
} from "./options/options.js";
import { RunningTransmitter } from "./running.js";
import type { Reloaded } from "./options/settings.js";

/** How a transmitter ended. */
export interface Ending {
  /** Events that were accepted and that nobody has confirmed as handled, or taken over. */
  readonly unconfirmed: number;
  /** Events that were accepted and not handled, and that the successor has taken over. */
  readonly left?: number;
  /** The transmitter that has taken them over. */
  readonly successor?: Thid;
  /** Why it could not go on: `ID_TAKEN` if another transmitter of the mesh has its id. */
  readonly error?: MeshError;
}

/** A transmitter that runs in this process. */
export interface Transmitter extends AsyncDisposable {
  readonly id: Thid;
  /** Address of the command socket, as a cell on this machine reaches it. */
  readonly command: string;
  /** Address of the event socket. */
  readonly pub: string;
  readonly pid: number;
  /** Address of the metrics, if there are any. */
  readonly metrics: string | undefined;
  /** Resolves when the transmitter has ended, whoever ended it. Never rejects. */
  readonly closed: Promise<Ending>;
  /** Cells of this process attach here, past the sockets. */
  readonly inProcess: InProcessTransmitter;
  /**
   * Takes nothing more, waits at most `drainTimeoutMs` for what was accepted to be handled, tells
   * the cells, and ends. A second call returns the same promise.
   */
  drain(): Promise<Ending>;
  /** Ends at once: what is only accepted is lost here, and sent again by its senders elsewhere. */
  close(): Promise<void>;
  /**
   * Takes options as a start would, as far as they may change while it runs: those whose row in
   * `transmitterOptions` says `isLive`.
   *
   * @throws {MeshError} `BAD_OPTION`; nothing has changed then.
   */
  reload(options: TransmitterOptions): Reloaded;
  /** What `$mesh.status` answers. */
  status(): Readonly<Record<string, unknown>>;
  /** The metrics in Prometheus' text format. */
  prometheus(): string;
}

/** What a transmitter is given besides its options. */
export interface TransmitterSurroundings {
  /** Where lines go; default: JSON on standard error, from `logLevel` on. */
  readonly logger?: Logger;
  /** Ends a start that still waits for its mesh; afterwards it does nothing. */
  readonly signal?: AbortSignal;
}

/**
 * Starts a transmitter; resolves when both sockets are bound and cells are welcome.
 *
 * @throws {MeshError} `BAD_OPTION`; `ADDRESS_IN_USE`, whose hint names the next free port; `DENIED`
 * for a port that needs permission; `ID_TAKEN` if a transmitter of the mesh has its id; `ABORTED`.
 */
export async function startTransmitter(
  input: TransmitterOptions = {},
  { logger, signal }: TransmitterSurroundings = {},
): Promise<Transmitter> {
  const options = resolveTransmitter(input);
  const address = await addressOf(options.bind);
  checkExposure({ ...options, bind: address });
  const log = logger ?? makeLogger(options.logLevel);
  const running = new RunningTransmitter({ ...options, address }, log, systemClock);
  const cancel = (): void => running.cancel();
  signal?.addEventListener("abort", cancel);
  try {
    await running.bind();
    if (signal?.aborted) cancel();
    await running.start();
  } catch (error) {
    await running.end({ unconfirmed: 0, lingerMs: 0 });
    throw error;
  } finally {
    signal?.removeEventListener("abort", cancel);
  }
  return running;
}

function makeLogger(level: LogLevel): Logger {
  return pino({ level, base: null }, pino.destination({ dest: 2, sync: true }));
}
