import { setTimeout as delay } from "node:timers/promises";

import type { FaultBody, Stream, StreamReport } from "../instructions.js";
import { LoggedSender } from "./logged-sender.js";
import type { SeatedCell } from "./seated-cell.js";

/** Sends events at their pace until it is told to stop. */
export class Pouring {
  private readonly stream: Stream;
  private readonly sender: LoggedSender;
  private readonly poured: Promise<void>;
  private isStopped = false;
  private onDry: () => void = () => {};

  constructor(seated: SeatedCell, stream: Stream) {
    this.stream = stream;
    this.sender = new LoggedSender(seated, () => this.onDry());
    this.poured = this.pour();
    this.poured.catch(() => {});
  }

  /** Stops, and resolves when each event has its confirm. */
  async dry(): Promise<StreamReport> {
    this.isStopped = true;
    await this.poured;
    const { sender } = this;
    await new Promise<void>((resolve) => {
      this.onDry = () => {
        if (sender.ended === sender.sent) resolve();
      };
      this.onDry();
    });
    return { sent: sender.sent, refused: sender.refused };
  }

  private async pour(): Promise<void> {
    const { perSecond, burstMs = Math.max(1, 1000 / perSecond) } = this.stream;
    let dueCount = 0;
    let lastMs = performance.now();
    while (!this.isStopped) {
      const nowMs = performance.now();
      // What a frozen process would have sent meanwhile it does not send afterwards.
      dueCount += (Math.min(nowMs - lastMs, stallMsMax + burstMs) / 1000) * perSecond;
      lastMs = nowMs;
      while (this.sender.sent < dueCount && !this.isStopped) await this.sendOne();
      await delay(burstMs);
    }
  }

  private sendOne(): Promise<void> {
    const { channels, keys = 0, output, options = {} } = this.stream;
    const number = this.sender.sent;
    const channel = channels[number % channels.length] ?? "";
    const key = keys === 0 ? {} : { key: `key-${number % keys}` };
    const hasOutput = output !== undefined && number % output.every === 0;
    const data: FaultBody | null = hasOutput ? { output: output.channel } : null;
    return this.sender.send(channel, data, { ...options, ...key });
  }
}

const stallMsMax = 100;
