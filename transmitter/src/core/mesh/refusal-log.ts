import type { MeshError } from "@thynapse/protocol";
import type { Counters } from "../counters.js";
import type { Effect } from "../effects.js";

/** The same refusal is logged again after so long, in ms. */
const repeatMs = 60_000;
/** Refusals that are told apart; beyond it the oldest is forgotten. */
const textsMax = 64;

/**
 * Logs what is refused of other transmitters: all of it is counted, but who goes on and on fills no
 * log. That somebody of another mesh is linked to us is said only once, since that does not mend.
 */
export class RefusalLog {
  private readonly counters: Counters;
  private readonly effects: () => Effect[];
  /** When each text is logged again. */
  private readonly dueMs = new Map<string, number>();

  constructor(counters: Counters, effects: () => Effect[]) {
    this.counters = counters;
    this.effects = effects;
  }

  add(error: MeshError, nowMs: number): void {
    this.counters.add("linksRefused");
    const text = error.message;
    if (nowMs < (this.dueMs.get(text) ?? Number.NEGATIVE_INFINITY)) return;
    this.dueMs.delete(text);
    const isLasting = error.code === "MESH_MISMATCH";
    this.dueMs.set(text, isLasting ? Number.POSITIVE_INFINITY : nowMs + repeatMs);
    for (const oldest of this.dueMs.keys()) {
      if (this.dueMs.size <= textsMax) break;
      this.dueMs.delete(oldest);
    }
    const { code, hint } = error;
    const fields = { code, ...(hint !== undefined && { hint }) };
    this.effects().push({ kind: "log", level: "warn", message: text, fields });
  }
}
