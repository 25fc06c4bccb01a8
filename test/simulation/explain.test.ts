import { expect } from "chai";

import { type Attempt, ExplainRig } from "./explain-rig.js";

const situations = 1000;
const triesEach = 10;

/*
 * Goal:   $mesh.explain says of a channel exactly who gets an event on it.
 * Method: in drawn meshes somebody asks, then sends the event; what was said is compared with who
 *         got it. Of the members of a group one gets it, and it must be one that was named as next.
 * Replay: the message names the seed of the mesh and the channel.
 */
describe("simulation: $mesh.explain", () => {
  it(`names who gets the event, in ${situations} situations`, () => {
    const wrong: string[] = [];
    let groups = 0;
    let full = 0;

    for (let seed = 1; seed <= situations / triesEach; seed++) {
      const rig = new ExplainRig(seed);
      for (let at = 0; at < triesEach; at++) {
        const attempt = rig.try();
        const { channel, said, done } = attempt;
        const fault = faultOf(attempt);
        if (fault !== undefined) wrong.push(`seed ${seed}, channel ${channel}: ${fault}`);
        groups += done.given.length;
        full += said.groups.length - done.given.length;
      }
    }

    expect(wrong).to.deep.equal([]);
    expect(groups, "deliveries to groups").to.be.at.least(situations / 4);
    expect(full, "groups without a member that could take it").to.be.at.least(situations / 50);
  }).timeout(120_000);
});

/** Where what was said and what came about part; `undefined` if they do not. */
function faultOf({ said, done, isBusy }: Attempt): string | undefined {
  const streams = said.streams.flatMap(({ pattern, cells }) =>
    cells.map(({ id }) => `${pattern} ${id}`),
  );
  if (said.matched !== done.matched) return `matched ${done.matched}, said ${said.matched}`;
  if (`${streams.sort()}` !== `${[...done.caught].sort()}`) {
    return `caught by [${[...done.caught].sort()}], said [${streams}]`;
  }
  for (const { service, pattern, members } of said.groups) {
    const got = done.given.filter(({ group }) => group === `${service} ${pattern}`);
    const next = members.filter(({ why }) => /^(?:next|by key):/.test(why)).map(({ id }) => id);
    if (next.length === 0 && isBusy) continue;
    if (got.length !== Math.min(1, next.length)) {
      return `${got.length} members of ${service} ${pattern} got it, next were [${next}]`;
    }
    if (got.some(({ cell }) => !next.includes(cell))) {
      return `${got[0]?.cell} of ${service} ${pattern} got it, next were [${next}]`;
    }
  }
  if (done.given.length > said.groups.length) return "a group got it that was not named";
  return undefined;
}
