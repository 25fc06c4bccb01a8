import { isIP, isIPv4 } from "node:net";
import type { Subscriber } from "zeromq";
import { type Address, readAddress, writeAddress } from "./address.js";
import { type Lookup, NameWatch } from "./name-watch.js";

/** What a dialler needs besides its socket. */
export interface DiallerParts {
  readonly lookup: Lookup;
  /** An address is none, its name is not found, or ZeroMQ does not connect to it. */
  readonly undiallable: (address: string) => void;
}

/** An address that is dialled. */
interface Line {
  /** Of a name. */
  watch?: NameWatch;
  /** What ZeroMQ connects to for it; undefined while the name is not found. */
  endpoint?: string | undefined;
}

/**
 * What one SUB is connected to. Names are looked up here, so that ZeroMQ, which would do it on the
 * thread that moves everything, gets nothing but addresses of IP.
 */
export class Dialler {
  private readonly socket: Subscriber;
  private readonly parts: DiallerParts;
  private readonly lines = new Map<string, Line>();
  /** How many lines lead to each endpoint: ZeroMQ would connect twice, and end both at once. */
  private readonly counts = new Map<string, number>();

  constructor(socket: Subscriber, parts: DiallerParts) {
    this.socket = socket;
    this.parts = parts;
  }

  /**
   * Connects to an address, and again whenever the connection is lost. Of one that is dialled
   * already the name is looked up again. @returns whether it is dialled.
   */
  dial(text: string): boolean {
    const known = this.lines.get(text);
    if (known !== undefined) {
      known.watch?.look();
      return true;
    }
    const address = readAddress(text);
    if (address === undefined) {
      this.parts.undiallable(text);
      return false;
    }
    const line: Line = {};
    const lead = (to: readonly string[]): void => this.lead(text, line, { ...address, to });
    if (isIP(address.host) === 0) line.watch = new NameWatch(address.host, this.parts.lookup, lead);
    else lead([address.host]);
    if (line.watch === undefined && line.endpoint === undefined) return false;
    this.lines.set(text, line);
    line.watch?.look();
    return true;
  }

  hangUp(text: string): void {
    const line = this.lines.get(text);
    if (line === undefined) return;
    this.lines.delete(text);
    line.watch?.end();
    this.leave(line);
  }

  /** Looks no name up any more. Before the socket is closed. */
  close(): void {
    for (const { watch } of this.lines.values()) watch?.end();
  }

  /**
   * Takes a line to where it leads now. To one address: a SUB that hears somebody on two ways hears
   * all of it twice. To one of IPv4 if there is one, since that is what is listened at if nothing
   * is said.
   */
  private lead(text: string, line: Line, { to, port }: Address & { to: readonly string[] }): void {
    const endpoints = to.map((host) => writeAddress(host, port));
    if (line.endpoint !== undefined && (to.length === 0 || endpoints.includes(line.endpoint))) {
      return;
    }
    this.leave(line);
    const endpoint = endpoints[Math.max(0, to.findIndex(isIPv4))];
    if (endpoint !== undefined && this.join(endpoint)) line.endpoint = endpoint;
    else this.parts.undiallable(text);
  }

  private join(endpoint: string): boolean {
    const count = this.counts.get(endpoint) ?? 0;
    try {
      if (count === 0) this.connect(endpoint);
    } catch {
      // Whatever ZeroMQ has against it: strangers choose what they name.
      return false;
    }
    this.counts.set(endpoint, count + 1);
    return true;
  }

  private leave(line: Line): void {
    const { endpoint } = line;
    if (endpoint === undefined) return;
    line.endpoint = undefined;
    const count = this.counts.get(endpoint) ?? 0;
    if (count > 1) this.counts.set(endpoint, count - 1);
    else if (this.counts.delete(endpoint)) this.socket.disconnect(endpoint);
  }

  private connect(endpoint: string): void {
    // Not for all from the start: with it ZeroMQ goes to IPv4 by sockets of IPv6, too.
    if (endpoint.includes("[") && !this.socket.ipv6) this.socket.ipv6 = true;
    this.socket.connect(endpoint);
  }
}
