import { expect } from "chai";

import { type Caller, Doors } from "../../cell-sdk/src/transport/doors.js";
import { eventually } from "../support/eventually.js";

const address = "tcp://one:1";

/** A cell at a door; `told` is what it hears there. */
class NotedCaller implements Caller {
  readonly told: string[] = [];
  readonly isPatient: boolean;
  /** When it was let in, on the clock of `performance`. */
  enteredMs = Number.NaN;

  constructor(isPatient = false) {
    this.isPatient = isPatient;
  }

  enter(refusals: number): void {
    this.enteredMs = performance.now();
    this.told.push(`enter after ${refusals}`);
  }

  turnAway(): void {
    this.told.push("turned away");
  }
}

function callers(count: number, isPatient = false): NotedCaller[] {
  return Array.from({ length: count }, () => new NotedCaller(isPatient));
}

function toldOf(group: readonly NotedCaller[]): string[][] {
  return group.map(({ told }) => told);
}

/** The next that tries for all, when it is time. */
async function scoutAt(doors: Doors): Promise<NotedCaller> {
  const scout = new NotedCaller(true);
  doors.knock(address, scout);
  await eventually(() => expect(scout.told).to.have.lengthOf(1));
  return scout;
}

/** The same, after so many refusals. */
async function scoutAfter(doors: Doors, refusals: number): Promise<NotedCaller> {
  let scout = await scoutAt(doors);
  for (let count = 0; count < refusals; count++) {
    doors.refused(address, scout);
    scout = await scoutAt(doors);
  }
  return scout;
}

describe("cell: the doors of a process", () => {
  let doors: Doors;

  function knock(...group: readonly NotedCaller[]): void {
    for (const caller of group) doors.knock(address, caller);
  }

  beforeEach(() => {
    doors = new Doors();
  });

  it("let one try for all; the others come in when it is through, and later ones at once", async () => {
    const group = callers(3);
    knock(...group);
    expect(toldOf(group)).to.deep.equal([["enter after 0"], [], []]);

    doors.opened(address);
    const [late] = callers(1) as [NotedCaller];
    knock(late);

    expect(late.told).to.deep.equal(["enter after 0"]);
    await eventually(() => {
      expect(toldOf(group)).to.deep.equal([
        ["enter after 0"],
        ["enter after 0"],
        ["enter after 0"],
      ]);
    });
  });

  it("turn away at once whoever waits, or comes soon after, when the one is refused", () => {
    const [scout, waiting, late] = callers(3) as [NotedCaller, NotedCaller, NotedCaller];
    knock(scout, waiting);

    doors.refused(address, scout);
    knock(late);

    expect(toldOf([waiting, late])).to.deep.equal([["turned away"], ["turned away"]]);
  });

  it("keep those that have no other address: one after the other tries again", async () => {
    const [scout, ...patient] = callers(3, true) as [NotedCaller, ...NotedCaller[]];
    knock(scout, ...patient);
    doors.refused(address, scout);
    expect(toldOf(patient)).to.deep.equal([[], []]);

    await eventually(() => expect(toldOf(patient)).to.deep.equal([["enter after 1"], []]));
    doors.refused(address, patient[0]!);

    await eventually(() => {
      expect(toldOf(patient)).to.deep.equal([["enter after 1"], ["enter after 2"]]);
    });
  });

  it("let somebody try again 50 ms after a refusal, and 100 and 200 ms after one more each", async () => {
    let scout = await scoutAt(doors);
    for (const restMs of [50, 100, 200]) {
      doors.refused(address, scout);
      const refusedMs = performance.now();
      scout = await scoutAt(doors);

      // A timer of Node may be a little early.
      expect(scout.enteredMs - refusedMs).to.be.at.least(restMs - 5);
    }
  });

  it("rest no longer after more refusals", async () => {
    const [tired, worn] = [new Doors(), new Doors()];
    const scouts = await Promise.all([scoutAfter(tired, 2), scoutAfter(worn, 4)]);

    worn.refused(address, scouts[1]);
    tired.refused(address, scouts[0]);
    const [ofTired, ofWorn] = await Promise.all([scoutAt(tired), scoutAt(worn)]);

    expect(ofWorn.enteredMs - ofTired.enteredMs).to.be.below(200);
  });

  it("rest as short as at first once they have been open", async () => {
    const [tired, fresh] = [new Doors(), new Doors()];
    const scouts = await Promise.all([scoutAfter(tired, 2), scoutAfter(fresh, 2)]);
    fresh.opened(address);
    fresh.lost(address);
    const scout = await scoutAt(fresh);

    tired.refused(address, scouts[0]);
    fresh.refused(address, scout);
    const [ofTired, ofFresh] = await Promise.all([scoutAt(tired), scoutAt(fresh)]);

    expect(ofFresh.enteredMs).to.be.below(ofTired.enteredMs);
  });

  it("have the next one try when the one gives up; whoever has gone does not", async () => {
    const [scout, gone, next] = callers(3) as [NotedCaller, NotedCaller, NotedCaller];
    knock(scout, gone, next);

    doors.left(address, gone);
    doors.left(address, scout);

    await eventually(() => expect(next.told).to.deep.equal(["enter after 0"]));
    expect(gone.told).to.deep.equal([]);
  });

  it("are closed again by the loss of what stood", async () => {
    const [scout, ...others] = callers(3) as [NotedCaller, ...NotedCaller[]];
    knock(scout);
    doors.opened(address);

    doors.lost(address);
    knock(...others);

    expect(toldOf(others)).to.deep.equal([["enter after 0"], []]);
  });

  it("that close while those who waited come in let one of the others try", async () => {
    const group = callers(4);
    knock(...group);
    doors.opened(address);
    expect(toldOf(group).flat()).to.have.lengthOf(2);

    doors.lost(address);

    await eventually(() => expect(toldOf(group).flat()).to.have.lengthOf(3));
  });

  it("are forgotten when there are more than 1024 at which nobody is", () => {
    for (let at = 0; at < 3000; at++) {
      const caller = new NotedCaller();
      doors.knock(`tcp://one:${at}`, caller);
      doors.refused(`tcp://one:${at}`, caller);
    }

    expect(doors.count).to.be.at.most(1024);
  });
});
