import { bodyToJson, eventThid, type Run, toMeshError } from "@thynapse/protocol";
import { writeReply } from "../cells/reply.js";

/** An event as `J` cells get it, or why JSON cannot say it. @see PROTOCOL.md §8.6 */
export type JsonEvent =
  | { readonly sayable: true; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly sayable: false; readonly reason: string };

/** Transcodes one event of a run. */
export function jsonEventOf(run: Run, index: number): JsonEvent {
  const { sender, service, cell, floor, time } = run.header;
  const channel = run.channelAt(index);
  const seq = run.seqAt(index);
  const tag = run.tagAt(index);
  const body = run.bodyAt(index);
  const extras = run.extrasAt(index);
  try {
    const fields = {
      channel,
      ...bodyToJson(tag, body),
      from: { id: cell ?? sender, service },
      ...(cell !== undefined && { sender }),
      seq,
      floor,
      thid: eventThid({ sender, seq, channel, tag, body }),
      time,
      ...(extras?.headers !== undefined && { headers: extras.headers }),
      ...(extras?.key !== undefined && { key: extras.key }),
      ...(extras?.ask !== undefined && { ask: extras.ask }),
    };
    return { sayable: true, fields };
  } catch (thrown) {
    return { sayable: false, reason: toMeshError(thrown).message };
  }
}

/** The frame of one event on a stream in `J`; an error stands where JSON cannot say the event. */
export function jsonFrameOf(run: Run, index: number): { part: Buffer; unsayable: boolean } {
  const event = jsonEventOf(run, index);
  if (event.sayable) return { part: writeReply("J", "EVNT", event.fields), unsayable: false };
  const error = {
    code: "BAD_PAYLOAD",
    message: event.reason,
    command: "EVNT",
    channel: run.channelAt(index),
    seq: run.seqAt(index),
  };
  return { part: writeReply("J", "ERRO", error), unsayable: true };
}
