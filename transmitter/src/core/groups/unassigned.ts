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

/** Takes out of what nobody has the events that are wanted; the others stay. */
export function takeUnassigned(group: Group, wish: Wish): Span[] {
  const { backlog, waiting, held, owners } = group;
  const isTouched = ({ lot, from, to }: Span): boolean => {
    const seqAt = (number: number): number => lot.run.seqAt(number - lot.firstNumber);
    return wish(lot)?.overlaps(seqAt(from), seqAt(to - 1)) === true;
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

/** Cuts a span where wanted events and others meet. */
function* pieces(span: Span, wanted: RangeSet): Generator<readonly [Span, isWanted: boolean]> {
  const { run, firstNumber } = span.lot;
  const isWanted = (number: number): boolean => wanted.has(run.seqAt(number - firstNumber));
  const { from, to } = span;
  for (let number = from + 1; number < to; number++) {
    const before = isWanted(number - 1);
    if (isWanted(number) !== before) yield [cutBelow(span, number), before];
  }
  yield [span, isWanted(to - 1)];
}
