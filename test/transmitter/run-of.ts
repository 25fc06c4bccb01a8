import { encodeBody, type Run, readRun, RunWriter } from "@thynapse/protocol";

/** A run of one sender, an event for each text, on channel `a`. */
export function runOf(...texts: readonly string[]): Run {
  const writer = new RunWriter(64);
  for (const text of texts) {
    const { tag, bytes } = encodeBody(text);
    writer.append("a", tag, bytes);
  }
  const header = { sender: "1".repeat(40), service: "s", session: 1, floor: 1, first: 1, time: 5 };
  return readRun(writer.close(header, Buffer.alloc(0)), 0);
}
