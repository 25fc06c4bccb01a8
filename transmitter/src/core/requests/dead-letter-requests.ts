import {
  bodyTag,
  decodeBody,
  eventThid,
  type FieldMap,
  intField,
  MeshError,
} from "@thynapse/protocol";
import type { DeadLetter, DeadLetters } from "../groups/dead-letters.js";
import type { Groups } from "../groups/groups.js";
import { redrive } from "../groups/redriving.js";
import type { Announcing } from "../sites/announcing.js";
import { readService } from "./request-fields.js";

/**
 * How many letters are listed, if nobody says: as many as always fit into an answer. A row has 12
 * keys and, with the longest names and reason, 4 KB.
 */
export const lettersMax = 250;

/** What can be asked of the dead letters of one transmitter. @see PROTOCOL.md §14, $mesh.dead.* */
export class DeadLetterRequests {
  private readonly deadLetters: DeadLetters;
  private readonly groups: Groups;
  private readonly keep: Announcing["keep"];

  /** @param keep lets a group without cells live for a while, for those that may come. */
  constructor(deadLetters: DeadLetters, groups: Groups, keep: Announcing["keep"]) {
    this.deadLetters = deadLetters;
    this.groups = groups;
    this.keep = keep;
  }

  /** Those from `offset` on, oldest first; the newest, where it is not said. */
  list(data: FieldMap): Record<string, unknown>[] {
    const limit = intField(data, "limit", { min: 1, fallback: lettersMax });
    const number = intField(data, "letter", { fallback: 0 });
    const letters = this.deadLetters.list(readService(data));
    const wanted = number === 0 ? letters : letters.filter(({ letter }) => letter === number);
    const offset = intField(data, "offset", { fallback: Math.max(0, wanted.length - limit) });
    return wanted.slice(offset, offset + limit).map(letterRow);
  }

  show(data: FieldMap): Record<string, unknown> {
    const letter = this.letter(data);
    const { run } = letter;
    const body = decodeBody(run.tagAt(0), run.bodyAt(0));
    const { sender } = run.header;
    const event = { seq: run.seqAt(0), channel: run.channelAt(0) };
    const thid = eventThid({ sender, ...event, tag: run.tagAt(0), body: run.bodyAt(0) });
    const key = run.tagAt(0) === bodyTag.bytes ? "bytes" : "data";
    const value = key === "bytes" ? run.bodyAt(0).toString("base64") : body;
    return { ...letterRow(letter), thid, [key]: value };
  }

  redrive(data: FieldMap, nowMs: number): { readonly count: number } {
    const letters = this.take(data);
    const given = letters.map(({ run, service, pattern }) => {
      return redrive(this.groups, run, { service, pattern, nowMs });
    });
    for (const group of new Set(given)) {
      if (group.memberCount === 0) this.keep(group, nowMs);
    }
    return { count: letters.length };
  }

  drop(data: FieldMap): { readonly count: number } {
    return { count: this.take(data).length };
  }

  private take(data: FieldMap): DeadLetter[] {
    const service = readService(data);
    const letters = service === undefined ? [this.letter(data)] : this.deadLetters.list(service);
    for (const { letter } of letters) this.deadLetters.remove(letter);
    return letters;
  }

  private letter(data: FieldMap): DeadLetter {
    const number = intField(data, "letter", { min: 1 });
    const letter = this.deadLetters.get(number);
    if (letter === undefined) throw new MeshError("NOT_FOUND", `no dead letter ${number}`);
    return letter;
  }
}

function letterRow(letter: DeadLetter): Record<string, unknown> {
  const { run, ...fields } = letter;
  const { sender, cell, service } = run.header;
  const from = { id: cell ?? sender, service };
  return { ...fields, channel: run.channelAt(0), from, seq: run.seqAt(0) };
}
