import type { MeshError } from "@thynapse/protocol";

/** Who waits for something that an outbox will once be able to say. */
export interface Waiter {
  resolve(): void;
  reject(error: MeshError): void;
}

/**
 * Those who wait for the outbox as a whole: until what was sent is answered, or until there is
 * room.
 */
export class OutboxWaiters {
  private flushes: { readonly below: number; readonly waiter: Waiter }[] = [];
  private rooms: Waiter[] = [];
  /** The first refusal that nobody was waiting for. */
  private unheard: MeshError | undefined;

  /** Waits until all events below the number are answered. */
  addFlush(below: number, waiter: Waiter): void {
    this.flushes.push({ below, waiter });
  }

  addRoom(waiter: Waiter): void {
    this.rooms.push(waiter);
  }

  /** Remembers a refusal for the next flush. */
  remember(error: MeshError): void {
    this.unheard ??= error;
  }

  /** Everything below `answered` is answered. */
  answered(answered: number): void {
    if (this.flushes.length === 0) return;
    const due = this.flushes.filter(({ below }) => below <= answered);
    if (due.length === 0) return;
    this.flushes = this.flushes.filter(({ below }) => below > answered);
    const refusal = this.unheard;
    this.unheard = undefined;
    for (const { waiter } of due) {
      if (refusal === undefined) waiter.resolve();
      else waiter.reject(refusal);
    }
  }

  /** Tells those who wait for room, if there is some. */
  room(hasRoom: () => boolean): void {
    if (this.rooms.length === 0 || !hasRoom()) return;
    const rooms = this.rooms;
    this.rooms = [];
    for (const waiter of rooms) waiter.resolve();
  }

  end(error: MeshError): void {
    const waiters = [...this.flushes.map(({ waiter }) => waiter), ...this.rooms];
    this.flushes = [];
    this.rooms = [];
    for (const waiter of waiters) waiter.reject(error);
  }
}
