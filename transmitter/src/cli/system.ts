import type { Cell } from "@thynapse/cell-sdk";

/** A cell as the requests of the mesh name it. */
export interface CellName {
  readonly id: string;
  readonly service: string;
}

/** Counts and names of one thing; which ones, PROTOCOL.md says. */
export type Row = Readonly<Record<string, unknown>>;

/** Where a cell is: its transmitter, and how an event gets there. */
export interface Place {
  readonly transmitter: string;
  /** `local`, or `over the link to …`. */
  readonly way: string;
}

/** Result of `$mesh.explain`. */
export interface Explanation {
  readonly channel: string;
  readonly matched: number;
  readonly streams: readonly (Place & {
    readonly pattern: string;
    readonly encoding: string;
    readonly cells: readonly CellName[];
  })[];
  readonly groups: readonly {
    readonly service: string;
    readonly pattern: string;
    readonly backlog?: number;
    readonly members: readonly (Place & {
      readonly id: string;
      readonly free: number;
      readonly why: string;
    })[];
  }[];
  readonly others: readonly {
    readonly pattern: string;
    readonly mode: string;
    readonly service?: string;
    readonly why: string;
  }[];
  /** Transmitters that did not answer. */
  readonly missing?: readonly string[];
}

/** Requests whose result is a list with the rows of all transmitters. */
export type ListRequest =
  | "$mesh.transmitters"
  | "$mesh.links"
  | "$mesh.cells"
  | "$mesh.services"
  | "$mesh.groups"
  | "$mesh.patterns"
  | "$mesh.dead.list";

/** Results of the requests that transmitters answer. @see PROTOCOL.md §14 */
export interface SystemResults extends Readonly<Record<ListRequest, readonly Row[]>> {
  readonly "$mesh.status": Row;
  readonly "$mesh.explain": Explanation;
  readonly "$mesh.metrics": Readonly<Record<string, number>>;
  readonly "$mesh.prometheus": { readonly text: string };
  readonly "$mesh.dead.show": Row;
  readonly "$mesh.dead.redrive": Counted;
  readonly "$mesh.dead.drop": Counted;
  readonly "$mesh.drain": { readonly accepted: boolean };
}

/** How many dead letters something was done with. */
export interface Counted {
  readonly count: number;
  /** Transmitters that did not answer. */
  readonly missing?: readonly string[];
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
