import type { Encoding, Fields } from "./frames.js";
import { fresh } from "./names.js";
import { type Addresses, RawCell } from "./raw-cell.js";

/** A sender, and a worker of a fresh service that catches a fresh channel. */
export interface Work {
  readonly sender: RawCell;
  readonly worker: RawCell;
  readonly channel: string;
  /** Number of the worker's catch. */
  readonly number: number;
}

/** Attaches a sender and a worker that speak the same encoding. */
export async function work(at: Addresses, encoding: Encoding, options: Fields = {}): Promise<Work> {
  const channel = fresh();
  const worker = await RawCell.attach(at, { encoding });
  const { catch: number } = await worker.catch(channel, "any", options);
  const sender = await RawCell.attach(at, { encoding });
  return { sender, worker, channel, number: number as number };
}

/** Attaches another cell of the worker's service, with the same catch. */
export async function colleague(
  at: Addresses,
  { worker, channel }: Work,
  options: Fields = {},
): Promise<RawCell> {
  const { encoding, service } = worker;
  const cell = await RawCell.attach(at, { encoding, service });
  await cell.catch(channel, "any", options);
  return cell;
}

/** What a cell has been given by now. */
export async function drained(
  cell: RawCell,
): Promise<ReturnType<RawCell["deliveries"]["takeAll"]>> {
  await cell.roundTrip();
  return cell.deliveries.takeAll();
}

/** The numbers 1 … last. */
export function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}
