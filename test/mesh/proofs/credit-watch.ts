import { type Cell, connect } from "@thynapse/cell-sdk";
import { setTimeout as delay } from "node:timers/promises";

import type { FaultMesh } from "../faults/fault-mesh.js";
import type { ObservedCell } from "../faults/observer.js";
import { askOf } from "./views.js";

const lookMs = 50;

/** Looks again and again at how many deliveries each cell of a service holds. */
export class CreditWatch {
  private readonly heldMax = new Map<string, number>();
  private readonly observer: Cell;
  private readonly service: string;
  private readonly looking: Promise<void>;
  private isWanted = true;

  static async begin(mesh: FaultMesh, service: string): Promise<CreditWatch> {
    // One of them answers for all.
    const observer = await connect({ service: "observer", transmitters: mesh.command });
    return new CreditWatch(observer, service);
  }

  private constructor(observer: Cell, service: string) {
    this.observer = observer;
    this.service = service;
    this.looking = this.look();
    this.looking.catch(() => {});
  }

  /** Stops looking. @returns the most that each cell, by its id, was seen to hold. */
  async end(): Promise<ReadonlyMap<string, number>> {
    this.isWanted = false;
    await this.looking;
    await this.observer.close();
    return this.heldMax;
  }

  private async look(): Promise<void> {
    while (this.isWanted) {
      const wanted = { service: this.service };
      const cells = await askOf<ObservedCell[]>(this.observer, "$mesh.cells", wanted);
      for (const { id, held } of cells) {
        this.heldMax.set(id, Math.max(held, this.heldMax.get(id) ?? 0));
      }
      await delay(lookMs);
    }
  }
}
