import type { Run } from "@thynapse/protocol";
import type { MulticatchSupply } from "./multicatch-supply.js";

/** The handlers of one multicatch. */
export class SupplyList {
  /** The smallest bound of a handler that does not drop. */
  bufferBytesMax = Number.POSITIVE_INFINITY;
  private supplies: readonly MulticatchSupply[] = [];

  get isEmpty(): boolean {
    return this.supplies.length === 0;
  }

  /** Handlers that run. */
  get runningCount(): number {
    return this.supplies.reduce((sum, supply) => sum + supply.runningCount, 0);
  }

  /** What waits for the slowest handler that does not drop. */
  get bufferedBytes(): number {
    let bytes = 0;
    for (const supply of this.supplies) {
      if (!supply.wish.dropOldest) bytes = Math.max(bytes, supply.bufferedBytes);
    }
    return bytes;
  }

  add(supply: MulticatchSupply): void {
    this.set([...this.supplies, supply]);
  }

  remove(supply: MulticatchSupply): void {
    this.set(this.supplies.filter((each) => each !== supply));
    supply.end();
  }

  put(run: Run, from: number, indexes: Uint32Array | undefined): void {
    for (const supply of this.supplies) supply.put(run, from, indexes);
  }

  gap(count: number | undefined): void {
    for (const supply of this.supplies) supply.gap(count);
  }

  pause(): void {
    for (const supply of this.supplies) supply.pause();
  }

  private set(supplies: readonly MulticatchSupply[]): void {
    this.supplies = supplies;
    const bounding = supplies.filter(({ wish }) => !wish.dropOldest);
    this.bufferBytesMax = Math.min(...bounding.map(({ wish }) => wish.bufferBytesMax));
  }
}
