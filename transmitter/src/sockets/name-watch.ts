import { lookup } from "node:dns/promises";
import { isIP } from "node:net";

/** Addresses of one name that are heeded. */
const addressesMax = 64;

/** First pause before a name is looked up again, and the longest if it is not found; in ms. */
const pauseMs = 100;
const lostPauseMsMax = 2000;
/** A name that was found may stand for other addresses later; in ms. */
const foundPauseMsMax = 30_000;

/** Finds the addresses of a host. @throws what the system says, such as `ENOTFOUND`. */
export type Lookup = (host: string) => Promise<readonly string[]>;

/** Asks the system: an address is its own. @see Lookup */
export const addressesOf: Lookup = async (host) => {
  if (isIP(host) !== 0) return [host];
  const found = await lookup(host, { all: true });
  return found.slice(0, addressesMax).map(({ address }) => address);
};

/**
 * Looks up where a name leads: at once, soon again in case that was old, and then now and then.
 *
 * ZeroMQ would do so at each attempt to connect, on the one thread that all its sockets share:
 * where no name server answers, everything waits for it.
 */
export class NameWatch {
  private readonly host: string;
  private readonly lookup: Lookup;
  private readonly leads: (to: readonly string[]) => void;
  private state: "resting" | "looking" | "ended" = "resting";
  private nextPauseMs = pauseMs;
  private timer: NodeJS.Timeout | undefined;

  /** `leads` is told the addresses after each look; none if the name is not found. */
  constructor(host: string, lookup: Lookup, leads: (to: readonly string[]) => void) {
    this.host = host;
    this.lookup = lookup;
    this.leads = leads;
  }

  /** Looks now, and soon again. */
  look(): void {
    this.nextPauseMs = pauseMs;
    if (this.state === "resting") void this.lookOnce();
  }

  /** Tells nothing more, not even of a look that has begun. */
  end(): void {
    this.state = "ended";
    clearTimeout(this.timer);
  }

  private async lookOnce(): Promise<void> {
    clearTimeout(this.timer);
    this.state = "looking";
    const found = await this.lookup(this.host).catch((): readonly string[] => []);
    if (this.isEnded) return;
    this.state = "resting";
    this.leads(found);
    // Many that were started at once do not ask at once again and again.
    const jitter = 0.75 + Math.random() / 2;
    const longestMs = found.length > 0 ? foundPauseMsMax : lostPauseMsMax;
    const inMs = Math.min(this.nextPauseMs, longestMs);
    this.nextPauseMs = 2 * inMs;
    this.timer = setTimeout(() => void this.lookOnce(), inMs * jitter).unref();
  }

  private get isEnded(): boolean {
    return this.state === "ended";
  }
}
