import { type EventToSend, type Fields, runFrame } from "../transmitter/frames.js";

/** An event that a script makes up. */
export interface ScriptedEvent extends EventToSend {
  readonly seq: number;
  readonly floor?: number;
  /** Its sender; always the same one if it is left out. */
  readonly sender?: string;
}

const someSender = "ab".repeat(20);

/** The fields of a scripted event, for a cell in `J`. */
export function jsonEvent({
  seq,
  floor = 1,
  sender = someSender,
  data = null,
  ...event
}: ScriptedEvent): Fields {
  const from = { id: sender, service: "scripted" };
  return { ...event, data, from, seq, floor, thid: "0".repeat(40), time: 1 };
}

/** A scripted event as a run, behind the head of an EVNT. */
export function packedEvent({
  seq,
  floor = 1,
  sender = someSender,
  ...event
}: ScriptedEvent): Buffer {
  const who = { sender: Buffer.from(sender, "hex"), service: "scripted" };
  return runFrame({ ...who, session: 1, floor, first: seq, time: 1 }, [event]);
}
