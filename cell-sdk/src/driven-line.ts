import type { Attachment } from "./transport/transport.js";

/** One attachment, and the parts that its pipe had no room for. */
export class DrivenLine {
  readonly attachment: Attachment;
  private readonly onPipe: (isOpen: boolean) => void;
  private unsent: Buffer[] = [];

  /** @param onPipe told when the pipe is full, and when it has room again. */
  constructor(attachment: Attachment, onPipe: (isOpen: boolean) => void) {
    this.attachment = attachment;
    this.onPipe = onPipe;
  }

  command(part: Buffer): void {
    if (this.unsent.length === 0 && this.attachment.send(part)) return;
    this.unsent.push(part);
    this.onPipe(false);
  }

  /** There is room. */
  drain(): void {
    const parts = this.unsent;
    this.unsent = [];
    for (const part of parts) this.command(part);
    if (this.unsent.length === 0) this.onPipe(true);
  }
}
