import { expect } from "chai";

import { encodeMessagePack } from "../../../protocol/src/encoding.js";
import type { Thid } from "../../../protocol/src/thid.js";
import { writeDelta } from "../../../transmitter/src/core/mesh/delta-words.js";
import { linkTopic, writeHello } from "../../../transmitter/src/core/mesh/hello.js";
import { writeFrameHead } from "../../../transmitter/src/core/mesh/link-frame.js";
import type { Delta, Entry } from "../../../transmitter/src/core/mesh/mesh-record.js";
import { writeWord } from "../../../transmitter/src/core/mesh/mesh-words.js";
import { SeededRandom } from "../../simulation/random.js";
import { MeshNet, type MeshNode, refusedPart } from "./mesh-net.js";
import { idOf, proving } from "./net.js";

/*
 * Goal:   whatever a peer says, what this transmitter knows of itself and of others stays right.
 * Method: three are linked; the second says what no transmitter would say, and the first must name
 *         it, count it, and go on with the third as if nothing had been.
 */

interface Stand {
  readonly net: MeshNet;
  readonly victim: MeshNode;
  readonly hostile: MeshNode;
  readonly third: MeshNode;
}

function stand(): Stand {
  const net = new MeshNet();
  for (const name of ["n1", "n2", "n3"]) net.knock(net.start(name), "n1");
  net.run(3000);
  const [victim, hostile, third] = net.living as [MeshNode, MeshNode, MeshNode];
  for (const { told } of net.living) told.splice(0);
  return { net, victim, hostile, third };
}

/** What is refused, by its codes. */
const refusals = ({ told }: MeshNode): string[] => told.filter((line) => /^[A-Z_]+$/.test(line));

/** Says a word on the link of the hostile one to its victim. */
function say({ net, victim, hostile }: Stand, ...words: readonly Buffer[]): void {
  for (const word of words) hostile.mesh.peering.send(victim.hello.id, word, net.nowMs);
  net.settle();
}

/** The victim and the third one live, know each other, and carry what they send. */
function expectUnharmed({ net, victim, third }: Stand): void {
  expect(victim.mesh.members.get(third.hello.id)?.state).to.equal("alive");
  victim.mesh.set("color", "blue");
  third.mesh.send(victim.hello.id, Buffer.from("M TEST on"), net.nowMs);
  net.settle();
  expect(victim.parts.at(-1)).to.equal("n3 M TEST on");
  expect(third.mesh.directory.get(victim.hello.id, "color")).to.equal("blue");
}

const delta = (id: Thid, entries: readonly Entry[], more: Partial<Delta> = {}): Delta => ({
  id,
  incarnation: 1,
  from: 0,
  version: 1_000_000,
  entries,
  ...more,
});

const entry = (key: string, version: number, value: unknown = 1): Entry => [
  key,
  version,
  encodeMessagePack(value),
];

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
      writeWord({ kind: "roster", roster: [] }),
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
      say(at, writeWord({ kind: "roster", roster }));
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

  it("counts frames of an earlier stream and repeated ones, and gives neither twice", () => {
    const at = stand();
    const { net, victim, hostile } = at;
    say(at, Buffer.from("M TEST once"));
    const topic = linkTopic(proving(""), hostile.hello, victim.hello);
    const { repeated = 0 } = victim.mesh.peering.links[0] ?? {};
    const head = { kind: "data", epoch: 1, number: 1, ackEpoch: 1, ack: 0 } as const;
    const replay = (epoch: number): void => {
      const bytes = writeFrameHead("", { ...head, epoch });
      const text = bytes.toString("latin1").slice(1);
      victim.ears.received(topic, text, Buffer.from("M TEST again"), net.nowMs);
    };
    replay(1);
    expect(victim.mesh.peering.links[0]?.repeated).to.equal(repeated + 1);
    say(at, Buffer.from(refusedPart));
    say(at, Buffer.from("M TEST new"));
    replay(1);
    expect(victim.mesh.peering.links[0]?.stale).to.be.greaterThan(0);
    expect(victim.parts).to.deep.equal(["n2 M TEST once", `n2 ${refusedPart}`, "n2 M TEST new"]);
    expectUnharmed(at);
  });

  for (const [what, change, code] of [
    ["of an unknown version", { v: 2 }, "BAD_VERSION"],
    ["of another mesh", { mesh: "other" }, "MESH_MISMATCH"],
    ["without an id", { id: "x" }, "BAD_ID"],
    ["without an incarnation", { incarnation: -1 }, "BAD_PAYLOAD"],
    ["without a nonce", { nonce: "x" }, "BAD_PAYLOAD"],
    ["with an address that is too long", { pub: "x".repeat(300) }, "BAD_PAYLOAD"],
  ] as const) {
    it(`refuses a hello ${what} by ${code}`, () => {
      const at = stand();
      const { victim, hostile, net } = at;
      const map = { v: 1, ...hostile.hello, id: idOf("n9"), ...change };
      const bytes = encodeMessagePack(map);
      const topic = `@hello ${proving("")("hello", bytes)}${bytes.toString("base64url")} `;
      const { dials } = net;
      expect(victim.ears.subscribed(topic, net.nowMs)).to.equal(false);
      expect(refusals(victim)).to.deep.equal([code]);
      expect([victim.mesh.peering.counts.hellosRefused, net.dials]).to.deep.equal([1, dials]);
      expectUnharmed(at);
    });
  }

  it("lets a flood of hellos wait, and refuses what is beyond", () => {
    const at = stand();
    const { victim, net, hostile } = at;
    const before = net.dials;
    for (let n = 0; n < 1000; n++) {
      const id = `a${n.toString(16).padStart(39, "0")}` as Thid;
      victim.ears.subscribed(writeHello({ ...hostile.hello, id }, proving("")), net.nowMs);
    }
    expect(net.dials - before).to.be.at.most(10);
    expect(refusals(victim)).to.deep.equal(Array(1000 - 10 - 256).fill("BUSY"));
    expectUnharmed(at);
  });

  for (let seed = 1; seed <= 40; seed++) {
    it(`survives words and frames with wrong bytes, seed ${seed}`, () => {
      const at = stand();
      const { victim, hostile, net, third } = at;
      const random = new SeededRandom(seed);
      const draw = (below: number): number => Math.floor(random.float() * below);
      const standing = { id: hostile.hello.id, incarnation: 1, beat: 5, version: 5 };
      const words = [
        writeWord({ kind: "beat", speaker: standing, others: [standing], missing: [] }),
        writeWord({ kind: "roster", roster: [{ ...standing, isAlive: true }] }),
        writeWord({ kind: "want", wanted: [standing] }),
        ...writeDelta(delta(hostile.hello.id, [entry("x", 3), entry("y", 4)])),
      ];
      const topic = linkTopic(proving(""), hostile.hello, victim.hello);
      const hello = writeHello({ ...hostile.hello, id: idOf("n9") }, proving(""));
      for (let round = 0; round < 300; round++) {
        const word = Buffer.from(words[draw(words.length)] as Buffer);
        for (let left = draw(4); left > 0; left--) word[draw(word.length)] = draw(256);
        const part = word.subarray(0, random.float() < 0.2 ? draw(word.length) : word.length);
        const head = `${"daqgx"[draw(5)]} ${draw(3)} ${draw(9)} ${draw(4)} ${draw(9)}`;
        const text = head.slice(0, random.float() < 0.1 ? draw(head.length) : head.length);
        const way = draw(3);
        if (way === 0) hostile.mesh.peering.tellAll(part);
        else if (way === 1) victim.ears.received(topic, text, part, net.nowMs);
        else {
          const at = draw(hello.length - 8) + 7;
          const topic = `${hello.slice(0, at)}${"0aZ_ "[draw(5)]}${hello.slice(at + 1)}`;
          victim.ears.subscribed(topic, net.nowMs);
        }
        if (round % 10 === 0) net.run(50);
      }
      net.run(80_000);
      expect(victim.told).not.to.include("INTERNAL");
      expect(victim.mesh.directory.get(victim.hello.id, "pub")).to.equal("n1");
      expect(third.mesh.directory.get(victim.hello.id, "pub")).to.equal("n1");
      expectUnharmed(at);
    });
  }
});
