/** The first pause after a round over all addresses; doubles with each further one. */
const roundMinMs = 20;
/**
 * Well below the time that a transmitter which has just started waits for claims: a cell that tried
 * in vain meanwhile must still come in time.
 */
const roundMaxMs = 400;
/**
 * Within so much a cell goes to the next address: long enough that a thousand cells which lost one
 * transmitter do not come to the others at once, and little beside the second that it may take.
 */
const spreadMs = 40;
/** Addresses that are remembered besides those that were given. */
const learnedMax = 256;
/** How long a connection may take to be made, if there is another address, in the first round. */
const connectMinMs = 300;
/** The same where there is no other address, or after some rounds: paths may be long. */
const connectMaxMs = 2000;
const connectAloneMs = 1000;
/**
 * How long a welcome may take at first, and after some rounds. Whoever cannot answer so many in
 * that time would otherwise answer connections that were given up, and never get to the others.
 */
const welcomeMinMs = 2000;
const welcomeMaxMs = 16_000;

/**
 * What is to be thought of the transmitter that was lost.
 *
 * - `back`: it answered a moment ago: it has just ended, or forgotten this cell, and may be there.
 * - `away`: it drains, or has been silent: it is tried last.
 * - `muted`: it hears that connection no longer: it may hear another one, as if it were back.
 */
export type LostHome = "back" | "away" | "muted";

/** Addresses that a transmitter has named which drains; its successor before the others. */
interface Named {
  readonly addresses: readonly string[];
  readonly successor: string | undefined;
}

/**
 * Which transmitter to try next, and when.
 *
 * The first time the addresses are tried in the order in which they were given. After a loss the
 * same address is tried once more, if the answer can be had at once, because resuming there is
 * cheapest; then the others, in an order that each cell draws for itself, so that the cells of one
 * transmitter are spread over all that are left.
 *
 * @see PROTOCOL.md §9.8
 */
export class Reconnect {
  /** Every address that was tried since the last success. */
  readonly tried = new Set<string>();
  private readonly random: () => number;
  private readonly given: readonly string[];
  private learned: readonly string[] = [];
  /** What the present transmitter, which drains, has named to attach to. */
  private named: Named | undefined;
  private current: string;
  /** What is still to be tried in this round. */
  private round: string[];
  private rounds = 0;
  private roundMs = roundMinMs;

  /** @param addresses at least one. */
  constructor(addresses: readonly string[], random: () => number) {
    this.given = [...new Set(addresses)];
    this.random = random;
    const [first, ...others] = this.given;
    this.current = first as string;
    this.round = others;
  }

  /** Whether there is another address than the present one. */
  get hasOther(): boolean {
    return this.all.some((address) => address !== this.current);
  }

  /** Whether the present transmitter drains, and has named another one. */
  get hasNamed(): boolean {
    const { named } = this;
    return named !== undefined && (named.successor !== undefined || named.addresses.length > 0);
  }

  /** The address to try now. */
  get address(): string {
    this.tried.add(this.current);
    return this.current;
  }

  /** How long the connection to it may take to be made: longer after each round, in ms. */
  get patienceMs(): number {
    const firstMs = this.hasOther ? connectMinMs : connectAloneMs;
    return Math.min(firstMs * 2 ** this.rounds, connectMaxMs);
  }

  /** How long it may take to answer `HELO`: longer after each round, in ms. */
  get welcomeMs(): number {
    return Math.min(welcomeMinMs * 2 ** this.rounds, welcomeMaxMs);
  }

  /** Takes the transmitters that the newest welcome names, in place of those of earlier ones. */
  learn(addresses: readonly string[]): void {
    this.learned = [...new Set(addresses)].slice(0, learnedMax);
  }

  /** More have been named since: those before may only be cut off from whoever names them. */
  learnMore(addresses: readonly string[]): void {
    this.learn([...addresses, ...this.learned]);
  }

  /** The present transmitter drains: it is away, and what it has named is tried first. */
  drains(addresses: readonly string[], successor?: string): void {
    const { named } = this;
    const isNew = addresses.length > 0 || named === undefined;
    this.named = {
      addresses: isNew ? addresses.slice(0, learnedMax) : named.addresses,
      successor: successor ?? named?.successor,
    };
  }

  succeeded(): void {
    this.tried.clear();
    this.named = undefined;
    this.begin();
  }

  /** An attachment was lost that had been good. @returns how long to wait, in ms. */
  lost(home: LostHome): number {
    this.begin();
    const { named } = this;
    if (home !== "away" && named === undefined) {
      this.round = this.drawOthers();
      return roundMinMs * this.random();
    }
    const first = named?.successor === undefined ? [] : [named.successor];
    const then = this.shuffled(named?.addresses ?? []);
    const round = new Set([...first, ...then, ...this.drawOthers()]);
    round.delete(this.current);
    this.turn([...round, this.current]);
    return spreadMs * this.random();
  }

  /** An attempt failed: the next address is due. @returns how long to wait, in ms. */
  failed(): number {
    if (this.round.length > 0) {
      this.turn(this.round);
      return spreadMs * this.random();
    }
    this.rounds++;
    this.turn([...this.drawOthers(), this.current]);
    const delayMs = this.roundMs * (0.5 + this.random());
    this.roundMs = Math.min(this.roundMs * 2, roundMaxMs);
    return Math.min(delayMs, roundMaxMs);
  }

  /** Others of this process were refused at the present address: as good as so many rounds. */
  waited(refusals: number): void {
    this.rounds += refusals;
  }

  private get all(): readonly string[] {
    return [...new Set([...this.given, ...this.learned])];
  }

  private begin(): void {
    this.rounds = 0;
    this.roundMs = roundMinMs;
    this.round = [];
  }

  private turn([first, ...others]: readonly string[]): void {
    this.current = first as string;
    this.round = others;
  }

  private drawOthers(): string[] {
    return this.shuffled(this.all.filter((address) => address !== this.current));
  }

  private shuffled(addresses: readonly string[]): string[] {
    const drawn = [...addresses];
    for (let at = drawn.length - 1; at > 0; at--) {
      const other = Math.floor(this.random() * (at + 1));
      [drawn[at], drawn[other]] = [drawn[other] as string, drawn[at] as string];
    }
    return drawn;
  }
}
