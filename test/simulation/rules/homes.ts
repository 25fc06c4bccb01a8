/**
 * How long after a fault its consequences may still come: a claim, a suspicion, a connection made
 * anew.
 */
const faultTailMs = 5000;
/** How long after the end of a cut or a pause the views of transmitters may still differ. */
const viewTailMs = 2500;

/**
 * What the log says of transmitters: when they lived, what befell them, their links and the cells.
 */
export class Homes {
  /** When each transmitter was started. */
  readonly startedMs = new Map<string, number>();
  readonly living = new Set<string>();
  private readonly crashedMs = new Map<string, number>();
  /**
   * Those that have drained, and who took over what they had not settled, where somebody did: what
   * they knew to be settled they told the others last.
   */
  readonly drained = new Map<string, string | undefined>();
  /** When each had welcomed a cell for the first time: it knows the mesh by then. */
  private readonly readyMs = new Map<string, number>();
  private viewsDifferUntilMs = Number.NEGATIVE_INFINITY;
  /** By cell or transmitter, or by two transmitters. */
  private readonly faultsUntilMs = new Map<string, number>();
  /** The last fault of any link of a transmitter. */
  private readonly linkFaultsUntilMs = new Map<string, number>();

  started(home: string, timeMs: number): void {
    this.startedMs.set(home, timeMs);
    this.living.add(home);
  }

  crashed(home: string, timeMs: number): void {
    this.living.delete(home);
    this.crashedMs.set(home, timeMs);
    this.homeFault(home, timeMs);
  }

  /** Something befell a transmitter, until this time: others may have held it for dead. */
  homeFault(home: string, untilMs: number): void {
    this.fault(home, untilMs);
    this.viewsDifferUntilMs = Math.max(this.viewsDifferUntilMs, untilMs + faultTailMs);
  }

  /** Whether transmitters may have differed on who lives since then. */
  mayDifferSince(timeMs: number): boolean {
    return this.viewsDifferUntilMs >= timeMs;
  }

  /** It welcomed a cell. */
  welcomed(home: string, timeMs: number): void {
    if (!this.readyMs.has(home)) this.readyMs.set(home, timeMs);
  }

  /** Something befell a cell or a transmitter, until this time. */
  fault(subject: string, untilMs: number): void {
    extend(this.faultsUntilMs, subject, untilMs);
  }

  /** Something befell the link between two transmitters, until this time. */
  linkFault(one: string, other: string, untilMs: number): void {
    extend(this.faultsUntilMs, pairOf(one, other), untilMs);
    this.viewsDifferUntilMs = Math.max(this.viewsDifferUntilMs, untilMs + faultTailMs);
    extend(this.linkFaultsUntilMs, one, untilMs);
    extend(this.linkFaultsUntilMs, other, untilMs);
  }

  /**
   * Whether something befell it at that time or since; what befell it shortly before may still
   * show.
   */
  isFaultySince(subject: string, timeMs: number): boolean {
    return (this.faultsUntilMs.get(subject) ?? Number.NEGATIVE_INFINITY) + faultTailMs >= timeMs;
  }

  /** The same of two transmitters, or of the link between them. */
  isFaultyBetween(one: string, other: string, timeMs: number): boolean {
    return [one, other, pairOf(one, other)].some((subject) => this.isFaultySince(subject, timeMs));
  }

  /** The same of a transmitter, or of any link that it has. */
  isTroubledSince(home: string, timeMs: number): boolean {
    const linksMs = this.linkFaultsUntilMs.get(home) ?? Number.NEGATIVE_INFINITY;
    return linksMs + faultTailMs >= timeMs || this.isFaultySince(home, timeMs);
  }

  /** Whether others know, or can learn, what became of the events that it took. */
  answers(home: string): boolean {
    return this.living.has(home) || this.drained.has(home);
  }

  /** Whether it lived at that time. */
  livedAt(home: string, timeMs: number): boolean {
    return this.living.has(home) || (this.crashedMs.get(home) ?? timeMs) > timeMs;
  }

  /** Whether somebody has yet to settle what it took: it lives, or its successor does. */
  isSucceeded(home: string): boolean {
    let heir: string | undefined = home;
    while (heir !== undefined && !this.living.has(heir)) heir = this.drained.get(heir);
    return heir !== undefined;
  }

  /** Whether it was ready for cells at that time. */
  isReady(home: string, timeMs: number): boolean {
    return (this.readyMs.get(home) ?? Number.POSITIVE_INFINITY) <= timeMs;
  }

  /**
   * Whether two that live had the same view of the mesh at that time: nothing had befallen them or
   * their link for a while.
   */
  areInTouch(one: string, other: string, timeMs: number): boolean {
    if (one === other) return true;
    if (!this.living.has(one) || !this.living.has(other)) return false;
    return [one, other, pairOf(one, other)].every(
      (subject) =>
        (this.faultsUntilMs.get(subject) ?? Number.NEGATIVE_INFINITY) + viewTailMs < timeMs,
    );
  }
}

function extend(times: Map<string, number>, subject: string, untilMs: number): void {
  times.set(subject, Math.max(untilMs, times.get(subject) ?? Number.NEGATIVE_INFINITY));
}

function pairOf(one: string, other: string): string {
  return one < other ? `${one} ${other}` : `${other} ${one}`;
}
