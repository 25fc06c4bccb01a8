/** An event that came in, and the attempt under which it came first. */
export interface Given {
  readonly id: string;
  readonly attempt: number;
}

/** What a delivery is called: its origin, its number there, and the attempt. */
export interface DeliveryName {
  readonly origin: string;
  readonly number: number;
  readonly attempt: number;
}

interface Entry {
  given: Given;
  name: DeliveryName;
}

/** The deliveries of one anycatch that are at a cell, by event and by the name that each has now. */
export class GivenBook {
  private readonly byId = new Map<string, Entry>();
  private readonly byName = new Map<string, Map<number, Entry>>();

  /** The delivery of an event, if the cell has it. */
  of(id: string): Given | undefined {
    return this.byId.get(id)?.given;
  }

  /** A delivery came in; the event keeps its first attempt and gets this name. */
  putIn(given: Given, name: DeliveryName): void {
    const former = this.byId.get(given.id);
    if (former !== undefined) this.forget(former);
    const entry = { given, name };
    this.byId.set(given.id, entry);
    const { origin, number } = name;
    let numbers = this.byName.get(origin);
    if (numbers === undefined) {
      numbers = new Map();
      this.byName.set(origin, numbers);
    }
    numbers.set(number, entry);
  }

  /** The delivery of this name is no more at the cell. @returns it, if it was there. */
  takeOut(origin: string, number: number, attempt: number): Given | undefined {
    const entry = this.byName.get(origin)?.get(number);
    if (entry?.name.attempt !== attempt) return undefined;
    this.forget(entry);
    this.byId.delete(entry.given.id);
    return entry.given;
  }

  private forget(entry: Entry): void {
    const { origin, number } = entry.name;
    const numbers = this.byName.get(origin);
    if (numbers?.get(number) === entry) numbers.delete(number);
  }
}
