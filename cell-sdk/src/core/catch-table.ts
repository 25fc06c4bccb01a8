import type { FieldMap, MeshError } from "@thynapse/protocol";
import type { Anycatch } from "./anycatch.js";
import type { CatchHome } from "./catch-home.js";
import type { Waiter } from "./outbox-waiters.js";
import type { StreamSink } from "./stream-side.js";
import { type CatchGrant, writeCommand } from "./wire.js";

/** What a table of catches needs of them. */
export interface CatchTableHost {
  /** Whether such a catch is wished for, though this answer is to an earlier wish. */
  isWished(grant: CatchGrant): boolean;
  /** The transmitter refuses a catch that nobody has, now that who waited for it is told. */
  refused(wished: StreamSink | Anycatch): void;
  /** It refuses for now what stood on an earlier connection. */
  askLater(wished: StreamSink | Anycatch): void;
  warn(pattern: string, message: string): void;
}

type Wished = StreamSink | Anycatch;

/** The catches of a cell as one home knows them: asked for, granted, and being ended. */
export class CatchTable {
  private readonly home: CatchHome;
  private readonly host: CatchTableHost;
  /** What was asked for on this connection and not answered. */
  private readonly asked = new Map<number, Wished>();
  /** What was granted on this connection. */
  private readonly byNumber = new Map<number, Wished>();
  private readonly byTopic = new Map<string, StreamSink>();
  private readonly dropping = new Map<number, Waiter>();
  private lastRef = 0;
  private isOpen = false;

  constructor(home: CatchHome, host: CatchTableHost) {
    this.home = home;
    this.host = host;
  }

  /** Whether the cell is attached there. */
  get isAttached(): boolean {
    return this.isOpen;
  }

  /** Whether everything that was asked for is granted or refused. */
  get isAnswered(): boolean {
    return this.asked.size === 0;
  }

  /** The cell is attached. */
  open(): void {
    this.isOpen = true;
  }

  /** The connection is lost. */
  clear(): void {
    this.isOpen = false;
    this.asked.clear();
    this.byNumber.clear();
    this.byTopic.clear();
    const dropping = [...this.dropping.values()];
    this.dropping.clear();
    for (const waiter of dropping) waiter.resolve();
  }

  /** Says `CTCH`. */
  ask(wished: Wished, fields: FieldMap): void {
    if (!this.isOpen) return;
    const ref = ++this.lastRef;
    this.asked.set(ref, wished);
    this.home.command(writeCommand("CTCH", { ref, ...fields }));
  }

  /** Says `DROP`; `waiter` hears when the transmitter knows. */
  drop(catchNumber: number, waiter?: Waiter): void {
    if (!this.isOpen) {
      waiter?.resolve();
      return;
    }
    if (waiter !== undefined) this.dropping.set(catchNumber, waiter);
    this.home.command(writeCommand("DROP", { catch: catchNumber }));
  }

  /** `CGHT` */
  granted(ref: unknown, grant: CatchGrant, nowMs: number): void {
    const granted = typeof ref === "number" ? this.asked.get(ref) : undefined;
    if (granted === undefined) {
      // It was released before the answer came. Where the pattern was caught again since, the
      // answer to that is on its way, with the same number; deliveries may come before it.
      const again = this.askedAgain(grant);
      if (again !== undefined) this.take(again, grant, nowMs);
      else if (!this.host.isWished(grant)) this.drop(grant.catchNumber);
      return;
    }
    this.asked.delete(ref as number);
    this.take(granted, grant, nowMs);
  }

  private askedAgain({ mode, pattern }: CatchGrant): Anycatch | undefined {
    if (mode === "multi") return undefined;
    for (const wished of this.asked.values()) {
      if (wished.mode === "any" && wished.pattern === pattern) return wished;
    }
    return undefined;
  }

  private take(granted: Wished, grant: CatchGrant, nowMs: number): void {
    this.byNumber.set(grant.catchNumber, granted);
    if (granted.mode === "multi") this.byTopic.set(grant.topic, granted);
    granted.granted(grant, this.home, nowMs);
    for (const warning of grant.warnings) this.host.warn(granted.pattern, warning);
  }

  /** `ERRO` to a catch. @returns false if the reference is none of a catch. */
  refused(ref: unknown, error: MeshError): boolean {
    const refused = typeof ref === "number" ? this.asked.get(ref) : undefined;
    if (refused === undefined) return false;
    this.asked.delete(ref as number);
    this.host.warn(refused.pattern, error.message);
    // Who was granted it on an earlier connection keeps it, and asks again.
    if (refused.refused(error)) this.host.refused(refused);
    else if (error.retryable) this.host.askLater(refused);
    return true;
  }

  /** `DRPD` */
  dropped(catchNumber: unknown): void {
    const waiter = this.dropping.get(catchNumber as number);
    this.dropping.delete(catchNumber as number);
    waiter?.resolve();
  }

  multicatchOf(catchNumber: unknown): StreamSink | undefined {
    const found = this.byNumber.get(catchNumber as number);
    return found?.mode === "multi" ? found : undefined;
  }

  anycatchOf(catchNumber: unknown): Anycatch | undefined {
    const found = this.byNumber.get(catchNumber as number);
    return found?.mode === "any" ? found : undefined;
  }

  multicatchOn(topic: string): StreamSink | undefined {
    return this.byTopic.get(topic);
  }

  /** What was asked for is not waited for any more. */
  forgetAsked(): void {
    this.asked.clear();
  }

  forget(ended: Wished): void {
    this.replace(ended, undefined);
  }

  /** Puts another one in the place of one that was granted. What was asked for is void. */
  replace(wished: Wished, by: StreamSink | undefined): void {
    for (const map of [this.asked, this.byNumber, this.byTopic] as Map<unknown, Wished>[]) {
      for (const [key, each] of map) {
        if (each !== wished) continue;
        if (by === undefined || map === this.asked) map.delete(key);
        else map.set(key, by);
      }
    }
  }
}
