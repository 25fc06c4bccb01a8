/** Counts by name, of one run or of many. */
export class Totals {
  private readonly counts = new Map<string, number>();

  add(name: string, by = 1): void {
    this.counts.set(name, this.of(name) + by);
  }

  of(name: string): number {
    return this.counts.get(name) ?? 0;
  }

  [Symbol.iterator](): IterableIterator<[string, number]> {
    return this.counts.entries();
  }

  /** Those of `names` that were never counted. */
  zeros(names: readonly string[]): string[] {
    return names.filter((name) => this.of(name) === 0);
  }

  /** `name count` of each of `names`, in a row. */
  say(names: readonly string[]): string {
    return names.map((name) => `${name} ${this.of(name)}`).join(", ");
  }
}
