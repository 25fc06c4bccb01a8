import type { Process } from "./process.js";
import type { SeededRandom } from "./random.js";
import type { TransmitterProcess } from "./transmitter-process.js";
import type { World } from "./world.js";

/** What may befall one transmitter, and how often it is drawn. */
export const transmitterWeights = {
  transmitterKill: 7,
  transmitterFreeze: 4,
  transmitterBlock: 4,
  transmitterCut: 3,
  transmitterShed: 2,
  transmitterDrain: 3,
  transmitterClock: 1,
};

/** What may befall the links between transmitters: drawn only where there are two. */
export const linkWeights = {
  linkCut: 4,
  linkCutOneWay: 4,
  linkReset: 5,
  linkStall: 4,
  linkProxy: 4,
  transmitterTwin: 1,
};

type TransmitterFault = keyof typeof transmitterWeights;
type LinkFault = keyof typeof linkWeights;

/** How far a wall clock jumps at most: an hour. */
export const clockJumpMsMax = 3_600_000;

/** How long a transmitter that has drained lives on, in ms. */
const farewellMs = 10;

/** Faults of transmitters and of the links between them. */
export class MeshFaults {
  private readonly world: World;
  private readonly random: SeededRandom;
  private twins = 0;

  constructor(world: World, random: SeededRandom) {
    this.world = world;
    this.random = random;
    world.onTwin = (transmitter) => this.twinStays(transmitter);
  }

  /** From now on nothing is stopped. */
  heal(): void {
    this.world.network.proxy.set(undefined);
    for (const [address, transmitter] of this.world.transmitters) {
      transmitter.process.wake();
      transmitter.shed(false);
      if (transmitter.process.state === "dead") this.restart(address);
    }
  }

  /** @returns false if it cannot happen: another one must go on meanwhile. */
  causeAt(kind: TransmitterFault, transmitter: TransmitterProcess): boolean {
    const { random, world } = this;
    if (transmitter.process.state !== "running") return false;
    switch (kind) {
      case "transmitterKill":
        if (!this.mayStop(transmitter)) return false;
        transmitter.kill();
        this.restartIn(random.chance(0.7) ? random.between(5, 2500) : 6000, transmitter);
        return true;
      case "transmitterFreeze":
        if (!this.mayStop(transmitter)) return false;
        this.freeze(transmitter.process, this.befall(transmitter, random.between(100, 4000)));
        return true;
      case "transmitterBlock":
        transmitter.process.block(this.befall(transmitter, random.between(50, 2000)));
        return true;
      case "transmitterCut":
        if (!this.mayStop(transmitter)) return false;
        world.network.cut(transmitter.process, this.befall(transmitter, random.between(50, 3500)));
        return true;
      case "transmitterShed":
        transmitter.shed(true);
        world.agenda.in(random.between(10, 800), () => transmitter.shed(false));
        return true;
      case "transmitterDrain":
        transmitter.onStopped = () => {
          const restartMs = random.between(5, 500);
          // Its farewell is to leave the process before that ends.
          world.agenda.in(farewellMs, () => {
            transmitter.kill();
            this.restartIn(restartMs, transmitter);
          });
        };
        transmitter.drain();
        return true;
      case "transmitterClock":
        transmitter.skewMs = random.between(-clockJumpMsMax, clockJumpMsMax);
        return true;
    }
  }

  /** @returns false where there are not two transmitters that run. */
  causeBetween(kind: LinkFault): boolean {
    const { random, world } = this;
    const { network } = world;
    const [one, other] = this.drawPair();
    if (one === undefined || other === undefined) return false;
    const link: readonly [Process, Process] = [one.process, other.process];
    const lasting = (maxMs: number): number =>
      this.befallLink(one, other, random.between(20, maxMs));
    switch (kind) {
      case "linkCut": {
        const durationMs = lasting(3500);
        network.cutBetween(...link, durationMs);
        network.cutBetween(other.process, one.process, durationMs);
        return true;
      }
      case "linkCutOneWay":
        network.cutBetween(...link, lasting(3500));
        return true;
      case "linkReset":
        this.befallLink(one, other, 0);
        network.resetBetween(...link);
        return true;
      case "linkStall":
        network.stallBetween(...link, lasting(900));
        return true;
      case "linkProxy":
        this.disturb(random.between(200, 2500));
        return true;
      case "transmitterTwin":
        this.startTwin(one);
        return true;
    }
  }

  private drawPair(): TransmitterProcess[] {
    const running = this.running();
    const one = running.length < 2 ? undefined : this.random.pick(running);
    if (one === undefined) return [];
    return [one, this.random.pick(running.filter((it) => it !== one))];
  }

  private running(): TransmitterProcess[] {
    return [...this.world.transmitters.values()].filter((it) => it.isServing);
  }

  /** Where there are many, one of the others runs on. */
  private mayStop(transmitter: TransmitterProcess): boolean {
    if (this.world.transmitters.size === 1) return true;
    return this.running().some((it) => it !== transmitter);
  }

  /** What passes between transmitters is dropped, doubled and reordered for a while. */
  private disturb(durationMs: number): void {
    const { random, world } = this;
    const [dropShare, doubleShare, lateShare] = [0.08, 0.1, 0.2].map(
      (most) => random.float() * most,
    ) as [number, number, number];
    world.network.proxy.set({ dropShare, doubleShare, lateShare });
    world.agenda.in(durationMs, () => world.network.proxy.set(undefined));
  }

  /** Another one is started with the id of one that runs: it has to end. */
  private startTwin({ terms }: TransmitterProcess): void {
    this.world.startTwin(`sim://twin-${++this.twins}`, [terms.address], terms.id);
  }

  /**
   * A copy ends when it meets the one it is of. If that was dead then, the copy has run for longer
   * than its next start, which ends: whoever reads why ends the copy, and starts it again.
   */
  private twinStays(ended: TransmitterProcess): void {
    const { id, address } = ended.terms;
    if (this.world.transmitters.get(address) !== ended) return;
    this.endTwins(id);
    this.restartIn(this.random.between(5, 500), ended);
  }

  private endTwins(id: string): void {
    for (const twin of this.world.twins) if (twin.terms.id === id) twin.kill();
  }

  /** Notes for the checker that something befalls a transmitter. @returns how long it lasts. */
  private befall(transmitter: TransmitterProcess, durationMs: number): number {
    this.world.log({ id: "", action: "fault", home: transmitter.home, count: durationMs });
    return durationMs;
  }

  private befallLink(
    { home }: TransmitterProcess,
    { home: peer }: TransmitterProcess,
    durationMs: number,
  ): number {
    this.world.log({ id: "", action: "fault", home, peer, count: durationMs });
    return durationMs;
  }

  private freeze(process: Process, durationMs: number): void {
    process.stop();
    this.world.network.stopped(process);
    this.world.agenda.in(durationMs, () => process.wake());
  }

  private restartIn(delayMs: number, { terms }: TransmitterProcess): void {
    this.world.agenda.in(delayMs, () => this.restart(terms.address));
  }

  private restart(address: string): void {
    const former = this.world.transmitters.get(address);
    if (former === undefined || former.process.state !== "dead") return;
    const { id, seeds } = former.terms;
    // With --id it has the same name again, without it a new one.
    if (this.random.chance(0.5)) {
      this.world.startTransmitter(address, seeds, id);
      return;
    }
    this.endTwins(id);
    this.world.startTransmitter(address, seeds);
  }
}
