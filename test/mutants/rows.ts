/**
 * Which tests must notice a mutant.
 *
 * - `units`: those of the cores.
 * - `swarm`: drawn worlds under load and faults.
 */
export type Net = "units" | "swarm";

/** One guard taken out of the code, and the tests that must fail without it. */
export interface Mutant {
  readonly guard: string;
  readonly file: string;
  /** Source text that stands in the file exactly once. */
  readonly text: string;
  readonly instead: string;
  readonly nets: readonly Net[];
}

const core = "transmitter/src/core";
const cell = "cell-sdk/src/core";

/** Every guard that a promise rests on. A row whose text was changed must be changed with it. */
export const mutants: readonly Mutant[] = [
  {
    guard: "a settlement counts for its own attempt only",
    file: `${core}/groups/member.ts`,
    text: "if (span.attempt !== attempt || span.to <= first || span.from > last) {",
    instead: "if (span.to <= first || span.from > last) {",
    nets: ["units"],
  },
  {
    guard: "outputs of a stale attempt do not go out",
    file: `${core}/cells/settling.ts`,
    text: "if (current < settlement.count) {",
    instead: "if (current < 0) {",
    nets: ["units"],
  },
  {
    guard: "nobody gets more than its credit",
    file: `${core}/groups/member.ts`,
    text: "Math.max(0, this.credit - this.heldCount)",
    instead: "Math.max(0, this.credit)",
    nets: ["units", "swarm"],
  },
  {
    guard: "attempts have a limit",
    file: `${core}/groups/fates.ts`,
    text: "span.charged >= group.terms.attemptsMax",
    instead: "span.charged < 0",
    nets: ["units"],
  },
  {
    guard: "an event that came back says so",
    file: `${core}/groups/fates.ts`,
    text: "      single.charged = 1;\n      single.repeat = true;",
    instead: "      single.charged = 1;",
    nets: ["units"],
  },
  {
    guard: "what is lost of a stream comes again",
    file: `${core}/streams/streams.ts`,
    text: "messages.push(published);",
    instead: "void published;",
    nets: ["units", "swarm"],
  },
  {
    guard: "a subscription is answered by a mark",
    file: `${core}/streams/streams.ts`,
    text: "this.unmarked.add(stream);",
    instead: "void stream;",
    nets: ["units", "swarm"],
  },
  {
    guard: "a number below the floor is known",
    file: `${core}/events/intake.ts`,
    text: "if (seq >= sender.floor && !sender.known.has(seq)) {",
    instead: "if (!sender.known.has(seq)) {",
    nets: ["units"],
  },
  {
    guard: "the origin takes a number once",
    file: `${core}/events/intake.ts`,
    text: "if (first < sender.floor || sender.known.overlaps(first, last)) {",
    instead: "if (first < sender.floor) {",
    nets: ["units"],
  },
  {
    guard: "a cell passes an event of a stream on once",
    file: `${cell}/repeat-filter.ts`,
    text: "if (seq < known || seen.has(seq)) continue;",
    instead: "if (seq < known) continue;",
    nets: ["units", "swarm"],
  },
  {
    guard: "what a cell claims as settled is settled",
    file: `${core}/groups/claiming.ts`,
    text: "if (claims.isSettled(sender, seq)) {",
    instead: "if (claims.isSettled(sender, -seq)) {",
    nets: ["units"],
  },
  {
    guard: "what repeats is held back for claims",
    file: `${core}/groups/groups.ts`,
    text: "if (repeat) this.claiming.hold(group, [span], nowMs);",
    instead: "if (nowMs < 0) this.claiming.hold(group, [span], nowMs);",
    nets: ["units", "swarm"],
  },
  {
    guard: "a key waits for what is held back",
    file: `${core}/groups/affinity.ts`,
    text: "return this.busy.has(key) || this.heldBack.has(key);",
    instead: "return this.busy.has(key);",
    nets: ["units", "swarm"],
  },
  {
    guard: "a key waits for what is out",
    file: `${core}/groups/affinity.ts`,
    text: "return this.busy.has(key) || this.heldBack.has(key);",
    instead: "return this.heldBack.has(key);",
    nets: ["units", "swarm"],
  },
  {
    guard: "a cell whose connections both ended is dead",
    file: `${core}/cells/liveness.ts`,
    text: 'this.parts.onDead(cell, "both its connections ended", nowMs);',
    instead: "void nowMs;",
    nets: ["units"],
  },
  {
    guard: "a group outlives its last member",
    file: `${core}/cells/attachments.ts`,
    text: "const endMs = nowMs + this.parts.limits.groupKeepMs;",
    instead: "const endMs = nowMs;",
    nets: ["units", "swarm"],
  },
  {
    guard: "redeliver: false is never assigned again",
    file: `${core}/groups/fates.ts`,
    text: "if (group.terms.redeliver) return [span];",
    instead: "if (span.attempt >= 0) return [span];",
    nets: ["units", "swarm"],
  },
  {
    guard: "redeliver: false gets no repeats",
    file: `${core}/groups/claiming.ts`,
    text: "if (group.terms.redeliver) {",
    instead: "if (free.length >= 0) {",
    nets: ["units", "swarm"],
  },
  {
    guard: "handled waits for every group",
    file: `${core}/events/entry.ts`,
    text: "if (this.waits[at] !== 0) continue;",
    instead: "if (this.waits[at] === -1) continue;",
    nets: ["units", "swarm"],
  },
  {
    guard: "what follows a refused run waits for it",
    file: `${core}/cells/sending.ts`,
    text: "if (run.header.first > refused.first && nowMs < refused.untilMs) return true;",
    instead: "if (nowMs < 0) return true;",
    nets: ["units"],
  },
  {
    guard: "a refusal is remembered",
    file: `${core}/events/intake.ts`,
    text: "if (refusal !== undefined) {",
    instead: "if (refusal !== undefined && seq < 0) {",
    nets: ["units"],
  },
  {
    guard: "what waits for the listeners goes first",
    file: `${core}/cells/sending.ts`,
    text: "if (this.deferredBytes.has(cell)) return true;",
    instead: "",
    nets: ["units"],
  },
  {
    guard: "what comes back keeps its order",
    file: `${core}/groups/backlog.ts`,
    text: "return span.attempt > 0 || span.repeat;",
    instead: "return span.attempt < 0;",
    nets: ["units"],
  },
  {
    guard: "a claim is good for once",
    file: `${core}/groups/claiming.ts`,
    text: "claims.adopted(holder, sender, seq);",
    instead: "",
    nets: ["units"],
  },
  {
    guard: "a backlog above its bound has no room",
    file: `${core}/groups/group.ts`,
    text: "Math.max(0, Math.min(lot.run.count, eventsMax - this.backlog.events))",
    instead: "Math.min(lot.run.count, eventsMax - this.backlog.events)",
    nets: ["units"],
  },
  {
    guard: "a sender sends again what is not confirmed",
    file: `${cell}/outbox.ts`,
    text: "const due = attachment.same ? records.filter((record) => !record.isDone) : records;",
    instead: "const due = records.filter((record) => record.sentOn === 0);",
    nets: ["units", "swarm"],
  },
  {
    guard: "a hole of a link is complained of",
    file: `${core}/mesh/link.ts`,
    text: "this.isAgainDue = true;",
    instead: "void nowMs;",
    nets: ["units"],
  },
  {
    guard: "a link that is up again goes on from what the other side has",
    file: `${core}/mesh/link.ts`,
    text: "    this.isAskDue = true;\n    this.ring.sent = this.ring.acked;\n",
    instead: "    this.isAskDue = true;\n",
    nets: ["units"],
  },
  {
    guard: "a sender that a later session has elsewhere is fenced",
    file: `${core}/cells/sending.ts`,
    text: "if (cell.sender.movedTo !== undefined) {",
    instead: "if (cell.sender.movedTo === cell.id) {",
    nets: ["units"],
  },
  {
    guard: "nothing that an earlier start has set is taken",
    file: `${core}/mesh/directory.ts`,
    text: "if (known !== undefined && delta.incarnation < known.incarnation) return true;",
    instead: "",
    nets: ["units"],
  },
  {
    guard: "what no cell can take goes back to its origin",
    file: `${core}/sites/hosting.ts`,
    text: 'if (rest !== undefined) this.tell(group, rest, undefined, { outcome: "unplaced" });',
    instead: "void rest;",
    nets: ["units"],
  },
  {
    guard: "what was leased is counted",
    file: `${core}/sites/leasing.ts`,
    text: "if (count > 0 && grant(lease, count)) lease.granted += count;",
    instead: "if (count > 0) grant(lease, count);",
    nets: ["units"],
  },
  {
    guard: "a lease is counted anew in another life",
    file: `${core}/sites/lease.ts`,
    text: "if (life !== this.life) {",
    instead: "if (life < this.life) {",
    nets: ["units"],
  },
  {
    guard: "a group outlives the transmitter of its last member",
    file: `${core}/sites/sites.ts`,
    text: "nowMs + this.parts.groupKeepMs",
    instead: "nowMs",
    nets: ["units"],
  },
];
