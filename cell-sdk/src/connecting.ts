import { systemClock } from "./clock.js";
import { CellCore } from "./core/cell-core.js";
import type { CellStatus } from "./core/status.js";
import { ConnectedCell } from "./connected-cell.js";
import { CellDriver } from "./driver.js";
import type { Logger } from "./options.js";
import type { ResolvedConnect } from "./resolve-options.js";
import { abortError } from "./sending.js";
import { StatusSource } from "./status-stream.js";
import { SocketTransport } from "./transport/sockets.js";
import type { Transport } from "./transport/transport.js";

/** Makes a cell and attaches it. @throws {MeshError} as `connect`. */
export async function connectCell(options: ResolvedConnect): Promise<ConnectedCell> {
  if (options.signal?.aborted === true) throw abortError(options.signal);
  const transport: Transport = options.transport ?? new SocketTransport();
  for (const address of options.transmitters) transport.checkAddress(address);
  const status = new StatusSource();
  if (options.logger !== undefined) logTo(options.logger, status);
  const clock = transport.clock ?? systemClock;
  const core = new CellCore(options, {
    wallMs: () => clock.wallMs(),
    random: () => clock.random(),
    due: (what) => driver.due(what),
  });
  const driver: CellDriver = new CellDriver(core, transport, status);
  const cell = new ConnectedCell(options, driver, driver.ended);
  closeOn(options, cell);
  // After this turn: who listens should know the cell.
  queueMicrotask(() => driver.start());
  await welcomed(status, cell);
  return cell;
}

/** Resolves at the first welcome; rejects if the cell ends before. */
function welcomed(status: StatusSource, cell: ConnectedCell): Promise<void> {
  return new Promise((resolve, reject) => {
    const off = status.on(({ kind }) => {
      if (kind !== "welcome") return;
      off();
      resolve();
    });
    cell.closed.then(() => reject(abortError(undefined)), reject);
  });
}

/** Closes the cell on its signals, and stops listening to them when it has ended. */
function closeOn({ signal, drainOn }: ResolvedConnect, cell: ConnectedCell): void {
  const close = (): void => {
    // How it ends is told by `closed` and by the status.
    cell.close().catch(() => undefined);
  };
  signal?.addEventListener("abort", close, { once: true });
  for (const name of drainOn) process.once(name, close);
  const stop = (): void => {
    signal?.removeEventListener("abort", close);
    for (const name of drainOn) process.off(name, close);
  };
  cell.closed.then(stop, stop);
}

const worth: ReadonlySet<CellStatus["kind"]> = new Set([
  "suspect",
  "reconnecting",
  "gap",
  "slow",
  "refused",
  "warning",
]);

function logTo(logger: Logger, status: StatusSource): void {
  status.on((told) => {
    const { kind } = told;
    if (worth.has(kind)) logger.warn(told, `cell: ${kind}`);
    else logger.info(told, `cell: ${kind}`);
  });
}
