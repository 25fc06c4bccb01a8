import type { SeededRandom } from "./random.js";

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
}

type ShapeName = "one" | "few" | "many" | "crowd";

const weights: Readonly<Record<ShapeName, number>> = { one: 25, few: 72, many: 2, crowd: 1 };

/**
 * Draws how large a world is: mostly one to five transmitters, at times up to 50 or up to 1 000
 * cells, with less to do.
 *
 * @param scale how many times as many events as usual.
 */
export function drawShape(random: SeededRandom, scale: number): Shape {
  const events = 2400 * scale;
  const loadMs = random.between(4000, 9000);
  const usual = { events, loadMs, faults: [5, 14] } as const;
  switch (random.weighted(weights)) {
    case "one":
      return { ...usual, transmitters: 1, cells: random.int(4, 8) };
    case "few": {
      const transmitters = random.int(2, 5);
      return { ...usual, transmitters, cells: random.int(4, 5 + transmitters) };
    }
    case "many": {
      const transmitters = Math.round(6 * (50 / 6) ** random.float());
      const cells = random.int(transmitters, 2 * transmitters);
      return { transmitters, cells, events: 800, loadMs: 4000, faults: [3, 8] };
    }
    case "crowd": {
      const cells = Math.round(60 * (1000 / 60) ** random.float());
      const events = Math.round(Math.max(100, 60_000 / cells));
      return { transmitters: random.int(2, 5), cells, events, loadMs: 4000, faults: [3, 8] };
    }
  }
}
