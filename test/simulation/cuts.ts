import type { Agenda } from "./agenda.js";
import type { CommandLine } from "./command-line.js";
import type { EventLine } from "./event-line.js";
import type { Direction } from "./lines.js";
import { Losses, type Party } from "./losses.js";
import type { Process } from "./process.js";
import type { SeededRandom } from "./random.js";

type Line = CommandLine | EventLine;

/** Silence after which ZMTP heartbeats cut a connection: every 400 ms, 1200 ms of patience. */
export const heartbeatCutMs = { min: 1200, max: 1450 };
/** How long a system waits for the first time until it sends again what nobody has acked. */
const repeatMs = 200;
/** How long it waits in all before it gives a connection up, where a transmitter dialled. */
const unackedMs = 1200;
/** How often a transmitter says something on each connection at least. */
const beatMs = 250;

/**
 * What cuts do to connections, as Linux and ZeroMQ were seen to treat them.
 *
 * The end that asks for heartbeats notices when they are not answered. The other one notices by the
 * farewell of the first, which in a cut its system sends again after ever longer pauses: so a SUB
 * that says nothing may learn seconds after the heal that its connection is gone.
 */
export class Cuts {
  private readonly agenda: Agenda;
  private readonly random: SeededRandom;
  private readonly delayMs: () => number;
  private readonly losses: Losses;

  constructor(agenda: Agenda, random: SeededRandom, delayMs: () => number) {
    this.agenda = agenda;
    this.random = random;
    this.delayMs = delayMs;
    this.losses = new Losses(agenda);
  }

  /** Packets are lost for a while; `undefined` is everybody. */
  lose(from: Party, to: Party, durationMs: number): void {
    this.losses.add(from, to, durationMs);
  }

  /** Whether packets between two processes are lost at present, on one way at least. */
  areBetween(one: Process, other: Process): boolean {
    return this.losses.isLossy(one, other) || this.losses.isLossy(other, one);
  }

  /** Nothing passes on a connection for a while, in these directions. */
  starve(line: Line, directions: readonly Direction[], durationMs: number): void {
    line.hold(this.agenda.nowMs + durationMs, directions);
    const cutMs = this.random.between(heartbeatCutMs.min, heartbeatCutMs.max);
    if (cutMs >= durationMs) return;
    const isMute = line.kind === "event" && line.terms.isMute === true;
    if (isMute) this.bidFarewell(line);
    this.agenda.in(cutMs, () => {
      const { process } = line.client;
      const server = line.server?.process;
      if (server === undefined || line.state !== "open") return;
      const upShare = this.losses.isLossy(process, server) ? 0 : 1;
      const downShare = this.losses.isLossy(server, process) ? 0 : 1;
      const isUnheard = isMute && downShare === 0;
      const clientInMs = isUnheard ? Number.POSITIVE_INFINITY : this.random.between(0, 100);
      line.breakOff({ upShare, downShare, serverInMs: 0, clientInMs });
    });
  }

  /** A SUB says something on a connection whose other end knows that it is gone. */
  unanswered(line: EventLine): void {
    const { server, client } = line;
    if (server === undefined) return;
    const learn = line.learner();
    this.agenda.in(unackedMs, learn);
    this.repeat(() => this.areBetween(client.process, server.process), learn, repeatMs);
  }

  private bidFarewell(line: EventLine): void {
    const { server, client } = line;
    if (server === undefined) return;
    const learn = line.learner();
    const isLost = (): boolean => this.losses.isLossy(server.process, client.process);
    this.agenda.in(this.random.between(0, beatMs), () => this.repeat(isLost, learn, repeatMs));
  }

  /** Does something when packets get through, which are sent again after ever longer pauses. */
  private repeat(isLost: () => boolean, arrived: () => void, pauseMs: number): void {
    this.agenda.in(this.delayMs(), () => {
      if (!isLost()) arrived();
      else this.agenda.in(pauseMs, () => this.repeat(isLost, arrived, 2 * pauseMs));
    });
  }
}
