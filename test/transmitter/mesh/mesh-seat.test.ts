import { expect } from "chai";

import { MeshError } from "../../../protocol/src/errors.js";
import { coreLimits } from "../../../transmitter/src/core/core-limits.js";
import { Counters } from "../../../transmitter/src/core/counters.js";
import type { CoreOptions, Effect } from "../../../transmitter/src/core/effects.js";
import { type LinkHello, writeHello, writeTwin } from "../../../transmitter/src/core/mesh/hello.js";
import { MeshSeat } from "../../../transmitter/src/core/mesh/mesh-seat.js";
import { RefusalLog } from "../../../transmitter/src/core/mesh/refusal-log.js";
import { SeededRandom } from "../../simulation/random.js";
import { idOf, proving } from "./net.js";

const prove = proving("secret");
/** That of the seat: its chance is all zeros. */
const nonce = "0".repeat(32);

describe("seat in the mesh", () => {
  it("wants nothing before it has joined, and admits nobody", () => {
    const { seat, effects } = makeSeat();

    seat.tick(1000);
    seat.flush();
    seat.leave(1000);

    expect(seat.subscribed(helloOf("b"), 0)).to.equal(undefined);
    expect(seat.state).to.equal("apart");
    expect(seat.deadlineMs).to.equal(Number.POSITIVE_INFINITY);
    expect(effects).to.deep.equal([]);
  });

  it("is ready at once without seeds, and shows its hello wherever the shell knocks", () => {
    const { seat, kinds } = makeSeat();

    seat.join({ seedCount: 0, prove }, 0);

    expect(kinds()).to.include.members(["knock", "joined"]);
    expect(seat.state).to.equal("joined");
    expect(seat.commandAddresses).to.deep.equal(["tcp://a:1"]);
  });

  it("waits for its seeds, and goes on without them when it has waited long enough", () => {
    const { seat, kinds, effects } = makeSeat();
    seat.join({ seedCount: 1, prove }, 0);
    expect(kinds()).to.not.include("joined");

    seat.tick(4999);
    expect(seat.state).to.equal("joining");
    seat.tick(5000);

    expect(seat.state).to.equal("degraded");
    expect(effects.find(({ kind }) => kind === "joined")).to.include({ isDegraded: true });
  });

  it("looks at a hello that came when nobody could be admitted, and at nothing else", () => {
    const { seat, effects } = makeSeat();
    seat.join({ seedCount: 0, prove }, 0);
    effects.length = 0;

    seat.passedOver(Buffer.from("@link 00 "), 10);
    expect(effects).to.deep.equal([]);
    seat.passedOver(Buffer.from(helloOf("b"), "latin1"), 10);

    expect(effects[0]).to.deep.equal({ kind: "dial", address: "tcp://b:2" });
  });

  it("wakes nobody up while it is alone", () => {
    const { seat } = makeSeat();
    seat.join({ seedCount: 0, prove }, 0);
    expect(seat.deadlineMs).to.equal(Number.POSITIVE_INFINITY);

    seat.subscribed(helloOf("b"), 10);

    expect(seat.deadlineMs).to.be.at.most(260);
  });

  it("lets no stranger fill the log with names of meshes, and tells of one by its name", () => {
    const { seat, effects } = makeSeat();
    seat.join({ seedCount: 0, prove }, 0);
    effects.length = 0;

    for (let n = 0; n < 300; n++) seat.subscribed(helloOf("b", 1, `mesh${n}`), 10);

    const lines = effects.flatMap((effect) => (effect.kind === "log" ? [effect.message] : []));
    expect(lines).to.have.length(5);
    expect(lines[0]).to.include('a transmitter of mesh "mesh0" is linked to one of "default"');
    expect(effects).to.have.length(5);
  });

  it("ends where an elder transmitter shows that it has its id", () => {
    const { seat, effects } = makeSeat();
    seat.join({ seedCount: 0, prove }, 0);

    const ended = () => effects.find((effect) => effect.kind === "ended");
    const elder = { hello: helloFor("a", 4), upMs: 5000 };

    for (const topic of [
      helloOf("a", 4),
      writeTwin({ ...elder, to: "1".repeat(32) }, prove),
      writeTwin({ ...elder, to: nonce }, proving("guess")),
      writeTwin({ ...elder, to: nonce, upMs: 0 }, prove),
    ]) {
      expect(seat.subscribed(topic, 2000)).to.equal(false);
    }
    expect(ended()).to.equal(undefined);

    seat.subscribed(writeTwin({ ...elder, to: nonce }, prove), 2000);
    expect(ended()?.error.code).to.equal("ID_TAKEN");
  });
});

describe("log of refusals", () => {
  it("has the same refusal once a minute, and counts each", () => {
    const { log, lines, counters } = makeLog();
    const error = new MeshError("DENIED", "wrong secret", { hint: "give the right one" });

    for (const nowMs of [0, 1, 59_999, 60_000]) log.add(error, nowMs);
    log.add(new MeshError("DENIED", "another"), 60_001);

    expect(lines()).to.deep.equal([
      "DENIED: wrong secret",
      "DENIED: wrong secret",
      "DENIED: another",
    ]);
    expect(counters.values.linksRefused).to.equal(5);
  });

  it("says only once that somebody is of another mesh", () => {
    const { log, lines } = makeLog();
    for (const nowMs of [0, 60_000, 3_600_000]) log.add(new MeshError("MESH_MISMATCH", "x"), nowMs);

    expect(lines()).to.have.length(1);
  });

  it("has no more than five of one code a minute, and says that others are only counted", () => {
    const { log, lines, counters } = makeLog();

    for (let n = 1; n <= 300; n++) log.add(new MeshError("DENIED", `${n}`), n);
    log.add(new MeshError("BUSY", "too many"), 1);
    log.add(new MeshError("DENIED", "300"), 60_001);

    expect(lines()).to.deep.equal([
      ...["DENIED: 1", "DENIED: 2", "DENIED: 3", "DENIED: 4"],
      "DENIED: 5; others are only counted for a minute",
      ...["BUSY: too many", "DENIED: 300"],
    ]);
    expect(counters.values.linksRefused).to.equal(302);
  });

  it("still tells of a mesh that it had no line left for", () => {
    const { log, lines } = makeLog();
    for (let n = 1; n <= 6; n++) log.add(new MeshError("MESH_MISMATCH", `${n}`), 0);

    for (let n = 1; n <= 6; n++) log.add(new MeshError("MESH_MISMATCH", `${n}`), 60_000);

    expect(lines().slice(5)).to.deep.equal(["MESH_MISMATCH: 6"]);
  });

  it("remembers a mesh whatever else is refused, and at most 64 of them", () => {
    const { log, lines } = makeLog();
    const add = (n: number, nowMs: number): void => {
      log.add(new MeshError("MESH_MISMATCH", `${n}`), nowMs);
    };
    for (let minute = 0; minute < 65; minute++) {
      add(minute, 60_000 * minute);
      log.add(new MeshError("DENIED", `${minute}`), 60_000 * minute);
    }
    const before = lines().length;

    for (const n of [1, 64, 0]) add(n, 60_000 * 66);

    expect(before).to.equal(130);
    expect(lines().slice(before)).to.deep.equal(["MESH_MISMATCH: 0"]);
  });
});

function makeSeat() {
  const effects: Effect[] = [];
  const options = {
    ...{ id: idOf("a"), mesh: "default", incarnation: 5 },
    ...{ pub: () => "tcp://a:2", command: () => "tcp://a:1" },
  } as unknown as CoreOptions;
  const dice = new SeededRandom(1);
  const seat = new MeshSeat({
    options,
    limits: coreLimits(options),
    random: { float: () => dice.float(), hex: (bits) => "0".repeat(bits / 4) },
    counters: new Counters(),
    effects: () => effects,
    tell: () => undefined,
    takeQuery: () => false,
  });
  return { seat, effects, kinds: () => effects.map(({ kind }) => kind) };
}

function helloOf(name: string, incarnation = 1, mesh = "default"): string {
  return writeHello(helloFor(name, incarnation, mesh), prove);
}

function helloFor(name: string, incarnation: number, mesh = "default"): LinkHello {
  return {
    ...{ id: idOf(name), incarnation, mesh, nonce: "1".repeat(32) },
    ...{ pub: `tcp://${name}:2`, command: `tcp://${name}:1` },
  };
}

function makeLog() {
  const effects: Effect[] = [];
  const counters = new Counters();
  const log = new RefusalLog(counters, () => effects);
  const lines = (): string[] => {
    return effects.flatMap((effect) => (effect.kind === "log" ? [effect.message] : []));
  };
  return { log, counters, lines };
}
