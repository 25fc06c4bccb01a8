import type { Receipt, SendOptions } from "@thynapse/cell-sdk";

import type { FaultBody } from "../instructions.js";
import type { SeatedCell } from "./seated-cell.js";

/** Sends events, and logs what it sends and what it is told of each. */
export class LoggedSender {
  /** Events sent so far. */
  sent = 0;
  /** Events of which it is known what became of them. */
  ended = 0;
  repeats = 0;
  /** How often there was no room and it had to wait. */
  waits = 0;
  readonly refused: string[] = [];
  private readonly seated: SeatedCell;
  private readonly onEnd: (tookMs: number | undefined) => void;

  /** @param onEnd told how long the confirm took; nothing if the event was refused. */
  constructor(seated: SeatedCell, onEnd: (tookMs: number | undefined) => void = () => {}) {
    this.seated = seated;
    this.onEnd = onEnd;
  }

  /** Waits for room only. */
  async send(channel: string, data: FaultBody | null, options: SendOptions): Promise<void> {
    const { cell } = this.seated;
    if (!cell.hasRoom) {
      this.waits++;
      await cell.room();
    }
    const sentMs = performance.now();
    const { key, id: same, until = "handled" } = options;
    const sending = cell.send(channel, data, { ...options, until });
    this.sent++;
    const id = `${cell.id}:${sending.seq}`;
    this.seated.log({
      ...{ id, action: "sent", channel },
      ...(key !== undefined && { key }),
      ...(same !== undefined && { wish: { same } }),
      ...(until === "accepted" && { wish: { isAcceptedEnough: true } }),
    });
    sending.then(
      (receipt) => this.confirmed(id, receipt, { sentMs, isHandled: until === "handled" }),
      (error: Error & { readonly code?: string }) => this.wasRefused(id, error.code),
    );
  }

  private confirmed(
    id: string,
    { repeat }: Receipt,
    { sentMs, isHandled }: { readonly sentMs: number; readonly isHandled: boolean },
  ): void {
    const { home } = this.seated;
    if (repeat) this.repeats++;
    this.seated.log({ id, action: "accepted", home, repeat });
    if (isHandled) this.seated.log({ id, action: "handled", home });
    this.ended++;
    this.onEnd(performance.now() - sentMs);
  }

  private wasRefused(id: string, code = "unknown"): void {
    this.seated.log({ id, action: "refused" });
    this.refused.push(code);
    this.ended++;
    this.onEnd(undefined);
  }
}
