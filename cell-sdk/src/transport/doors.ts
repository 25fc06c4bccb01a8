/**
 * How long an address is left alone at which the last connection was refused, at first and at most,
 * in ms; twice as long each time. A transmitter that has just started waits a second for its cells.
 */
const restMsFirst = 50;
const restMsMax = 200;
/** Addresses that are remembered. */
const addressesMax = 1024;

/** A cell that wants to connect to an address. */
export interface Caller {
  /**
   * Whether it has no other address to turn to: it waits until somebody listens, rather than being
   * turned away for what another caller has found.
   */
  readonly isPatient: boolean;
  /** It is its turn to connect. `refusals`: how many others were refused while it waited. */
  enter(refusals: number): void;
  /** Another caller was refused. */
  turnAway(): void;
}

/** One address. */
interface Door {
  /** Whether a connection stood there when something was last heard of it. */
  isOpen: boolean;
  /** Who tries, for all others, whether somebody listens. */
  scout: Caller | undefined;
  /** When a connection was refused last, and how long the door is left alone after that. */
  refusedMs: number;
  restMs: number;
  /** Who waits for what the scout finds, and how many were refused meanwhile. */
  readonly waiting: Map<Caller, number>;
  timer: NodeJS.Timeout | undefined;
}

/**
 * The addresses that the cells of a process connect to. Where nothing stands yet, or what stood was
 * lost, one cell tries for all: the others come in when it is through, and not before.
 *
 * A thousand cells that lost one transmitter would all try it, each with sockets of its own, again
 * and again until it is there: more work than to attach is, just when a transmitter has to start.
 */
export class Doors {
  private readonly doors = new Map<string, Door>();

  /** How many addresses are remembered. */
  get count(): number {
    return this.doors.size;
  }

  /** Has a caller connect now, or when it can, or not at all. */
  knock(address: string, caller: Caller): void {
    const door = this.at(address);
    if (door.isOpen) caller.enter(0);
    else if (door.scout === undefined && restLeftMs(door) <= 0) scout(door, caller, 0);
    else if (door.scout !== undefined || caller.isPatient) wait(door, caller);
    else caller.turnAway();
  }

  /** A connection stands. */
  opened(address: string): void {
    const door = this.at(address);
    if (door.isOpen) return;
    door.isOpen = true;
    door.refusedMs = Number.NEGATIVE_INFINITY;
    door.restMs = restMsFirst / 2;
    door.scout = undefined;
    letIn(door);
  }

  /** The connection of a caller was refused. */
  refused(address: string, caller: Caller): void {
    const door = this.at(address);
    door.isOpen = false;
    door.refusedMs = performance.now();
    if (door.scout === caller) {
      door.scout = undefined;
      door.restMs = Math.min(2 * door.restMs, restMsMax);
    }
    for (const [other, refusals] of door.waiting) {
      if (other.isPatient) door.waiting.set(other, refusals + 1);
      else {
        door.waiting.delete(other);
        other.turnAway();
      }
    }
    tryLater(door);
  }

  /** A caller has given up, or its connection is lost, however far it had come. */
  left(address: string, caller: Caller): void {
    const door = this.doors.get(address);
    if (door === undefined) return;
    door.waiting.delete(caller);
    if (door.scout !== caller) return;
    door.scout = undefined;
    tryLater(door);
  }

  /** A connection that stood was lost. */
  lost(address: string): void {
    const door = this.doors.get(address);
    if (door === undefined) return;
    door.isOpen = false;
    tryLater(door);
  }

  private at(address: string): Door {
    const present = this.doors.get(address);
    if (present !== undefined) return present;
    if (this.doors.size >= addressesMax) this.forget();
    const door: Door = {
      isOpen: false,
      scout: undefined,
      refusedMs: Number.NEGATIVE_INFINITY,
      restMs: restMsFirst / 2,
      waiting: new Map(),
      timer: undefined,
    };
    this.doors.set(address, door);
    return door;
  }

  /** Forgets the addresses at which nobody is at this time. */
  private forget(): void {
    for (const [address, { scout: trying, waiting }] of this.doors) {
      if (trying === undefined && waiting.size === 0) this.doors.delete(address);
    }
  }
}

/** How long nobody tries from now on, in ms. */
function restLeftMs({ refusedMs, restMs }: Door): number {
  return refusedMs + restMs - performance.now();
}

function wait(door: Door, caller: Caller): void {
  door.waiting.set(caller, 0);
  tryLater(door);
}

function scout(door: Door, caller: Caller, refusals: number): void {
  door.scout = caller;
  caller.enter(refusals);
}

/** Has the next of those that wait try when it is time, unless somebody does. */
function tryLater(door: Door): void {
  if (door.timer !== undefined || door.scout !== undefined || door.waiting.size === 0) return;
  door.timer = setTimeout(
    () => {
      door.timer = undefined;
      const [next] = door.waiting;
      if (next === undefined || door.isOpen || door.scout !== undefined) return;
      door.waiting.delete(next[0]);
      scout(door, ...next);
    },
    Math.max(0, restLeftMs(door)),
  );
}

/** Lets those in that wait, one in each turn: the first are welcome before the last come. */
function letIn(door: Door): void {
  const [next] = door.waiting;
  if (next === undefined || !door.isOpen) return;
  door.waiting.delete(next[0]);
  next[0].enter(next[1]);
  setImmediate(() => letIn(door));
}
