import type { Actor } from "../faults/actor.js";
import type { FaultMesh } from "../faults/fault-mesh.js";

/** Events that flow at every transmitter while something else is looked at. */
export class Noise {
  private isWanted = true;
  private readonly flowing: Promise<unknown>;

  /**
   * Begins to send: at each transmitter a cell that sends, one of a group, and one that catches all.
   *
   * @param perSecond events per second of each sender.
   */
  static async begin(mesh: FaultMesh, perSecond: number): Promise<Noise> {
    const senders: Actor[] = [];
    for (const home of mesh.transmitters) {
      const keeping = { isLogged: false, home };
      const worker = await mesh.seatOne("noise", keeping);
      await worker.tell("anycatch", { pattern: "noise.*", options: { concurrency: 8 } });
      const listener = await mesh.seatOne("noise-audit", keeping);
      await listener.tell("multicatch", { pattern: "noise.**" });
      senders.push(await mesh.seatOne("noise-source", keeping));
    }
    return new Noise(senders, perSecond);
  }

  private constructor(senders: readonly Actor[], perSecond: number) {
    this.flowing = Promise.all(senders.map((sender) => this.flow(sender, perSecond)));
    this.flowing.catch(() => {});
  }

  /** Ends when the portions that are on their way are handled. */
  async end(): Promise<void> {
    this.isWanted = false;
    await this.flowing;
  }

  private async flow(sender: Actor, perSecond: number): Promise<void> {
    const load = { channel: "noise.tick", count: perSecond, perSecond, padBytes: 100 };
    while (this.isWanted) await sender.tell("send", load);
  }
}
