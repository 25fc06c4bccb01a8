/** Who reads what senders send: a stream, or another transmitter. */
export interface Pacer {
  /** Whether senders should wait for it. */
  isAhead(nowMs: number): boolean;
}

/** How far one cell has read one stream. */
export interface Reader {
  readonly catchNumber: number;
  /** Last number that the cell has seen or given up. */
  readMax: number;
  /** What was published up to there. */
  place: Place;
  /** When the cell last said so. */
  toldMs: number;
  /** Since when it has been too far behind, without having caught up in between. */
  behindSinceMs: number;
  /** The turn in which a hole of it was last repaired. */
  repairedTurn: number;
}

/** A place in a stream: what was published up to it. */
export interface Place {
  readonly outBytes: number;
  readonly outMessages: number;
}

/** So far behind, pipes are about to overflow: they hold 512 messages, and the ring 64 MiB. */
const behindBytes = 8 * 1024 * 1024;
const behindMessages = 256;
/** A reader that was behind has caught up when its distance is this part of that. */
const caughtUpPart = 0.75;
/** A reader that said nothing for so long is slow or frozen: nobody waits for it. */
const silentMs = 200;
/** Nor for one that has not caught up in this time. */
const patienceMs = 500;

/** A reader of a stream that begins at `place`. */
export function newReader(catchNumber: number, readMax: number, place: Place): Reader {
  const { outBytes, outMessages } = place;
  return {
    catchNumber,
    readMax,
    place: { outBytes, outMessages },
    toldMs: Number.NEGATIVE_INFINITY,
    behindSinceMs: Number.POSITIVE_INFINITY,
    repairedTurn: -1,
  };
}

/**
 * Whether senders to a stream should wait for its readers: for the furthest in any case, and for
 * those behind it as long as they read on and catch up soon. A slow or frozen reader is waited for
 * once, for a moment; then it costs nobody anything until it has caught up.
 *
 * @see PROTOCOL.md §8.10
 */
export function mustWait(readers: Iterable<Reader>, end: Place, nowMs: number): boolean {
  let furthestWaits: boolean | undefined;
  let furthestBytes = -1;
  let anyWaits = false;
  for (const reader of readers) {
    if (reader.toldMs === Number.NEGATIVE_INFINITY) continue;
    const isBehind = isFurther(reader.place, end, 1);
    if (reader.place.outBytes > furthestBytes) {
      furthestBytes = reader.place.outBytes;
      furthestWaits = isBehind;
    }
    if (!isBehind) {
      if (!isFurther(reader.place, end, caughtUpPart)) {
        reader.behindSinceMs = Number.POSITIVE_INFINITY;
      }
    } else if (nowMs - reader.toldMs <= silentMs) {
      reader.behindSinceMs = Math.min(reader.behindSinceMs, nowMs);
      if (nowMs - reader.behindSinceMs <= patienceMs) anyWaits = true;
    }
  }
  return anyWaits || furthestWaits === true;
}

function isFurther(place: Place, end: Place, part: number): boolean {
  if (end.outMessages - place.outMessages > behindMessages * part) return true;
  return end.outBytes - place.outBytes > behindBytes * part;
}
