import { type FieldMap, type HeardBeat, MeshError, muteMs, ownField } from "@thynapse/protocol";
import { type LostHome, Reconnect } from "./reconnect.js";
import { Secrets } from "./secrets.js";
import { readAddresses, type Welcome } from "./wire.js";

/** The first pause of a cell that was muted: each connection may make as many errors again. */
const mutedMinMs = 500;
/** Half of the time for which streams and groups are kept for it. */
const mutedMaxMs = 15_000;

/** What a cell knows of its attachments, whichever session made them. */
export class SessionHistory {
  /**
   * Attachments so far. A `HELO` that was never answered may have been one, and counts: no two
   * transmitters may know this cell under one number.
   */
  count = 0;
  hellos = 0;
  /** The newest welcome. */
  home: Welcome | undefined;
  /** The last heartbeat that came of a transmitter: the next one may know of none so late. */
  heard: HeardBeat | undefined;
  readonly secrets = new Secrets();
  readonly reconnect: Reconnect;
  private mutedAtMs = Number.NEGATIVE_INFINITY;
  private mutedMs = mutedMinMs;

  /** @param addresses at least one. */
  constructor(addresses: readonly string[], random: () => number) {
    this.reconnect = new Reconnect(addresses, random);
  }

  /** A heartbeat came of a transmitter that welcomed the cell. @throws {MeshError} `BAD_PAYLOAD` */
  beaten(by: Welcome, map: FieldMap): void {
    if (by !== this.home) return;
    if (ownField(map, "transmitters") !== undefined) this.reconnect.learnMore(readAddresses(map));
    const beat = ownField(map, "beat");
    if (typeof beat === "number") this.heard = { id: by.id, incarnation: by.incarnation, beat };
  }

  /**
   * An attachment was lost that had been good. Where it was muted the pause is longer, and twice as
   * long each time until there was none for a minute.
   *
   * @returns how long to wait, in ms.
   */
  lost(home: LostHome, nowMs: number): number {
    const delayMs = this.reconnect.lost(home);
    if (home !== "muted") return delayMs;
    const isAgain = nowMs - this.mutedAtMs < muteMs;
    this.mutedMs = isAgain ? Math.min(2 * this.mutedMs, mutedMaxMs) : mutedMinMs;
    this.mutedAtMs = nowMs;
    return this.mutedMs + delayMs;
  }

  /** No transmitter has answered in all that time. */
  unreachable(connectTimeoutMs: number): MeshError {
    const tried = [...this.reconnect.tried].join(", ");
    const text = `no answer within ${connectTimeoutMs} ms from ${tried}`;
    const hint = "is the host right, and is it the command port, not the event port?";
    return new MeshError("UNREACHABLE", text, { hint });
  }

  /** A transmitter has welcomed the cell. @returns whether it is the one, and start, of before. */
  welcomed(address: string, welcome: Welcome): boolean {
    const before = this.home;
    this.count++;
    this.home = welcome;
    this.secrets.learn(address, welcome.secret);
    this.reconnect.succeeded();
    this.reconnect.learn(welcome.transmitters);
    return before?.id === welcome.id && before.incarnation === welcome.incarnation;
  }
}
