import { randomThid } from "@thynapse/protocol";

import { writeWord } from "../../../transmitter/dist/core/mesh/mesh-words.js";

/**
 * Bytes per second in a mesh of so many, by the formula: there are n (n − 1) connections, one from each to each other; on
 * each goes a heartbeat, as often as there are any, and ZeroMQ's own. What a heartbeat says is of one length,
 * whatever the number of members: that of its speaker and of two others in turn.
 */
export function formulaBytes(count: number): number {
  return count * (count - 1) * (beatsPerSecond * beatBytes() + pingBytesPerSecond);
}

const beatsPerSecond = 4;
/** From the event socket every 400 ms 9 bytes, and 7 for the answer. */
export const pingBytesPerSecond = (9 + 7) / 0.4;

/** A heartbeat with its topic and the heads of its two parts. */
function beatBytes(): number {
  const standing = { id: randomThid(), incarnation: Date.now(), beat: 1000, version: 10 };
  const others = [standing, standing];
  const word = writeWord({ kind: "beat", speaker: standing, others, missing: [] });
  const topic = "@mesh ".length + 64 + 1;
  return word.length + topic + 2 * 2;
}
