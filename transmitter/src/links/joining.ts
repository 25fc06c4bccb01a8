import type { Clock } from "@thynapse/cell-sdk";
import type { MeshError } from "@thynapse/protocol";
import type { Logger } from "pino";
import type { TransmitterCore } from "../core/transmitter-core.js";
import { Discovery } from "./discovery.js";
import { proving } from "../options/mesh-secret.js";
import type { RunningOptions } from "../options/options.js";
import { type Knocker, Seeds } from "./seeds.js";

/** What joining a mesh needs of the transmitter around it. */
export interface JoiningParts {
  readonly options: RunningOptions;
  /** The address of the event socket, as others reach it, once it is bound. */
  readonly pub: () => string;
  readonly core: TransmitterCore;
  readonly clock: Clock;
  readonly knocker: Knocker;
  readonly log: Logger;
}

/** The way of a transmitter into its mesh: cells are welcome at its end. */
export class Joining {
  /** Resolves when cells may come, with whether others of the mesh are missing. */
  readonly joined: Promise<boolean>;
  private readonly parts: JoiningParts;
  private readonly seeds: Seeds;
  private discovery: Discovery | undefined;
  private resolve: (isDegraded: boolean) => void = () => {};
  private reject: (error: MeshError) => void = () => {};

  constructor(parts: JoiningParts) {
    this.parts = parts;
    this.seeds = new Seeds({ ...parts, mesh: parts.options.mesh });
    this.joined = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Whoever waits for it hears of it; nobody has to.
    this.joined.catch(() => undefined);
  }

  /** Becomes a member. When the addresses are bound. */
  begin(): void {
    const { core, options, clock } = this.parts;
    const prove = proving(options.meshSecret);
    core.join({ seedCount: options.links.length, prove }, clock.nowMs());
    this.seeds.set(options.links);
    if (!options.discover) return;
    this.discovery = new Discovery({ ...options, pub: this.parts.pub() }, this.parts);
    void this.discovery.open();
  }

  /** Datagrams that were to be beacons, and were refused. */
  get beaconsRefused(): number {
    return this.discovery?.refusedCount ?? 0;
  }

  /** Looks for these seeds instead. */
  relink(links: readonly string[]): void {
    this.seeds.set(links);
  }

  /** Seeds at which nobody was found. */
  get missing(): readonly string[] {
    return this.seeds.missing;
  }

  /** The core says that cells may come. */
  done(isDegraded: boolean): void {
    this.resolve(isDegraded);
  }

  /** The core says that this transmitter must not go on. */
  failed(error: MeshError): void {
    this.reject(error);
  }

  close(): void {
    this.seeds.close();
    this.discovery?.close();
  }
}
