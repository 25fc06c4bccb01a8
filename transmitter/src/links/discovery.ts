import type { Clock } from "@thynapse/cell-sdk";
import { MeshError, type Thid } from "@thynapse/protocol";
import type { Logger } from "pino";
import { type Beacon, readBeacon, writeBeacon } from "./beacon.js";
import type { Knocker } from "./seeds.js";
import { BeaconSocket, beaconGroup, beaconPort } from "../sockets/beacon-socket.js";

/** Who is to be found, and how. */
export interface DiscoveryTerms {
  readonly id: Thid;
  readonly mesh: string;
  readonly meshSecret?: string;
  /** The address that is bound: beacons go out, and are heard, on its interface. */
  readonly address: string;
  /** The address of the event socket, as others reach it. */
  readonly pub: string;
}

/** What discovery needs of the transmitter around it. */
export interface DiscoveryParts {
  readonly clock: Clock;
  readonly knocker: Knocker;
  readonly log: Logger;
}

/** Time between two beacons, in ms: 10 transmitters make 2 datagrams a second. */
const beaconMs = 5000;
/** Answers to those who have just started come no faster than this, in ms. */
const answerMs = 500;
/** Whoever is not heard for so long is knocked at no more, in ms. */
const forgetMs = 60_000;
/** Others that are remembered; more are not looked for. */
const othersMax = 256;
/** Datagrams that are read in one second; what is beyond is dropped. */
const datagramsMax = 200;
const secondMs = 1000;

/**
 * Finds the transmitters of a mesh that are in the same network, by beacons, and knocks at them.
 *
 * A beacon only says where somebody may be: whether it belongs to the mesh shows when it is knocked
 * at. So a beacon that was forged, or recorded, does no more harm than a link to a wrong address.
 */
export class Discovery {
  /** Datagrams that were no beacons of this mesh. */
  refusedCount = 0;
  private readonly terms: DiscoveryTerms;
  private readonly parts: DiscoveryParts;
  private readonly socket: BeaconSocket;
  /** When each address was last heard of. */
  private readonly others = new Map<string, number>();
  private cancel: (() => void) | undefined;
  private saidMs = Number.NEGATIVE_INFINITY;
  private secondBeganMs = Number.NEGATIVE_INFINITY;
  private readCount = 0;

  constructor(terms: DiscoveryTerms, parts: DiscoveryParts) {
    this.terms = terms;
    this.parts = parts;
    this.socket = new BeaconSocket((datagram) => this.hear(datagram));
  }

  /** Begins. Where no beacons can be had, the log says so, and links still do their work. */
  async open(): Promise<void> {
    try {
      const deaf = await this.socket.open(this.terms.address);
      if (deaf.length > 0) this.parts.log.warn({ addresses: deaf }, "discovers nobody there");
      this.say(true);
      this.plan();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const where = { group: beaconGroup, port: beaconPort };
      this.parts.log.warn({ code, ...where }, "cannot discover others; use --link");
    }
  }

  close(): void {
    this.cancel?.();
    this.socket.close();
  }

  private plan(): void {
    const { clock } = this.parts;
    this.cancel = clock.after(beaconMs * (0.75 + clock.random() / 2), () => {
      this.say(false);
      this.forget();
      this.plan();
    });
  }

  private say(isAsking: boolean): void {
    const { id, mesh, pub, meshSecret } = this.terms;
    this.saidMs = this.parts.clock.nowMs();
    this.socket.send(writeBeacon({ id, mesh, pub, isAsking }, meshSecret));
  }

  private hear(datagram: Buffer): void {
    const nowMs = this.parts.clock.nowMs();
    if (nowMs - this.secondBeganMs >= secondMs) {
      this.secondBeganMs = nowMs;
      this.readCount = 0;
    }
    if (++this.readCount > datagramsMax) {
      this.refusedCount++;
      return;
    }
    try {
      this.take(readBeacon(datagram, this.terms.meshSecret), nowMs);
    } catch (thrown) {
      this.refusedCount++;
      // What anybody in the network can send ends no transmitter.
      if (!(thrown instanceof MeshError)) {
        this.parts.log.error({ err: thrown }, "a defect of this program");
      }
    }
  }

  private take({ id, mesh, pub, isAsking }: Beacon, nowMs: number): void {
    // Several meshes may share a network.
    if (id === this.terms.id || mesh !== this.terms.mesh) return;
    if (isAsking && nowMs - this.saidMs >= answerMs) this.say(false);
    if (!this.others.has(pub)) {
      if (this.others.size >= othersMax) return;
      this.parts.log.info({ id, pub }, "discovered a transmitter");
      this.parts.knocker.knock(pub);
    }
    this.others.set(pub, nowMs);
  }

  private forget(): void {
    const nowMs = this.parts.clock.nowMs();
    for (const [pub, heardMs] of this.others) {
      if (nowMs - heardMs < forgetMs) continue;
      this.others.delete(pub);
      this.parts.knocker.unknock(pub);
    }
  }
}
