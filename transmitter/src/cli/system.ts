import type { Cell } from "@thynapse/cell-sdk";

/** A cell as the requests of the mesh name it. */
export interface CellName {
  readonly id: string;
  readonly service: string;
}

/** Counts and names of one thing; which ones, PROTOCOL.md says. */
export type Row = Readonly<Record<string, unknown>>;

/** Result of `$mesh.explain`. */
export interface Explanation {
  readonly channel: string;
  readonly matched: number;
  readonly streams: readonly {
    readonly pattern: string;
    readonly encoding: string;
    readonly cells: readonly CellName[];
  }[];
  readonly groups: readonly {
    readonly service: string;
    readonly pattern: string;
    readonly backlog?: number;
    readonly members: readonly {
      readonly id: string;
      readonly free: number;
      readonly why: string;
    }[];
  }[];
  readonly others: readonly {
    readonly pattern: string;
    readonly mode: string;
    readonly service?: string;
    readonly why: string;
  }[];
}

/** Results of the requests that transmitters answer themselves. @see PROTOCOL.md §14 */
export interface SystemResults {
  readonly "$mesh.status": Row;
  readonly "$mesh.transmitters": readonly Row[];
  readonly "$mesh.cells": readonly Row[];
  readonly "$mesh.services": readonly Row[];
  readonly "$mesh.groups": readonly Row[];
  readonly "$mesh.patterns": readonly Row[];
  readonly "$mesh.explain": Explanation;
  readonly "$mesh.metrics": Readonly<Record<string, number>>;
  readonly "$mesh.prometheus": { readonly text: string };
  readonly "$mesh.dead.list": readonly Row[];
  readonly "$mesh.dead.show": Row;
  readonly "$mesh.dead.redrive": { readonly count: number };
  readonly "$mesh.dead.drop": { readonly count: number };
  readonly "$mesh.drain": { readonly accepted: boolean };
}

/** What else a system request is given. */
export interface SystemQuery {
  readonly data?: Row;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Asks a transmitter about itself. @throws {MeshError} as `Cell.ask`. */
export async function askSystem<K extends keyof SystemResults>(
  cell: Cell,
  request: K,
  { data = {}, timeoutMs, signal }: SystemQuery,
): Promise<SystemResults[K]> {
  return await cell.ask<SystemResults[K]>(request, data, { timeoutMs, signal });
}
