import type { MeshError, Thid } from "@thynapse/protocol";

/**
 * What the core asks of its shell. Parts are never written to again: they may be sent without a
 * copy.
 *
 * - `send`: one part to a connection, through the command socket.
 * - `publish`: two parts on the event socket.
 * - `probe`: like `send`, repeated for a moment, to learn at once whether the connection is gone.
 * - `log`: one structured line.
 * - `drain`: a cell asked the transmitter to drain; the shell answers by `drain` on the core and
 *   ends.
 * - `stopped`: the drain is over; `unconfirmed` events were accepted and are not handled, `left`
 *   more are the business of the `successor`.
 * - `dial`, `hangUp`: connect to the event socket of another transmitter, and again whenever the
 *   connection is lost; or do so no more.
 * - `linkSubscribe`, `linkUnsubscribe`: a topic at all those.
 * - `knock`: the subscription that is shown at all seeds from now on; it takes the place of the one
 *   before.
 * - `joined`: cells may come; `isDegraded`: though the mesh is not complete.
 * - `ended`: this transmitter must not go on.
 */
export type Effect =
  | { readonly kind: "send"; readonly connection: string; readonly part: Buffer }
  | { readonly kind: "publish"; readonly head: Buffer; readonly part: Buffer }
  | { readonly kind: "probe"; readonly connection: string; readonly part: Buffer }
  | {
      readonly kind: "log";
      readonly level: "debug" | "info" | "warn" | "error";
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: "drain" }
  | ({ readonly kind: "stopped" } & Rest)
  | LinkEffect
  | { readonly kind: "joined"; readonly isDegraded: boolean }
  | { readonly kind: "ended"; readonly error: MeshError };

/** What became of the events that were not settled when a transmitter ended. */
export interface Rest {
  /** Events that nobody has taken over. */
  readonly unconfirmed: number;
  /** Events that another transmitter has taken over. */
  readonly left: number;
  /** That one; `undefined` where there is none. */
  readonly successor: Thid | undefined;
}

/** What the core asks of the sockets that connect to other transmitters. */
export type LinkEffect =
  | { readonly kind: "dial" | "hangUp"; readonly address: string }
  | { readonly kind: "linkSubscribe" | "linkUnsubscribe"; readonly topic: string }
  | { readonly kind: "knock"; readonly hello: string };

/** The core's only source of chance. */
export interface Random {
  /** A number 0 … 1, 1 excluded. */
  float(): number;
  /** Hexadecimal digits that nobody can guess. */
  hex(bits: number): string;
}

/** What the core must be told: facts of its process, and the limits. */
export interface CoreOptions extends Partial<CoreLimits> {
  readonly id: Thid;
  /** Name of the mesh. */
  readonly mesh: string;
  /** Differs for each start of the process, rising. */
  readonly incarnation: number;
  readonly version: string;
  readonly pid: number;
  /** The address of the event socket, as the cell behind this connection can reach it. */
  readonly advertise: (connection: string) => string;
  /** Command addresses of the live transmitters, this one included: those of its seat, say. */
  readonly transmitters: () => readonly string[];
  readonly command: () => string;
  readonly pub: () => string;
  /** Wall clock in ms since 1970; only shown, never compared. */
  readonly wallMs: () => number;
  /** Resident memory of the process, in bytes. */
  readonly rssBytes: () => number;
  /** What else the shell knows of its process, for `$mesh.status`. */
  readonly facts?: () => Readonly<Record<string, unknown>>;
  /** The metrics in Prometheus' text format. */
  readonly prometheus: () => string;
}

/** Limits of the core; each is an option of the transmitter. @see PROTOCOL.md §15 */
export interface CoreLimits {
  readonly heartbeatMs: number;
  readonly suspectMs: number;
  readonly deadMs: number;
  readonly claimMs: number;
  readonly groupKeepMs: number;
  readonly streamKeepMs: number;
  readonly ringBytesMax: number;
  readonly backlogEventsMax: number;
  readonly backlogBytesMax: number;
  readonly backlogAgeMs: number;
  readonly dedupeWindowMs: number;
  readonly drainTimeoutMs: number;
  readonly catchesMax: number;
  readonly errorBudget: number;
  readonly errorBudgetMs: number;
  readonly muteMs: number;
  readonly windowBytes: number;
  readonly eventBytesMax: number;
  readonly deadLettersMax: number;
  readonly deadLetterBytesMax: number;
  readonly routesMax: number;
  readonly joinTimeoutMs: number;
  readonly linkPauseMs: number;
  readonly linkCutMs: number;
  readonly linkForgetMs: number;
  readonly linkWindow: number;
  readonly linkBytesMax: number;
}
