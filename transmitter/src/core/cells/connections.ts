import type { CellRecord } from "./cells.js";
import type { CoreLimits } from "../effects.js";

/** What is known of a connection, whether a cell stands behind it or not. */
export interface Connection {
  readonly id: string;
  cell: CellRecord | undefined;
  errorCount: number;
  /** Since when the errors are counted. */
  errorsSinceMs: number;
  mutedUntilMs: number;
  /** Whether the cell has said farewell. */
  goodbye: boolean;
}

const strangersMax = 10_000;

/** The connections of the command socket. Those of nobody are bounded: the oldest are forgotten. */
export class Connections {
  private readonly byId = new Map<string, Connection>();
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
    if (this.byId.size > strangersMax) this.forgetStranger();
    return connection;
  }

  find(id: string): Connection | undefined {
    return this.byId.get(id);
  }

  close(id: string): void {
    this.byId.delete(id);
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

  private forgetStranger(): void {
    for (const connection of this.byId.values()) {
      if (connection.cell !== undefined) continue;
      this.byId.delete(connection.id);
      return;
    }
  }
}
