import { type EventToSend, type EventView, type Fields, packedBody } from "./frames.js";

/** What one event or settlement was told, in either encoding. */
export interface Confirm {
  readonly seq?: number;
  readonly settled?: number;
  readonly state?: string;
  readonly matched?: number;
  readonly repeat?: boolean;
  readonly code?: string;
  readonly ref?: unknown;
}

/** One delivery, in either encoding. */
export interface Delivery extends EventView {
  readonly catch: number;
  readonly origin: string;
  readonly number: number;
  readonly attempt: number;
  readonly repeat: boolean;
  readonly claimed?: boolean;
}

/** The fields that name a delivery. */
export function nameOf(delivery: Delivery): Fields {
  const { catch: number, origin, number: first, attempt } = delivery;
  return { catch: number, origin, number: first, attempt };
}

/** What a CNFM in `M` says of each event and settlement. */
export function confirmsOf(fields: Fields): Confirm[] {
  const rows = (name: string): unknown[][] => (fields[name] ?? []) as unknown[][];
  return [
    ...rows("accepted").flatMap(([first, last, matched, repeat]) =>
      each(first, last, { state: "accepted", matched, ...(repeat === true && { repeat }) }),
    ),
    ...rows("refused").flatMap(([first, last, code]) =>
      each(first, last, { state: "refused", code }),
    ),
    ...rows("handled").flatMap(([first, last]) => each(first, last, { state: "handled" })),
    ...rows("settled").flatMap(([first, last]) =>
      each(first, last, {}).map(({ seq }) => ({ settled: seq as number })),
    ),
  ];
}

function each(first: unknown, last: unknown, fields: Fields): Confirm[] {
  const length = (last as number) - (first as number) + 1;
  return Array.from({ length }, (_, index) => ({ seq: (first as number) + index, ...fields }));
}

/** What goes along with one settlement in `M`. */
export function packedDetail({ result, outputs, ...rest }: Fields): Fields | null {
  const detail: Fields = { ...rest };
  if (result !== undefined) detail["result"] = packedBody(result);
  if (outputs !== undefined) {
    detail["outputs"] = (outputs as EventToSend[]).map(({ channel, data, ...extras }) => [
      channel,
      ...packedBody(data),
      extras,
    ]);
  }
  return Object.keys(detail).length > 0 ? detail : null;
}
