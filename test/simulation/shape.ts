import type { SeededRandom } from "./random.js";

/**
 * What worlds are drawn for.
 *
 * - `swarm`: events come one by one, and each is a delivery of its own.
 * - `sweep`: many small worlds, a few large ones, in little time.
 * - `proof`: as `sweep`, with many events, which travel in runs as those of busy cells do.
 */
export const worldKinds = ["swarm", "sweep", "proof"] as const;
export type WorldKind = (typeof worldKinds)[number];

/** What a world is drawn for, by its name. @throws {Error} if there is no such kind. */
export function worldKindOf(name: string): WorldKind {
  const kind = worldKinds.find((it) => it === name);
  if (kind === undefined) throw new Error(`a world is one of ${worldKinds.join(", ")}: ${name}`);
  return kind;
}

/** How large a world is, and for how long it is under load. */
export interface Shape {
  readonly transmitters: number;
  readonly cells: number;
  /** Events that all senders together are to send, about. */
  readonly events: number;
  /** How long cells send and faults strike. */
  readonly loadMs: number;
  /** Faults, if any strike at all: at least and at most. */
  readonly faults: readonly [min: number, max: number];
  /** Whether much happens in one turn: senders send long bursts, and handlers end together. */
  readonly isBrisk: boolean;
}

type ShapeName = "one" | "few" | "many" | "crowd";

const weights: Readonly<Record<WorldKind, Readonly<Record<ShapeName, number>>>> = {
  swarm: { one: 25, few: 72, many: 2, crowd: 1 },
  sweep: { one: 10, few: 88.8, many: 0.8, crowd: 0.4 },
  proof: { one: 5, few: 94.7, many: 0.2, crowd: 0.1 },
};
/** The share of worlds in which much happens in one turn. */
const briskShare: Readonly<Record<WorldKind, number>> = { swarm: 0, sweep: 0.6, proof: 1 };

/**
 * Draws how large a world is: mostly one to six transmitters, at times up to 50 or up to 1 000
 * cells, with less to do.
 *
 * @param scale how many times as many events as usual.
 */
export function drawShape(random: SeededRandom, kind: WorldKind, scale: number): Shape {
  const loadMs = random.between(4000, 9000);
  const name = random.weighted(weights[kind]);
  if (name === "one" || name === "few") {
    return kind === "swarm"
      ? swarm(random, name, { events: 2400 * scale, loadMs })
      : small(random, name, { kind, scale });
  }
  const isBrisk = false;
  const less = { loadMs: 4000, faults: [3, 8], isBrisk } as const;
  if (name === "many") {
    const transmitters = Math.round(6 * (50 / 6) ** random.float());
    const cells = random.int(transmitters, 2 * transmitters);
    return { ...less, transmitters, cells, events: 800 };
  }
  const cells = Math.round(60 * (1000 / 60) ** random.float());
  const events = Math.round(Math.max(100, 60_000 / cells));
  return { ...less, transmitters: random.int(2, 5), cells, events };
}

function swarm(
  random: SeededRandom,
  name: "one" | "few",
  load: Pick<Shape, "events" | "loadMs">,
): Shape {
  const usual = { ...load, faults: [5, 14], isBrisk: false } as const;
  if (name === "one") return { ...usual, transmitters: 1, cells: random.int(4, 8) };
  const transmitters = random.int(2, 5);
  return { ...usual, transmitters, cells: random.int(4, 5 + transmitters) };
}

function small(
  random: SeededRandom,
  name: "one" | "few",
  { kind, scale }: { readonly kind: WorldKind; readonly scale: number },
): Shape {
  const isBrisk = random.chance(briskShare[kind]);
  const loadMs = random.between(2000, 5000);
  const events = scale * (kind === "proof" ? random.int(5000, 16_000) : drawFew(random, isBrisk));
  const usual = { events, loadMs, faults: [5, 14], isBrisk } as const;
  if (name === "one") return { ...usual, transmitters: 1, cells: random.int(4, 6) };
  const transmitters = random.int(2, 6);
  const cellsMax = kind === "proof" ? 6 : 4 + transmitters;
  return { ...usual, transmitters, cells: random.int(4, cellsMax) };
}

function drawFew(random: SeededRandom, isBrisk: boolean): number {
  return isBrisk ? random.int(1000, 4000) : random.int(300, 600);
}
