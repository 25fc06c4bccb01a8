import type { MeshError } from "@thynapse/protocol";
import type { CatchesHost } from "./catches.js";
import type { CellCore } from "./cell-core.js";
import type { EventSupply } from "./effects.js";
import type { CellStatus } from "./status.js";

const unmarked = "no mark: is the event socket (pub) of the transmitter reachable from here?";

/** Ties the catches of a cell to the rest of it: what they want becomes effects. */
export function catchesHost(core: CellCore): CatchesHost {
  const { emit } = core;
  const tell = (status: CellStatus): void => emit({ kind: "status", status });
  const ready = (supply: EventSupply): void => emit({ kind: "ready", supply });
  const gap = (pattern: string, count: number | undefined): void =>
    tell({ kind: "gap", pattern, count });
  const bad = (pattern: string, { code, message }: MeshError): void =>
    tell({ kind: "warning", code, message, pattern });
  const nowMs = (): number => core.nowMs;
  return {
    warn: (pattern, message) => tell({ kind: "warning", message, pattern }),
    supply: {
      id: core.options.id,
      ready,
      bad: ({ pattern }, error) => bad(pattern, error),
      gap: (supply, count) => {
        gap(supply.pattern, count);
        supply.gap(count);
      },
    },
    multicatch: {
      nowMs,
      gap,
      armed: (pattern) => tell({ kind: "armed", pattern, mode: "multi" }),
      unmarked: (pattern) => tell({ kind: "warning", message: unmarked, pattern }),
      slow: (pattern, bufferedBytes) => tell({ kind: "slow", pattern, bufferedBytes }),
    },
    anycatch: {
      nowMs,
      ready,
      bad,
      armed: (pattern) => tell({ kind: "armed", pattern, mode: "any" }),
    },
  };
}
