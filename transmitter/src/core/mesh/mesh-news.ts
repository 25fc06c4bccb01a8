import type { Thid } from "@thynapse/protocol";
import type { CounterName, Counters } from "../counters.js";
import type { Member } from "./members.js";
import type { MemberState } from "./member-state.js";

/** What news needs of the transmitter around it. */
export interface MeshNewsParts {
  /** The transmitter whose view it is. */
  readonly by: Thid;
  readonly counters: Counters;
  /** Sends a system event to whoever catches it. */
  readonly tell: (channel: string, data: Record<string, unknown>, nowMs: number) => void;
}

/** Counters of what was dropped, refused or lost, each for its own reason. */
const dropCounters = [
  ...["framesMuted", "eventsRefused", "eventsDenied", "eventsExpired", "asksRefused"],
  ...["eventsGone", "eventsLostOnLink", "streamUnsayable"],
  ...["atMostOnceDropped", "outputsFenced", "deadLetters", "deadLettersEvicted", "cellsFenced"],
] as const satisfies readonly CounterName[];

/** Drops are told at most once in this time, in ms. */
const dropsMs = 1000;

/** Tells cells what happens to other transmitters, to links, and to events. @see PROTOCOL.md §13 */
export class MeshNews {
  private readonly parts: MeshNewsParts;
  private readonly told = new Map<CounterName, number>();
  private lookedMs = Number.NEGATIVE_INFINITY;

  constructor(parts: MeshNewsParts) {
    this.parts = parts;
  }

  /** A transmitter lives, dies, leaves, or is heard of. */
  member({ id, state }: Member, before: MemberState | undefined, nowMs: number): void {
    const news = newsOf(state, before);
    if (news === undefined) return;
    const [what, why] = news;
    this.parts.tell(`$mesh.transmitter.${what}`, { id, by: this.parts.by, why }, nowMs);
  }

  /** The way to a peer is open or cut, or what was under way to or from it may be lost. */
  link(id: Thid, what: keyof typeof linkWhys, nowMs: number): void {
    const why = linkWhys[what];
    this.parts.tell(`$mesh.link.${what}`, { id, by: this.parts.by, why }, nowMs);
  }

  /** Tells what was dropped since the last time, by its counters; as often as anybody likes. */
  drops(nowMs: number): void {
    if (nowMs - this.lookedMs < dropsMs) return;
    this.lookedMs = nowMs;
    const { values } = this.parts.counters;
    const counts: Record<string, number> = {};
    for (const name of dropCounters) {
      const rise = values[name] - (this.told.get(name) ?? 0);
      if (rise > 0) counts[name] = rise;
      this.told.set(name, values[name]);
    }
    if (Object.keys(counts).length === 0) return;
    this.parts.tell("$mesh.drops", { by: this.parts.by, counts }, nowMs);
  }
}

const linkWhys = Object.freeze({
  up: "both can hear each other",
  cut: "the connection is lost; what is sent waits",
  anew: "what was under way may be lost: it began anew",
});

/** The last part of the channel, and why; `undefined` for what is no news. */
function newsOf(
  state: MemberState,
  before: MemberState | undefined,
): readonly [what: string, why: string] | undefined {
  switch (state) {
    case "alive":
      if (before === "suspect") return ["alive", "it is heard again"];
      return ["joined", "it is heard"];
    case "suspect":
      return ["suspect", "its connection is cut, or it is late"];
    case "dead":
      // One that was only named by others, and never spoke, is nobody's loss.
      return before === "heard-of" ? undefined : ["dead", "nobody hears it any more"];
    case "left":
      return ["left", "it has said farewell"];
    case "heard-of":
      return undefined;
  }
}
