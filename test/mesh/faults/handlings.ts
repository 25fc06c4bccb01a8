import type { LogRecord } from "../../simulation/log.js";

/** What the log says of one event, of all groups together. */
export interface HandledEvent {
  readonly id: string;
  channel: string;
  isSent: boolean;
  /** Records of handlers that began with it, in the order of their times. */
  readonly begun: LogRecord[];
  readonly acked: LogRecord[];
}

/** Gathers by identity, (sender, number), what became of each event. */
export function handledEvents(records: Iterable<LogRecord>): Map<string, HandledEvent> {
  const events = new Map<string, HandledEvent>();
  for (const record of records) {
    const { id, action, channel } = record;
    if (id === "") continue;
    let event = events.get(id);
    if (event === undefined) {
      event = { id, channel: "", isSent: false, begun: [], acked: [] };
      events.set(id, event);
    }
    event.channel ||= channel ?? "";
    if (action === "sent") event.isSent = true;
    else if (action === "begun") event.begun.push(record);
    else if (action === "acked") event.acked.push(record);
  }
  return events;
}

/** Events that were sent and that no handler ever acked. */
export function lostOf(events: ReadonlyMap<string, HandledEvent>): string[] {
  return [...events.values()]
    .filter(({ isSent, acked }) => isSent && acked.length === 0)
    .map(({ id }) => id);
}

/** Events that more than one handler began with. */
export function twiceOf(events: ReadonlyMap<string, HandledEvent>): HandledEvent[] {
  return [...events.values()].filter(({ begun }) => begun.length > 1);
}

/**
 * Events that more than one handler began with without being told that it may not be the first. One may: a cell that was
 * frozen with the event in its buffer begins with it when it wakes, and cannot know.
 */
export function unmarkedOf(events: ReadonlyMap<string, HandledEvent>): HandledEvent[] {
  return [...events.values()].filter(({ begun }) => {
    return begun.filter(({ repeat, attempt = 1 }) => repeat !== true && attempt === 1).length > 1;
  });
}
