import type { CellRecord } from "./cells.js";
import type { CoreLimits } from "../effects.js";

/** What is known of a connection, whether a cell stands behind it or not. */
export interface Connection {
  readonly id: string;
  /** Changed by `attach` and `detach` alone. */
  cell: CellRecord | undefined;
  errorCount: number;
  /** Since when the errors are counted. */
  errorsSinceMs: number;
  mutedUntilMs: number;
  /** Whether the cell has said farewell. */
  goodbye: boolean;
}

const strangersMax = 10_000;

/**
 * The connections of the command socket. Those of nobody are bounded: who has been nobody for
 * longest is forgotten.
 */
export class Connections {
  private readonly byId = new Map<string, Connection>();
  /** Those without a cell, in the order in which they came to be so. */
  private readonly strangers = new Set<Connection>();
  private readonly limits: CoreLimits;

  constructor(limits: CoreLimits) {
    this.limits = limits;
  }

  open(id: string): Connection {
    const known = this.byId.get(id);
    if (known !== undefined) return known;
    const connection: Connection = {
      id,
      cell: undefined,
      errorCount: 0,
      errorsSinceMs: 0,
      mutedUntilMs: 0,
      goodbye: false,
    };
    this.byId.set(id, connection);
    this.addStranger(connection);
    return connection;
  }

  find(id: string): Connection | undefined {
    return this.byId.get(id);
  }

  close(id: string): void {
    const connection = this.byId.get(id);
    if (connection === undefined) return;
    this.byId.delete(id);
    this.strangers.delete(connection);
  }

  /** A cell stands behind it. */
  attach(connection: Connection, cell: CellRecord): void {
    connection.cell = cell;
    this.strangers.delete(connection);
  }

  /** Nobody stands behind it any more. */
  detach(connection: Connection): void {
    connection.cell = undefined;
    this.addStranger(connection);
  }

  /**
   * Counts an error; tells whether this one used the budget up, so that the connection is muted.
   */
  chargeError(connection: Connection, nowMs: number): boolean {
    if (nowMs - connection.errorsSinceMs > this.limits.errorBudgetMs) {
      connection.errorsSinceMs = nowMs;
      connection.errorCount = 0;
    }
    connection.errorCount++;
    if (connection.errorCount < this.limits.errorBudget) return false;
    connection.mutedUntilMs = nowMs + this.limits.muteMs;
    connection.errorCount = 0;
    return true;
  }

  private addStranger(connection: Connection): void {
    this.strangers.add(connection);
    if (this.strangers.size <= strangersMax) return;
    const [oldest] = this.strangers;
    if (oldest !== undefined) this.close(oldest.id);
  }
}
