import { Held, type SpanName } from "./held.js";
import type { Span } from "./ledger.js";

/**
 * Who can be given deliveries of a group, and holds them until they are settled: a cell of this
 * transmitter, or another transmitter with cells of the group.
 */
export abstract class Holder {
  readonly held = new Held();

  /** Names it in the mesh. */
  abstract readonly id: string;

  /** Deliveries that it would still take. */
  abstract get free(): number;

  get heldCount(): number {
    return this.held.count;
  }

  hold(span: Span, nowMs: number): void {
    span.begunMs = Number.POSITIVE_INFINITY;
    this.held.push(span);
    this.begin(nowMs);
  }

  /**
   * Takes the deliveries of this name out of what is held, as spans; nothing that is not held under
   * that attempt is touched.
   */
  take(name: SpanName, nowMs: number): Span[] {
    const taken = this.held.take(name);
    if (taken.length > 0) this.begin(nowMs);
    return taken;
  }

  takeAll(): Span[] {
    return this.held.takeAll();
  }

  /** The span that holds this delivery, if it is held. */
  find(origin: string, number: number, attempt: number): Span | undefined {
    return this.held.find(origin, number, attempt);
  }

  /** What is held has changed. */
  protected abstract begin(nowMs: number): void;
}
