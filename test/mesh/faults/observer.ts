import { type Cell, connect } from "@thynapse/cell-sdk";

import type { FaultMesh } from "./fault-mesh.js";

/** What the transmitter says of one cell. */
export interface ObservedCell {
  readonly id: string;
  readonly state: string;
  readonly held: number;
}

/** A cell of the test itself that asks the transmitter what it knows. */
export class Observer implements AsyncDisposable {
  private readonly cell: Cell;

  private constructor(cell: Cell) {
    this.cell = cell;
  }

  static async of(mesh: FaultMesh): Promise<Observer> {
    return new Observer(await connect({ service: "observer", transmitters: mesh.command }));
  }

  cells(): Promise<ObservedCell[]> {
    return this.cell.ask<ObservedCell[]>("$mesh.cells", {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cell.close();
  }
}
