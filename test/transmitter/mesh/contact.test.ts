import { expect } from "chai";

import { type Beat, Members } from "../../../transmitter/src/core/mesh/members.js";
import { limits } from "./members-mesh.js";

const other = "b".repeat(40);

function beatOf(beat: number, incarnation = 1): Beat {
  return { id: other, incarnation, beat };
}

/** Knows one other transmitter, which was heard ten times. */
class Known {
  readonly found: string[] = [];
  wasAway = false;
  nowMs = 0;
  readonly members = new Members(
    limits,
    {
      changed: () => undefined,
      forgotten: () => undefined,
      livedOn: (id) => this.found.push(id),
      wasAway: () => this.wasAway,
    },
    0,
  );

  constructor() {
    for (let beat = 1; beat <= 10; beat++) this.hear(beat);
  }

  hear(beat: number): void {
    this.members.heard(beatOf(beat), this.nowMs, true);
    this.pass(limits.heartbeatMs);
  }

  pass(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; ) {
      this.nowMs += limits.heartbeatMs;
      this.members.tick(this.nowMs);
    }
  }

  bury(): void {
    this.pass(3000);
    expect(this.members.get(other)?.state).to.equal("dead");
  }
}

describe("members: one that lived on without us (§18.12)", () => {
  it("is not one that was heard to its end", () => {
    const known = new Known();
    known.bury();
    expect(known.members.lived(beatOf(17), known.nowMs)).to.equal(false);
    expect(known.found).to.deep.equal([]);
  });

  it("is found once, by what somebody else heard of it 2 s later", () => {
    const known = new Known();
    known.bury();
    expect(known.members.lived(beatOf(18), known.nowMs)).to.equal(true);
    expect(known.members.lived(beatOf(40), known.nowMs)).to.equal(false);
    expect(known.found).to.deep.equal([other]);
    expect(known.members.get(other)?.state).to.equal("dead");
  });

  it("is not believed to have said more heartbeats than there was time for", () => {
    const known = new Known();
    known.bury();
    expect(known.members.lived(beatOf(Number.MAX_SAFE_INTEGER), known.nowMs)).to.equal(false);
    expect(known.found).to.deep.equal([]);
    known.hear(11);
    expect(known.members.get(other)?.state).to.equal("heard-of");
  });

  it("is found when others bring it back that had heard it, and it is dead again", () => {
    const known = new Known();
    known.bury();
    known.members.heard(beatOf(30), known.nowMs);
    expect(known.found).to.deep.equal([]);
    known.bury();
    expect(known.found).to.deep.equal([other]);
  });

  it("is not one that has come back since, and was heard", () => {
    const known = new Known();
    known.bury();
    known.hear(30);
    known.hear(31);
    known.bury();
    expect(known.found).to.deep.equal([]);
  });

  it("is found of a start that another one has taken the place of, and told to others", () => {
    const known = new Known();
    known.bury();
    known.members.heard(beatOf(1, 2), known.nowMs, true);
    expect(known.members.lived(beatOf(30), known.nowMs)).to.equal(true);
    expect(known.found).to.deep.equal([other]);
    expect(known.members.lastBeats).to.deep.equal([beatOf(30)]);
  });

  it("is one that was heard only by what had come while we were away", () => {
    const known = new Known();
    known.wasAway = true;
    for (let beat = 11; beat <= 20; beat++) known.hear(beat);
    known.wasAway = false;
    known.bury();
    expect(known.found).to.deep.equal([other]);
  });
});
