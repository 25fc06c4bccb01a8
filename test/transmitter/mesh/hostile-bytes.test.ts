import { expect } from "chai";

import { encodeMessagePack } from "../../../protocol/src/encoding.js";
import type { Thid } from "../../../protocol/src/thid.js";
import { writeDelta } from "../../../transmitter/src/core/mesh/delta-words.js";
import { linkTopic, writeHello } from "../../../transmitter/src/core/mesh/hello.js";
import { writeFrameHead } from "../../../transmitter/src/core/mesh/link-frame.js";
import { writeWord } from "../../../transmitter/src/core/mesh/mesh-words.js";
import { SeededRandom } from "../../simulation/random.js";
import { delta, entry, expectUnharmed, refusals, say, stand } from "./hostile-stand.js";
import { refusedPart } from "./mesh-net.js";
import { idOf, proving } from "./net.js";

describe("mesh, shown what cannot be", () => {
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
        writeWord({ kind: "roster", roster: [{ ...standing, isAlive: true }], lived: [standing] }),
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
