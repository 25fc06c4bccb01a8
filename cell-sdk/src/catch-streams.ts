import { MeshError } from "@thynapse/protocol";
import type { CatchStream, Delivery } from "./catch.js";
import { CatchHandle } from "./catch-handle.js";
import type { Anycatch } from "./core/anycatch.js";
import type { CaughtEvent } from "./core/caught-event.js";
import type { HeldDelivery } from "./core/delivery.js";
import type { MulticatchSupply } from "./core/multicatch-supply.js";
import type { CellDriver, EventTaker } from "./driver.js";

/** Wakes the one loop that waits for events. */
abstract class IteratedCatch extends CatchHandle implements EventTaker {
  private isIterated = false;
  private isEnding = false;
  private wake: (() => void) | undefined;
  private readonly off: () => void;

  constructor(driver: CellDriver, supply: MulticatchSupply | Anycatch) {
    super(driver, supply);
    driver.take(supply, this);
    this.off = driver.status.on((status) => {
      if (status.kind === "closed") this.stop();
    });
  }

  run(): void {
    this.wake?.();
  }

  override release(): Promise<void> {
    this.stop();
    return super.release();
  }

  override refused(): void {
    this.stop();
    super.refused();
  }

  protected begin(): void {
    if (this.isIterated) throw new MeshError("INTERNAL", "a catch is iterated once");
    this.isIterated = true;
  }

  /** Takes the next event, waiting for it; `undefined` at the end. */
  protected async next<E>(take: () => E | undefined): Promise<E | undefined> {
    while (!this.isEnding) {
      const event = take();
      if (event !== undefined) return event;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    return undefined;
  }

  private stop(): void {
    this.isEnding = true;
    this.off();
    this.wake?.();
  }
}

/** A multicatch that is iterated. */
export class MulticatchStream extends IteratedCatch implements CatchStream<CaughtEvent> {
  private readonly events: MulticatchSupply;

  constructor(driver: CellDriver, supply: MulticatchSupply) {
    super(driver, supply);
    this.events = supply;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<CaughtEvent, void, void> {
    this.begin();
    try {
      for (;;) {
        const event = await this.next(() => this.events.take());
        if (event === undefined) return;
        try {
          yield event;
        } finally {
          this.events.finished();
        }
      }
    } finally {
      await this.release();
    }
  }
}

/** An anycatch that is iterated. */
export class AnycatchStream extends IteratedCatch implements CatchStream<Delivery> {
  private readonly deliveries: Anycatch;

  constructor(driver: CellDriver, supply: Anycatch) {
    super(driver, supply);
    this.deliveries = supply;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Delivery, void, void> {
    this.begin();
    try {
      for (;;) {
        const delivery = await this.next(() => this.deliveries.take());
        if (delivery === undefined) return;
        yield* this.lend(delivery);
      }
    } finally {
      await this.release();
    }
  }

  /** Hands one delivery to the loop; when the loop asks for the next one, it is acked. */
  private *lend(delivery: HeldDelivery): Generator<Delivery, void, void> {
    try {
      yield delivery;
      delivery.ack();
    } finally {
      // The loop was left with this one at hand: nobody knows whether it is done.
      delivery.release();
      this.deliveries.finished(delivery);
    }
  }
}
