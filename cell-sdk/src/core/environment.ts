import type { Thid } from "@thynapse/protocol";

/** What the rules cannot know by themselves. Injected, so that a simulation repeats exactly. */
export interface CoreEnvironment {
  /** The wall clock in ms since 1970: only for the time that an event carries. */
  wallMs(): number;
  /** A number from 0 up to, not including, 1. */
  random(): number;
  /**
   * Called when something waits that nobody drives at the time: effects, because the application
   * used a delivery on its own; or settlements, for `flush` at the end of the turn.
   */
  due?(what: "effects" | "settlements"): void;
}

/** What a cell is, and its bounds; all of it resolved. */
export interface CoreOptions {
  readonly id: Thid;
  readonly service: string;
  /** Command addresses, at least one. */
  readonly transmitters: readonly string[];
  /** How long the first welcome may take, in ms. */
  readonly connectTimeoutMs: number;
  readonly outboxBytesMax: number;
  readonly outboxEventsMax: number;
}
