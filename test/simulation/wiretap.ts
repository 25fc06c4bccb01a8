import { decodeMessagePack, ownField, readFrame, readRun } from "@thynapse/protocol";
import { readCommand, readRows } from "../../cell-sdk/dist/core/wire.js";
import type { EventNames } from "./event-names.js";
import { GivenBook } from "./given-book.js";
import type { LogEntry } from "./log.js";

/** Where a cell's records go. */
export type LogSink = (entry: LogEntry) => void;

/** Whom a wiretap listens to, and what events are called in its log. */
export interface WiretapTerms {
  readonly id: string;
  readonly service: string;
  readonly names: EventNames;
}

/** Commands that say something for the log; the others are not decoded. */
const listened = new Set(["CNFM", "DLVR", "BACK", "WLCM"]);
const spoken = new Set(["CTCH", "CRED", "SETL", "DROP", "GBYE"]);

/**
 * Listens in on the command connection of a cell and logs what its SDK is told, not what it makes
 * of that: confirms, deliveries as they come in, and the credit that it grants.
 */
export class Wiretap {
  /** The transmitter that welcomed this connection. */
  home = "";
  private readonly cell: string;
  private readonly service: string;
  private readonly names: EventNames;
  private readonly log: LogSink;
  /** Patterns of catches: by the reference that asked, then by number. */
  private readonly asked = new Map<unknown, string>();
  private readonly patterns = new Map<unknown, string>();
  /** Deliveries that are at the cell, by pattern. */
  private readonly given = new Map<string, GivenBook>();

  constructor({ id, service, names }: WiretapTerms, log: LogSink) {
    this.cell = id;
    this.service = service;
    this.names = names;
    this.log = log;
  }

  /** A part from the transmitter, before the cell reads it. */
  incoming(part: Buffer): void {
    const command = part.toString("latin1", 2, 6);
    if (command === "CGHT") this.granted(part);
    if (part[0] !== 0x4d || !listened.has(command)) return;
    const { map, runAt } = readCommand(part);
    if (command === "WLCM") this.home = String(ownField(map, "origin"));
    else if (command === "CNFM") this.confirms(map);
    else if (command === "DLVR") this.delivered(map, part, runAt);
    else this.back(map);
  }

  /** A part from the cell. */
  outgoing(part: Buffer): void {
    const command = part.toString("latin1", 2, 6);
    if (!spoken.has(command)) return;
    const fields = decodeMessagePack(readFrame(part).payload) as Record<string, unknown>;
    if (command === "SETL") {
      this.settled(fields);
      return;
    }
    if (command === "CTCH") this.caught(fields);
    else if (command === "GBYE") this.left(fields);
    else if (command === "DROP") this.patterns.delete(fields["catch"]);
    else {
      const pattern = this.patterns.get(fields["catch"]);
      const count = Number(fields["credit"]);
      if (pattern !== undefined)
        this.log({ id: "", action: "credit", pattern, count, home: this.home });
    }
  }

  private caught(fields: Readonly<Record<string, unknown>>): void {
    const pattern = String(fields["pattern"]);
    this.asked.set(fields["ref"], pattern);
    if (fields["mode"] !== "any") return;
    const count = Number(fields["credit"] ?? fields["concurrency"] ?? 1);
    const { service, home } = this;
    this.log({ id: "", action: "credit", mode: "any", service, pattern, count, home });
  }

  /** A cell that goes before its handlers have ended gives their deliveries back (§9.5). */
  private left(fields: Readonly<Record<string, unknown>>): void {
    if (fields["idle"] !== true) this.log({ id: "", action: "fault", count: 0 });
  }

  private settled(fields: Readonly<Record<string, unknown>>): void {
    const pattern = this.patterns.get(fields["catch"]);
    if (pattern === undefined) return;
    const origin = String(fields["origin"]);
    const book = this.bookOf(pattern);
    for (const [, first, count, attempt] of fields["settled"] as readonly number[][]) {
      const from = first as number;
      for (let at = from; at < from + (count as number); at++) {
        const given = book.takeOut(origin, at, attempt as number);
        if (given === undefined) continue;
        const { id, attempt: first } = given;
        this.log({ id, attempt: first, action: "settled", pattern, home: this.home });
      }
    }
  }

  private granted(part: Buffer): void {
    const { map } = readCommand(part);
    const pattern = this.asked.get(ownField(map, "ref"));
    if (pattern !== undefined) this.patterns.set(ownField(map, "catch"), pattern);
  }

  private confirms(map: Readonly<Record<string, unknown>>): void {
    const { home } = this;
    for (const [first, last, , repeat] of readRows(map, "accepted")) {
      this.each(first, last, (id) =>
        this.log({ id, action: "accepted", home, repeat: repeat === true }),
      );
    }
    for (const [first, last, code] of readRows(map, "refused")) {
      if (code === "BUSY") continue;
      this.each(first, last, (id) => this.log({ id, action: "refused", home }));
    }
    for (const [first, last] of readRows(map, "handled")) {
      this.each(first, last, (id) => this.log({ id, action: "handled", home }));
    }
  }

  private each(first: unknown, last: unknown, log: (id: string) => void): void {
    const to = Number(last);
    for (let seq = Number(first); seq <= to; seq++) log(this.names.of(this.cell, seq));
  }

  private delivered(map: Readonly<Record<string, unknown>>, part: Buffer, runAt: number): void {
    const { home, service } = this;
    const pattern = this.patterns.get(ownField(map, "catch"));
    if (pattern === undefined) return;
    const attempt = Number(ownField(map, "attempt"));
    const number = Number(ownField(map, "number"));
    const origin = String(ownField(map, "origin"));
    const run = readRun(part, runAt);
    const isClaimed = ownField(map, "claimed") === true;
    const book = this.bookOf(pattern);
    for (let index = 0; index < run.count; index++) {
      const id = this.names.of(run.header.sender, run.seqAt(index));
      const before = book.of(id);
      book.putIn(before ?? { id, attempt }, { origin, number: number + index, attempt });
      // What a cell has, or has claimed, gets another name and counts for nothing new.
      if (before !== undefined || isClaimed) continue;
      this.log({ id, action: "given", service, pattern, attempt, home });
    }
  }

  private bookOf(pattern: string): GivenBook {
    let book = this.given.get(pattern);
    if (book === undefined) {
      book = new GivenBook();
      this.given.set(pattern, book);
    }
    return book;
  }

  private back(map: Readonly<Record<string, unknown>>): void {
    const pattern = this.patterns.get(ownField(map, "catch"));
    if (pattern === undefined) return;
    const attempt = Number(ownField(map, "attempt"));
    const first = Number(ownField(map, "number"));
    const origin = String(ownField(map, "origin"));
    const book = this.bookOf(pattern);
    for (let at = first; at < first + Number(ownField(map, "count") ?? 1); at++) {
      const given = book.takeOut(origin, at, attempt);
      if (given !== undefined) {
        this.log({ ...given, action: "taken", service: this.service, pattern, home: this.home });
      }
    }
  }
}
