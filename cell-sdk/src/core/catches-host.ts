import type { MeshError } from "@thynapse/protocol";
import type { CatchesHost } from "./catches.js";
import type { CellCore } from "./cell-core.js";
import type { Emit, EventSupply } from "./effects.js";
import type { CellStatus } from "./status.js";
import { writeCommand } from "./wire.js";

const unmarked = "no mark: is the event socket (pub) of the transmitter reachable from here?";

/** Ties the catches of a cell to the rest of it: what they want becomes effects. */
export function catchesHost(core: CellCore, emit: Emit): CatchesHost {
  const command = (part: Buffer): void => emit({ kind: "command", part });
  const tell = (status: CellStatus): void => emit({ kind: "status", status });
  const ready = (supply: EventSupply): void => emit({ kind: "ready", supply });
  const gap = (pattern: string, count: number | undefined): void =>
    tell({ kind: "gap", pattern, count });
  const bad = (pattern: string, { code, message }: MeshError): void =>
    tell({ kind: "warning", code, message, pattern });
  const nowMs = (): number => core.nowMs;
  return {
    command,
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
      subscribe: (topic) => emit({ kind: "subscribe", subscription: `${topic} ` }),
      unsubscribe: (topic) => emit({ kind: "unsubscribe", subscription: `${topic} ` }),
      progress: (number, last) => command(writeCommand("BEAT", { streams: [[number, last]] })),
      miss: (number, first, count) =>
        command(writeCommand("MISS", { catch: number, first, count })),
      armed: (pattern) => tell({ kind: "armed", pattern, mode: "multi" }),
      unmarked: (pattern) => tell({ kind: "warning", message: unmarked, pattern }),
      slow: (pattern, bufferedBytes) => tell({ kind: "slow", pattern, bufferedBytes }),
    },
    anycatch: {
      nowMs,
      ready,
      bad,
      settlements: core.settlements,
      session: () => core.session.count,
      armed: (pattern) => tell({ kind: "armed", pattern, mode: "any" }),
      progress: (number, { name }) => command(writeCommand("PROG", { catch: number, ...name })),
      reply: (number, { name }, index, body) =>
        command(writeCommand("RPLY", { catch: number, ...name, index, body })),
    },
  };
}
