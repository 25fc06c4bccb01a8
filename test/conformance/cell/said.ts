import { bodyView, type Fields, type Heard } from "../transmitter/frames.js";

/** One event that a cell has sent, in either encoding. */
export interface SaidEvent {
  readonly channel: string;
  readonly data?: unknown;
  readonly seq: number;
  readonly floor: number;
  /** Whether the cell says that it was sent before. */
  readonly repeat: boolean;
  /** Whether the cell says that it knows that it is handled. */
  readonly handled: boolean;
  readonly headers?: unknown;
  readonly key?: unknown;
  readonly ttlMs?: unknown;
  readonly id?: unknown;
  readonly ask?: unknown;
}

/** One settlement of one delivery, in either encoding. */
export interface SaidSettlement {
  readonly catch: unknown;
  readonly origin: unknown;
  readonly number: number;
  readonly attempt: unknown;
  readonly outcome: string;
  readonly ref: number;
  readonly reason?: unknown;
  readonly result?: unknown;
  readonly outputs?: readonly { readonly channel: string; readonly data?: unknown }[];
}

/** What `J` leaves out. */
const absent = { repeat: false, handled: false, floor: 0 };

const outcomes = ["ack", "nack", "release", "reject"];

/** The events of an EVNT. `session` is that of the HELO before it. */
export function eventsOf({ encoding, fields, events }: Heard, session: number): SaidEvent[] {
  if (encoding === "J") {
    return [{ ...absent, ...(fields as unknown as SaidEvent) }];
  }
  return events.map((event) => {
    return { handled: false, ...event, repeat: (event.session ?? 1) < session };
  });
}

/** The settlements of a SETL. */
export function settlementsOf({ encoding, fields }: Heard): SaidSettlement[] {
  if (encoding === "J") return [fields as unknown as SaidSettlement];
  const { catch: number, origin, ref } = fields;
  const base = { catch: number, origin, ref: ref as number };
  return (fields["settled"] as unknown[][]).flatMap(([outcome, first, count, attempt, detail]) =>
    Array.from({ length: count as number }, (_, index) => ({
      ...base,
      ...unpacked(detail as Fields | undefined),
      number: (first as number) + index,
      attempt,
      outcome: outcomes[outcome as number] as string,
    })),
  );
}

/** The body of a RPLY. */
export function replyOf({ fields }: Heard): Fields {
  const { body, ...rest } = fields;
  return body === undefined ? rest : { ...rest, ...bodyView(body) };
}

function unpacked(detail: Fields | null | undefined): Fields {
  if (detail === undefined || detail === null) return {};
  const { result, outputs, ...rest } = detail;
  return {
    ...rest,
    ...(result !== undefined && { result: bodyView(result).data }),
    ...(outputs !== undefined && { outputs: (outputs as unknown[][]).map(unpackedOutput) }),
  };
}

function unpackedOutput([channel, tag, body]: unknown[]): { channel: string; data?: unknown } {
  return { channel: channel as string, ...bodyView([tag, body]) };
}
