import type { Cell, CellStatus } from "@thynapse/cell-sdk";
import { CliFault, type ExitCode, exitCode, faultOf, isMeshError } from "./fault.js";
import { printable } from "./printable.js";
import type { cellFlags } from "./common-flags.js";
import type { Invocation } from "./verb.js";

/** The service that a verb is a cell of, unless it was told another. */
export const cliService = "thynapse-cli";

/** Why a verb nacked a delivery. It has said so itself, so the cell need not. */
export class Nack extends Error {
  override readonly name = "nack";
}

/** What a verb gets to work with a mesh. */
export interface Session {
  readonly cell: Cell;
  /** Aborts when the verb is to end: on a signal, or when nobody reads its output any more. */
  readonly ending: AbortSignal;
}

/** Who a verb is in the mesh. */
export interface SessionOptions {
  readonly service?: string;
  /** Whether the verb catches the events that it sends itself: default true. */
  readonly echo?: boolean;
  /**
   * How long handlers that run may take when the verb ends: default 0, since what a verb wants to
   * know of its own events it has waited for.
   */
  readonly drainTimeoutMs?: number;
}

/**
 * Attaches a cell, lets `work` use it, and says farewell.
 *
 * Resolves with what `work` resolves with, or with 130 or 143 after a signal; what the cell lives
 * through (a lost transmitter, a gap) is told on standard error.
 */
export async function withCell(
  invocation: Invocation<typeof cellFlags>,
  work: (session: Session) => Promise<ExitCode>,
  options: SessionOptions = {},
): Promise<ExitCode> {
  const { interrupts, out } = invocation;
  const ending = AbortSignal.any([interrupts.signal, out.gone]);
  try {
    const cell = await attach(invocation, options);
    try {
      const exit = await Promise.race([work({ cell, ending }), refusal(cell)]);
      return interrupts.exit ?? exit;
    } finally {
      await cell.close().catch(() => undefined);
    }
  } catch (thrown) {
    if (interrupts.exit !== undefined) return interrupts.exit;
    if (out.gone.aborted) return exitCode.ok;
    throw thrown;
  }
}

/**
 * Waits for catches to be armed, which takes as long as a transmitter of the mesh is stuck; rejects
 * when the verb is to end.
 */
export async function untilArmed<T>(arming: Promise<T>, ending: AbortSignal): Promise<T> {
  const ended = new Promise<never>((_, reject) => {
    const end = (): void => reject(ending.reason);
    if (ending.aborted) end();
    else ending.addEventListener("abort", end, { once: true });
  });
  return await Promise.race([arming, ended]);
}

/** Attaches a cell. @throws {CliFault} 69 with the addresses, 130 or 143 after a signal. */
export async function attach(
  invocation: Invocation<typeof cellFlags>,
  options: SessionOptions = {},
): Promise<Cell> {
  const { flags, err, interrupts } = invocation;
  const { connect } = await import("@thynapse/cell-sdk");
  // Closing is the verb's, so that it can still say how far it came; a signal ends only the wait.
  const giveUp = new AbortController();
  const onSignal = () => giveUp.abort();
  interrupts.signal.addEventListener("abort", onSignal);
  if (interrupts.signal.aborted) onSignal();
  try {
    const cell = await connect({
      service: options.service ?? cliService,
      transmitters: flags.transmitter,
      connectTimeoutMs: flags["connect-timeout"],
      drainTimeoutMs: options.drainTimeoutMs ?? 0,
      signal: giveUp.signal,
      ...(options.echo === undefined ? {} : { echo: options.echo }),
    });
    cell.status.on(statusTeller((text) => void err.line(`thynapse: ${printable(text)}`)));
    return cell;
  } catch (thrown) {
    throw unreachable(thrown, flags.transmitter);
  } finally {
    interrupts.signal.removeEventListener("abort", onSignal);
  }
}

function unreachable(thrown: unknown, addresses: readonly string[]): unknown {
  if (!isMeshError(thrown) || thrown.code !== "UNREACHABLE") return thrown;
  const tried = addresses.join(", ");
  const text = thrown.message.includes(tried) ? thrown.message : `${thrown.message}: ${tried}`;
  const flags = addresses.map((address) => `-t ${address}`).join(" ");
  const fix = `thynapse up starts one, thynapse doctor ${flags} says what is there`;
  return new CliFault(exitCode.unreachable, text, { fix, cause: thrown });
}

/** Rejects if the cell ends by itself, because a transmitter refused it. */
function refusal(cell: Cell): Promise<never> {
  return new Promise((_, reject) => {
    cell.closed.catch((thrown: unknown) => reject(faultOf(thrown)));
  });
}

/** Tells what an operator should know, each outage once. */
function statusTeller(tell: (text: string) => void): (status: CellStatus) => void {
  let lost = false;
  return (status) => {
    if (status.kind === "reconnecting" && !lost) {
      lost = true;
      tell(`lost the transmitter (${status.reason}); trying again`);
    } else if (status.kind === "welcome" && lost) {
      lost = false;
      tell(`attached again, to ${status.address}`);
    } else if (status.kind === "gap") {
      tell(`gap: ${status.count ?? "an unknown number of"} events of ${status.pattern} are lost`);
    } else if (status.kind === "slow") {
      tell(`slow: ${status.bufferedBytes} bytes of ${status.pattern} wait here`);
    } else if (status.kind === "warning" && !(status.cause instanceof Nack)) {
      tell(status.message);
    }
  };
}
