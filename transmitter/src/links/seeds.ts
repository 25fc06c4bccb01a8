import { isIP } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { endpoint } from "../options/endpoints.js";
import { addressesOf } from "../sockets/name-watch.js";
import { socketFactsAt } from "../sockets/zmtp-probe.js";

/** What shows the hello at event sockets. */
export interface Knocker {
  knock(address: string): void;
  unknock(address: string): void;
}

/** What the search for seeds needs of the transmitter around it. */
export interface SeedsParts {
  /** The name of its mesh. */
  readonly mesh: string;
  readonly knocker: Knocker;
  readonly log: Logger;
}

/** Where a transmitter may be: a host and a port. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/** First and longest pause before a seed is looked for again, in ms. */
const pauseMs = 100;
const pauseMsMax = 2000;
/** A name that was found may stand for other addresses later; in ms. */
const resolveAgainMs = 30_000;
/** The same complaint of the same seed comes again after so long, in ms. */
const complainMs = 30_000;
/** A seed that does not answer may still be starting; in ms. */
const patienceMs = 5000;

/**
 * Looks for the seeds of a transmitter, and knocks at those that are there.
 *
 * Nobody says whether the port of a seed is that of its command or of its event socket, and to
 * knock at a command socket would fail its handshake every two seconds, for ever. So each port is
 * asked once what it is, and a command socket names the port of its event socket.
 *
 * A name is resolved here, not by ZeroMQ, which says nothing of a name that it cannot resolve and
 * takes the first of many addresses: a name that stands for all transmitters finds them all.
 */
export class Seeds {
  private readonly parts: SeedsParts;
  private readonly watches = new Map<string, Watch>();

  constructor(parts: SeedsParts) {
    this.parts = parts;
  }

  /** Looks for exactly these seeds from now on. */
  set(texts: readonly string[]): void {
    for (const [text, watch] of this.watches) {
      if (texts.includes(text)) continue;
      watch.end();
      this.watches.delete(text);
    }
    for (const text of texts) {
      if (this.watches.has(text)) continue;
      const watch = new Watch(text, this.parts);
      this.watches.set(text, watch);
      void watch.run();
    }
  }

  /** Those at which nobody was found. */
  get missing(): readonly string[] {
    return [...this.watches].filter(([, { isFound }]) => !isFound).map(([text]) => text);
  }

  close(): void {
    this.set([]);
  }
}

/** The search for one seed. */
class Watch {
  private readonly text: string;
  private readonly place: Place;
  private readonly parts: SeedsParts;
  private readonly beganMs = performance.now();
  /** Addresses that were knocked at: of the event socket, by host. */
  private readonly found = new Map<string, string>();
  private readonly ending = new AbortController();
  private complainedMs = Number.NEGATIVE_INFINITY;

  constructor(text: string, parts: SeedsParts) {
    this.text = text;
    this.place = readPlace(text);
    this.parts = parts;
  }

  get isFound(): boolean {
    return this.found.size > 0;
  }

  async run(): Promise<void> {
    const { signal } = this.ending;
    for (let waitMs = pauseMs; !signal.aborted; waitMs = Math.min(2 * waitMs, pauseMsMax)) {
      const isFound = await this.look();
      if (isFound && isIP(this.place.host) !== 0) return;
      if (isFound) waitMs = resolveAgainMs;
      // Many that were started at once do not ask at once again and again.
      const jitter = 0.75 + Math.random() / 2;
      await delay(waitMs * jitter, undefined, { ref: false, signal }).catch(() => undefined);
    }
  }

  end(): void {
    this.ending.abort();
    for (const address of this.found.values()) this.parts.knocker.unknock(address);
    this.found.clear();
  }

  /** Looks once; tells whether all addresses were found. */
  private async look(): Promise<boolean> {
    const hosts = await this.resolve();
    if (hosts.length === 0 || this.ending.signal.aborted) return false;
    for (const [host, address] of this.found) {
      if (hosts.includes(host)) continue;
      this.parts.knocker.unknock(address);
      this.found.delete(host);
    }
    const results = await Promise.all(hosts.map((host) => this.knockAt(host)));
    return results.every(Boolean);
  }

  private async resolve(): Promise<readonly string[]> {
    const { host } = this.place;
    try {
      return await addressesOf(host);
    } catch {
      this.complain(`cannot resolve ${host}`);
      return [];
    }
  }

  private async knockAt(host: string): Promise<boolean> {
    if (this.found.has(host)) return true;
    const port = await this.eventPortAt(host);
    if (port === undefined || this.ending.signal.aborted) return false;
    const address = endpoint(host, port);
    this.found.set(host, address);
    this.parts.knocker.knock(address);
    return true;
  }

  private async eventPortAt(host: string): Promise<number | undefined> {
    const { port } = this.place;
    try {
      const facts = await socketFactsAt(host, port);
      const eventPort = facts?.type === "XPUB" ? port : facts?.eventPort;
      if (eventPort === undefined) this.complain(`${this.text} is no transmitter`);
      else this.compareMesh(facts?.mesh);
      return eventPort;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const silentMs = performance.now() - this.beganMs;
      if (silentMs >= patienceMs) this.complain(`no transmitter answers at ${this.text}: ${code}`);
    }
    return undefined;
  }

  /**
   * Who is of another mesh refuses our hello, and cannot say so. It is knocked at all the same: so
   * its log names us too, and it may be started anew under the right name.
   */
  private compareMesh(theirs: string | undefined): void {
    const { mesh } = this.parts;
    if (theirs === undefined || theirs === mesh) return;
    const text = `MESH_MISMATCH: ${this.text} belongs to mesh "${theirs}", this one to "${mesh}"`;
    this.complain(`${text}; give both the same --mesh`);
  }

  private complain(what: string): void {
    const nowMs = performance.now();
    if (nowMs - this.complainedMs < complainMs || this.ending.signal.aborted) return;
    this.complainedMs = nowMs;
    this.parts.log.warn({ link: this.text }, what);
  }
}

/** Takes a checked `HOST:PORT` apart. */
function readPlace(text: string): Place {
  const colon = text.lastIndexOf(":");
  return {
    host: text.slice(0, colon).replace(/^\[|\]$/g, ""),
    port: Number(text.slice(colon + 1)),
  };
}
