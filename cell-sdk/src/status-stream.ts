import type { CellStatus } from "./core/status.js";

/** What happens to a cell. Each iteration begins with the present and has a bounded buffer of its own. */
export interface StatusStream extends AsyncIterable<CellStatus> {
  /** The last status of each kind that ended no other; begins with `connecting`. */
  readonly last: CellStatus;
  /** Calls `listener` for each status from now on; what it returns ends that. An error of a listener is swallowed and counted. */
  on(listener: (status: CellStatus) => void): () => void;
}
