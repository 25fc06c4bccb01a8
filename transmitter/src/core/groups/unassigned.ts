import type { RangeSet } from "@thynapse/protocol";
import type { Group } from "./group.js";
import { cutBelow, type Lot, type Span } from "./ledger.js";

/** The events of a lot that are wanted, by their numbers at the sender; `undefined`: none is. */
export type Wish = (lot: Lot) => RangeSet | undefined;

/** What nobody has of a group: it waits for its turn, for a back-off to end, or for claims. */
export function* unassigned({ backlog, waiting, held }: Group): Generator<Span> {
  yield* backlog;
  yield* waiting;
  yield* held;
}

/**
 * Takes out of what nobody has the events that are wanted; the others stay, and so do those with an
 * idempotency key: what repeats them is known here alone. @see PROTOCOL.md §11.6
 */
export function takeUnassigned(group: Group, wish: Wish): Span[] {
  const { backlog, waiting, held, owners } = group;
  const isTouched = (span: Span): boolean => {
    const wanted = wish(span.lot);
    return wanted !== undefined && hasWanted(span, wanted);
  };
  const taken: Span[] = [];
  const part = (span: Span, putBack: (left: Span) => void): void => {
    for (const [piece, isWanted] of pieces(span, wish(span.lot) as RangeSet)) {
      if (isWanted) taken.push(piece);
      else putBack(piece);
    }
  };
  for (const span of backlog.takeIf(isTouched)) {
    part(span, (left) => {
      if (left.attempt === 0 && !left.repeat) backlog.insert(left);
      else backlog.pushFront([left]);
    });
  }
  for (const span of [...waiting].filter(isTouched)) {
    waiting.delete(span);
    owners.release(span);
    part(span, (left) => backlog.pushFront([left]));
  }
  for (const span of [...held].filter(isTouched)) {
    held.delete(span);
    owners.letGo(span);
    part(span, (left) => {
      held.add(left);
      owners.holdBack(left);
    });
  }
  return taken;
}

function hasWanted({ lot, from, to }: Span, wanted: RangeSet): boolean {
  const seqAt = (number: number): number => lot.run.seqAt(number - lot.firstNumber);
  if (!wanted.overlaps(seqAt(from), seqAt(to - 1))) return false;
  for (let number = from; number < to; number++) if (isWanted(lot, number, wanted)) return true;
  return false;
}

function isWanted({ run, firstNumber }: Lot, number: number, wanted: RangeSet): boolean {
  const index = number - firstNumber;
  return wanted.has(run.seqAt(index)) && run.extrasAt(index)?.id === undefined;
}

/** Cuts a span where wanted events and others meet. */
function* pieces(span: Span, wanted: RangeSet): Generator<readonly [Span, isWanted: boolean]> {
  const { lot, from, to } = span;
  for (let number = from + 1; number < to; number++) {
    const before = isWanted(lot, number - 1, wanted);
    if (isWanted(lot, number, wanted) !== before) yield [cutBelow(span, number), before];
  }
  yield [span, isWanted(lot, to - 1, wanted)];
}
