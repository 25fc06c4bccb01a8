import type { ErrorCode, MeshError } from "@thynapse/protocol";
import type { Counters } from "../counters.js";
import type { Effect } from "../effects.js";

/** For so long lines of one code are counted, and none comes twice; in ms. */
const minuteMs = 60_000;
/**
 * Lines of one code in that time: as many wrong transmitters as somebody may set right at once.
 * More are of strangers, who choose what stands in the text: the name of a mesh, a version.
 */
const linesMax = 5;
/** Other meshes that are remembered, and not told again; beyond it the oldest is forgotten. */
const meshesMax = 64;

/** What was logged of one code. */
interface Told {
  beganMs: number;
  /** Lines since then. */
  count: number;
  /** Texts that are not logged again: for now, or at all. */
  readonly texts: Set<string>;
}

/**
 * Logs what is refused of other transmitters: all of it is counted, but who goes on and on fills no
 * log, nor who says another thing each time. That somebody of another mesh is linked to us is said
 * only once, since that does not mend.
 */
export class RefusalLog {
  private readonly counters: Counters;
  private readonly effects: () => Effect[];
  private readonly byCode = new Map<ErrorCode, Told>();

  constructor(counters: Counters, effects: () => Effect[]) {
    this.counters = counters;
    this.effects = effects;
  }

  add(error: MeshError, nowMs: number): void {
    this.counters.add("linksRefused");
    const { code, hint, message } = error;
    const told = this.told(code, nowMs);
    if (told.count === linesMax || told.texts.has(message)) return;
    told.count++;
    told.texts.add(message);
    const [oldest] = told.texts;
    if (oldest !== undefined && told.texts.size > meshesMax) told.texts.delete(oldest);
    const isLast = told.count === linesMax;
    const text = isLast ? `${message}; others are only counted for a minute` : message;
    const fields = { code, ...(hint !== undefined && { hint }) };
    this.effects().push({ kind: "log", level: "warn", message: text, fields });
  }

  private told(code: ErrorCode, nowMs: number): Told {
    const told = this.byCode.get(code) ?? { beganMs: nowMs, count: 0, texts: new Set() };
    this.byCode.set(code, told);
    if (nowMs - told.beganMs < minuteMs) return told;
    told.beganMs = nowMs;
    told.count = 0;
    if (code !== "MESH_MISMATCH") told.texts.clear();
    return told;
  }
}
