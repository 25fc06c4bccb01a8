import type { Mutant } from "./mutant.js";

const core = "transmitter/src/core";

/** Guards between transmitters: links, records, leases, what comes back, and groups that are kept. */
export const meshMutants: readonly Mutant[] = [
  {
    guard: "a hole of a link is complained of",
    file: `${core}/mesh/link.ts`,
    text: "this.isAgainDue = true;",
    instead: "void nowMs;",
    nets: ["mesh"],
  },
  {
    guard: "a link that is up again goes on from what the other side has",
    file: `${core}/mesh/link.ts`,
    text: "    this.isAskDue = true;\n    this.ring.sent = this.ring.acked;\n",
    instead: "    this.isAskDue = true;\n",
    nets: ["mesh"],
  },
  {
    guard: "a sender that a later session has elsewhere is fenced",
    file: `${core}/cells/sending.ts`,
    text: "if (cell.sender.isElsewhere) {",
    instead: "if (false as boolean) {",
    nets: ["mesh"],
  },
  {
    guard: "nothing that an earlier start has set is taken",
    file: `${core}/mesh/directory.ts`,
    text: "if (known !== undefined && delta.incarnation < known.incarnation) return true;",
    instead: "",
    nets: ["mesh"],
  },
  {
    guard: "what no cell can take goes back to its origin",
    file: `${core}/sites/hosting.ts`,
    text: 'if (rest !== undefined) this.tell(group, rest, undefined, { outcome: "unplaced" });',
    instead: "void rest;",
    nets: ["mesh"],
  },
  {
    guard: "what was leased is counted",
    file: `${core}/sites/lease.ts`,
    text: "return Math.max(0, this.granted - this.consumed);",
    instead: "return 0;",
    nets: ["mesh"],
  },
  {
    guard: "a lease is counted anew in another life",
    file: `${core}/sites/lease.ts`,
    text: "if (life !== this.life) {",
    instead: "if (life < this.life) {",
    nets: ["mesh"],
  },
  {
    guard: "outputs go out at the origin only for what their cell held there",
    file: `${core}/sites/passing.ts`,
    text: "if (current === row.count) {",
    instead: "if (current >= 0) {",
    nets: ["mesh"],
  },
  {
    guard: "a settlement that a site tells is of its own origin",
    file: `${core}/groups/holder.ts`,
    text: "span.attempt !== attempt || span.lot.origin !== origin;",
    instead: "span.attempt !== attempt;",
    nets: ["mesh"],
  },
  {
    guard: "what a former home has given out is left to it",
    file: `${core}/groups/claims.ts`,
    text: "if (held.get(sender)?.has(seq) === true) return true;",
    instead: "",
    nets: ["mesh"],
  },
  {
    guard: "what a site held that is gone waits for the claims of its cells",
    file: `${core}/groups/groups.ts`,
    text: "    this.claiming.hold(group, spans, nowMs);\n    this.dirty.add(group);",
    instead: "    this.fates.again(group, spans);\n    this.dirty.add(group);",
    nets: ["mesh"],
  },
  {
    guard: "an ack that waits for company does not wait for ever",
    file: `${core}/mesh/ack-pace.ts`,
    text: "if (nowMs >= this.dueMs) this.isDue = true;",
    instead: "void nowMs;",
    nets: ["mesh"],
  },
  {
    guard: "a group outlives the transmitter of its last member",
    file: `${core}/sites/sites.ts`,
    text: "if (group.memberCount === 0) this.announcing.keep(group, nowMs);",
    instead: "",
    nets: ["mesh"],
  },
  {
    guard: "a group outlives the farewell of a cell that has moved",
    file: `${core}/groups/keeping.ts`,
    text: "if (!isMoving) {",
    instead: "if (true as boolean) {",
    nets: ["mesh"],
  },
  {
    guard: "members elsewhere are known to all before it is told no more that a group is kept",
    file: `${core}/sites/announcing.ts`,
    text: "group.found(nowMs + unsureMs);",
    instead: "group.found(nowMs);",
    nets: ["mesh"],
  },
];
