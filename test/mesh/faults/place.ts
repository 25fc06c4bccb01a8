/** Where a process runs, and how it is reached from elsewhere. */
export interface Place {
  /** The command that starts others there, or nothing. */
  readonly enter: readonly string[];
  /** Address that processes of this place bind to. */
  readonly host: string;
}

/** The machine itself: what binds there is reached from there only. */
export const loopback: Place = { enter: [], host: "127.0.0.1" };
