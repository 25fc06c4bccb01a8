import { expect } from "chai";

import type { Thid } from "../../../protocol/src/thid.js";
import { writeDelta } from "../../../transmitter/src/core/mesh/delta-words.js";
import { type MeshWord, writeWord } from "../../../transmitter/src/core/mesh/mesh-words.js";
import { delta, entry, expectUnharmed, refusals, say, type Stand, stand } from "./hostile-stand.js";

const max = Number.MAX_SAFE_INTEGER;
const idAt = (n: number): Thid => n.toString(16).padStart(40, "0") as Thid;

type Said = Exclude<MeshWord, { readonly kind: "delta" }>;

const tellAll = ({ hostile, net }: Stand, word: Said): void => {
  hostile.mesh.peering.tellAll(writeWord(word));
  net.settle();
};

/* What one says in the name of others, or of others that are none. */
describe("mesh, told of others what cannot be", () => {
  for (const how of ["others", "speaker", "roster"] as const) {
    it(`takes no member for dead that is said to have beaten for ages (${how})`, () => {
      const at = stand();
      const { victim, third, hostile, net } = at;
      const row = { id: third.hello.id, incarnation: 1, beat: max, version: 1 };
      const me = { id: hostile.hello.id, incarnation: 1, beat: 20, version: 1 };
      if (how === "roster") {
        const roster = [{ ...row, isAlive: true }];
        say(at, writeWord({ kind: "roster", roster, lived: [] }));
      } else if (how === "speaker")
        tellAll(at, { kind: "beat", speaker: row, others: [], missing: [] });
      else tellAll(at, { kind: "beat", speaker: me, others: [row], missing: [] });
      victim.states.splice(0);
      net.run(20_000);
      expect(victim.states.filter((line) => line.startsWith("n3"))).to.deep.equal([]);
      expectUnharmed(at);
    });
  }

  it("finds one alive whose heartbeats were told ahead, one at a time, for a minute", () => {
    const at = stand();
    const { victim, third, net } = at;
    const { id } = third.hello;
    victim.states.splice(0);
    for (let beat = 100; beat < 1300; beat++) {
      tellAll(at, {
        kind: "beat",
        speaker: { id, incarnation: 1, beat, version: 1 },
        others: [],
        missing: [],
      });
      net.run(50);
    }
    net.run(20_000);
    expect(victim.states.filter((line) => line.startsWith("n3"))).to.deep.equal([]);
  });

  it("takes the record of one that is heard from that one alone", () => {
    const at = stand();
    const { victim, third, net } = at;
    const { id } = third.hello;
    third.mesh.set("color", "red");
    net.run(100);
    say(at, ...writeDelta(delta(id, [entry("color", 5, "green")], { version: max })));
    third.mesh.set("size", 9);
    net.run(5000);
    const values = ["color", "size"].map((key) => victim.mesh.directory.get(id, key));
    expect(values).to.deep.equal(["red", 9]);
  });

  it("remembers nobody who speaks or is missed, and is no member", () => {
    const at = stand();
    const { gossip } = at.victim.mesh.talk as unknown as {
      readonly gossip: Readonly<Record<"heardMs" | "askedUntilMs", ReadonlyMap<Thid, number>>>;
    };
    const missing = Array.from({ length: 1000 }, (_, n) => idAt(10_000 + n));
    for (let n = 0; n < 4200; n++) {
      const speaker = { id: idAt(n), incarnation: 1, beat: 1, version: 0 };
      tellAll(at, { kind: "beat", speaker, others: [], missing: n === 0 ? missing : [] });
    }
    expect(refusals(at.victim)).to.include("TOO_LARGE");
    expect(gossip.heardMs.size).to.be.at.most(4096);
    expect(gossip.askedUntilMs.size).to.equal(0);
  });

  it("dials no more addresses that are named, and where nobody is, than it may", () => {
    const at = stand();
    const { dials } = at.net;
    for (let n = 0; n < 1000; n++) say(at, writeWord({ kind: "twin", pub: `nowhere ${n}` }));
    expect(at.net.dials - dials).to.equal(256);
    expect(refusals(at.victim)).to.have.length(744);
    at.net.run(11_000);
    expectUnharmed(at);
  });
});
