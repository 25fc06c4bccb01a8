import { expect } from "chai";

import type { Thid } from "../../../protocol/src/thid.js";
import { writeDelta } from "../../../transmitter/src/core/mesh/delta-words.js";
import { writeWord } from "../../../transmitter/src/core/mesh/mesh-words.js";
import { delta, entry, expectUnharmed, refusals, say, stand } from "./hostile-stand.js";
import { refusedPart } from "./mesh-net.js";
import { idOf } from "./net.js";

describe("mesh, told what cannot be", () => {
  it("lets no delta of its own record change it", () => {
    const at = stand();
    const { victim } = at;
    say(at, ...writeDelta(delta(victim.hello.id, [entry("pub", 9)], { incarnation: 99 })));
    expect(refusals(victim)).to.deep.equal(["DENIED"]);
    expect(victim.mesh.directory.get(victim.hello.id, "pub")).to.equal("n1");
    expectUnharmed(at);
  });

  it("keeps no record of one that is no member", () => {
    const at = stand();
    say(at, ...writeDelta(delta(idOf("nobody"), [entry("x", 1)])));
    expect(refusals(at.victim)).to.deep.equal(["NOT_FOUND"]);
    expect(at.victim.mesh.directory.known(idOf("nobody"))).to.equal(undefined);
    expectUnharmed(at);
  });

  it("ignores a record that is too large, in entries or in bytes, and asks no more for it", () => {
    const at = stand();
    const { net, victim, hostile } = at;
    const { id } = hostile.hello;
    const many = Array.from({ length: 100_001 }, (_, n) => entry(`key ${n}`, n + 1));
    const large = Array.from({ length: 9 }, (_, n) =>
      entry(`key ${n}`, n + 1, Buffer.alloc(1024 * 1024)),
    );
    for (const entries of [many, large]) say(at, ...writeDelta(delta(id, entries)));
    expect(refusals(victim)).to.deep.equal(["TOO_LARGE", "TOO_LARGE"]);
    expect(victim.mesh.directory.entriesOf(id, "key ")).to.deep.equal([]);

    const { taken = 0 } = victim.mesh.peering.links[0] ?? {};
    net.run(5000);
    expect((victim.mesh.peering.links[0]?.taken ?? 0) - taken).to.be.lessThan(5);
    expectUnharmed(at);
  });

  it("holds a record in its bounds that grows delta by delta", () => {
    const at = stand();
    const { id } = at.hostile.hello;
    const base = at.victim.mesh.directory.known(id)?.version ?? 0;
    for (let n = 0; n < 12; n++) {
      const entries = [entry(`key ${n}`, base + n + 1, Buffer.alloc(1024 * 1024))];
      const pieces = writeDelta(delta(id, entries, { from: base + n, version: base + n + 1 }));
      say(at, ...pieces);
    }
    expect(refusals(at.victim)).to.include("TOO_LARGE");
    expect(at.victim.mesh.directory.entriesOf(id, "key ")).to.have.length(7);
    expectUnharmed(at);
  });

  it("goes on with nothing that begins in the middle, or is not gone on with", () => {
    const at = stand();
    const { id } = at.hostile.hello;
    const long = Array.from({ length: 3 }, (_, n) =>
      entry(`key ${n}`, 100 + n, Buffer.alloc(300_000)),
    );
    const [first, second, third] = writeDelta(delta(id, long));
    say(at, second as Buffer, third as Buffer, first as Buffer, third as Buffer);
    expect(at.victim.mesh.directory.entriesOf(id, "key ")).to.deep.equal([]);
    expectUnharmed(at);
  });

  it("heeds no heartbeat that speaks in its name, and none of its own that is newer", () => {
    const at = stand();
    const { net, victim, hostile } = at;
    const standing = { id: victim.hello.id, incarnation: 99, beat: 1e9, version: 1e9 };
    const speaker = { ...standing, id: hostile.hello.id, incarnation: 1 };
    for (const word of [
      writeWord({ kind: "beat", speaker: standing, others: [], missing: [] }),
      writeWord({ kind: "beat", speaker, others: [standing], missing: [victim.hello.id] }),
      writeWord({ kind: "farewell", id: victim.hello.id, incarnation: 1 }),
    ]) {
      hostile.mesh.peering.tellAll(word);
    }
    net.settle();
    expect(victim.mesh.members.get(victim.hello.id)).to.equal(undefined);
    expect(victim.mesh.liveMembers()).to.have.length(2);
  });

  it("takes what is for a link from no topic that all hear", () => {
    const at = stand();
    const { id } = at.hostile.hello;
    const before = at.victim.mesh.directory.known(id);
    for (const word of [
      ...writeDelta(delta(id, [entry("x", 1)])),
      writeWord({ kind: "roster", roster: [], lived: [] }),
      writeWord({ kind: "want", wanted: [] }),
      writeWord({ kind: "twin", pub: "n9" }),
    ]) {
      at.hostile.mesh.peering.tellAll(word);
    }
    at.net.settle();
    expect(refusals(at.victim)).to.deep.equal(Array(4).fill("BAD_COMMAND"));
    expect(at.victim.mesh.directory.known(id)).to.deep.equal(before);
    expectUnharmed(at);
  });

  it("knows no more members than it may", () => {
    const at = stand();
    for (let round = 0; round < 6; round++) {
      const roster = Array.from({ length: 1000 }, (_, n) => ({
        id: (round * 1000 + n).toString(16).padStart(40, "0") as Thid,
        incarnation: 1,
        beat: 1,
        version: 0,
        isAlive: false,
      }));
      say(at, writeWord({ kind: "roster", roster, lived: [] }));
    }
    expect(refusals(at.victim)).to.include("TOO_LARGE");
    expect(at.victim.mesh.members.count).to.equal(4096);
    expectUnharmed(at);
  });

  it("begins a link anew both ways over a part that it cannot read, or that is refused", () => {
    for (const part of [Buffer.from([0xc1]), Buffer.from(refusedPart)]) {
      const at = stand();
      const { net, victim, hostile } = at;
      say(at, part);
      expect(refusals(victim)).to.deep.equal(["BAD_PAYLOAD"]);
      expect(victim.mesh.peering.counts).to.include({ linksRenewed: 1, linksClosed: 0 });
      expect([victim.told.at(-1), hostile.told.at(-1)]).to.deep.equal(["anew n2", "anew n1"]);

      say(at, Buffer.from("M TEST after"));
      expect(victim.parts.at(-1)).to.equal("n2 M TEST after");
      victim.mesh.set("shape", "round");
      net.settle();
      expect(hostile.mesh.directory.get(victim.hello.id, "shape")).to.equal("round");
      expectUnharmed(at);
    }
  });

  it("closes the link of one that does not stop, for a minute", () => {
    const at = stand();
    const { net, victim, hostile } = at;
    for (let n = 0; n < 40; n++) {
      if (victim.mesh.peering.get(hostile.hello.id) !== undefined) say(at, Buffer.from([0xc1]));
    }
    expect(victim.mesh.peering.counts).to.include({ linksClosed: 1, linksRenewed: 19 });
    expect(victim.mesh.isLinked(hostile.hello.id)).to.equal(false);
    net.run(50_000);
    expect(victim.mesh.isLinked(hostile.hello.id)).to.equal(false);
    expectUnharmed(at);

    net.run(20_000);
    say(at, Buffer.from("M TEST better"));
    expect(victim.parts).to.include("n2 M TEST better");
  });
});
