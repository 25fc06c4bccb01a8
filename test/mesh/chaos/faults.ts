import { setTimeout as delay } from "node:timers/promises";

import type { SeededRandom } from "../../simulation/random.js";
import type { FaultTransmitter } from "../faults/fault-transmitter.js";
import { noMischief } from "../faults/link-proxy.js";
import { bothWays, type Way } from "../faults/network.js";
import type { Stage } from "./stage.js";

/** What a fault befalls: cells, or transmitters and what links them. At most one of each kind is made at a time. */
export type Lane = "cells" | "mesh";

/** What is known of a fault when it is over. */
export type Outcome = Readonly<Record<string, unknown>>;

/** One kind of fault; `make` resolves when it is over, and what it did is whole again or will be by itself. */
export interface FaultKind {
  readonly name: string;
  readonly lane: Lane;
  readonly make: (stage: Stage, random: SeededRandom) => Promise<Outcome>;
}

const listeners = ["billing", "mail", "ledger"];
const stallMs = [300, 900] as const;
const frozenMs = 5000;
const cutMs = 3000;
const lossMs = 5000;
const blockedMs = 3000;
const slowMs = 4000;

const ofCells: readonly FaultKind[] = [
  cells("cell-killed", async (stage, random) => {
    const { actor } = stage.pick(listeners, random);
    await stage.place.mesh.kill(actor);
    return { cell: actor.id };
  }),
  cells("cell-killed-before-ack", (stage, random) => sendDeed(stage, random, { deed: "die" })),
  cells("cell-killed-after-ack", (stage, random) =>
    sendDeed(stage, random, { deed: "dieLater", ms: random.int(0, 3) }),
  ),
  cells("sender-killed", async (stage, random) => {
    const { actor } = stage.pick(["shop"], random);
    await stage.place.mesh.kill(actor);
    return { cell: actor.id };
  }),
  cells("cell-frozen", (stage, random) => freezeCell(stage, random, frozenMs)),
  cells("cell-stalled", (stage, random) => freezeCell(stage, random, random.int(...stallMs))),
  cells("cell-blocked", (stage, random) =>
    sendDeed(stage, random, { deed: "block", ms: blockedMs }),
  ),
  cells("cell-slow", async (stage, random) => {
    const member = stage.pick(["billing"], random);
    member.isBusy = true;
    await member.actor.tell("pace", { workMs: 200 });
    await delay(slowMs);
    await member.actor.tell("pace", { workMs: 5 }).catch(() => {});
    member.isBusy = false;
    return { cell: member.actor.id };
  }),
  cells("cell-leaves", async (stage, random) => {
    const { actor } = stage.pick(["billing"], random);
    const unconfirmed = await actor.leave();
    return { cell: actor.id, unconfirmed };
  }),
];

const ofMesh: readonly FaultKind[] = [
  // No transmitter may end meanwhile: with it would go what it knows of the first one.
  mesh("id-taken", async (stage, random) => {
    const member = stage.pick(["ledger"], random);
    member.isBusy = true;
    const { actor } = member;
    const { mesh, running } = stage.place;
    const twin = mesh.seatTwin(actor, stage.place.beside(random.pick(running)));
    const refusal = await twin.then(
      () => "none",
      (error: Error) => /ID_TAKEN/.exec(error.message)?.[0] ?? error.message,
    );
    member.isBusy = false;
    return { cell: actor.id, refusal };
  }),
  mesh("transmitter-killed", async (stage, random) => {
    const transmitter = random.pick(stage.place.transmitters);
    await stage.place.mesh.restart(transmitter);
    return { transmitter: at(stage, transmitter) };
  }),
  mesh("transmitter-away", async (stage, random) => {
    const transmitter = random.pick(stage.place.transmitters);
    const awayMs = random.int(2000, 6000);
    await transmitter.kill();
    await delay(awayMs);
    await stage.place.mesh.startAgain(transmitter);
    return { transmitter: at(stage, transmitter), awayMs };
  }),
  mesh("transmitter-drained", async (stage, random) => {
    const transmitter = random.pick(stage.place.transmitters);
    const exit = await transmitter.drain();
    await stage.place.mesh.startAgain(transmitter);
    return { transmitter: at(stage, transmitter), exit };
  }),
  mesh("transmitter-frozen", async (stage, random) => {
    const transmitter = random.pick(stage.place.transmitters);
    await transmitter.freeze(frozenMs);
    return { transmitter: at(stage, transmitter), ms: frozenMs };
  }),
  mesh("transmitter-stalled", async (stage, random) => {
    const transmitter = random.pick(stage.place.transmitters);
    const ms = random.int(...stallMs);
    await transmitter.freeze(ms);
    return { transmitter: at(stage, transmitter), ms };
  }),
  mesh("cells-cut", async (stage, random) => {
    const transmitter = random.pick(stage.place.transmitters);
    const [machine, cellMachine] = stage.place.machines(transmitter);
    for (const { actor, home } of stage.members) {
      if (home === transmitter) stage.place.mesh.note({ cell: actor.id, count: cutMs });
    }
    const ways = bothWays(machine, cellMachine);
    await stage.place.network.cut(...ways);
    await delay(cutMs);
    await stage.place.network.heal(...ways);
    return { transmitter: at(stage, transmitter), ms: cutMs };
  }),
  mesh("mesh-restarted", async (stage) => {
    await Promise.all(stage.place.transmitters.map((transmitter) => transmitter.kill()));
    await Promise.all(stage.place.transmitters.map((it) => stage.place.mesh.startAgain(it)));
    return {};
  }),
];

const ofLinks: readonly FaultKind[] = [
  mesh("link-cut", (stage, random) => cut(stage, random, bothWays)),
  mesh("link-cut-one-way", (stage, random) =>
    cut(stage, random, (one, other) => [[one, other] as const]),
  ),
  mesh("packets-lost", async (stage, random) => {
    const [one, other] = pairOf(stage, random, lossMs);
    const ways = bothWays(...stage.place.way(one, other));
    await stage.place.network.lose(...ways);
    await delay(lossMs);
    await stage.place.network.heal(...ways);
    return { between: [at(stage, one), at(stage, other)], ms: lossMs };
  }),
  mesh("frames-mangled", async (stage) => {
    const mischief = { duplicated: 0.05, swapped: 0.05, delayed: 0.02, delayMs: 100 };
    const before = await Promise.all(stage.place.proxies.map((proxy) => proxy.set(mischief)));
    await delay(lossMs);
    const after = await Promise.all(stage.place.proxies.map((proxy) => proxy.set(noMischief)));
    const sum = (name: "duplicated" | "swapped" | "delayed") =>
      after.reduce((total, counts, index) => total + counts[name] - before[index]![name], 0);
    return { duplicated: sum("duplicated"), swapped: sum("swapped"), delayed: sum("delayed") };
  }),
];

/** Every kind of fault that can befall so many transmitters. */
export function kindsOf(transmitters: number): readonly FaultKind[] {
  return [...ofCells, ...ofMesh, ...(transmitters > 1 ? ofLinks : [])];
}

/** Draws kinds so that none comes again before each of the others has come. */
export class Bag {
  private readonly kinds: readonly FaultKind[];
  private readonly random: SeededRandom;
  private left: FaultKind[] = [];

  constructor(kinds: readonly FaultKind[], random: SeededRandom) {
    this.kinds = kinds;
    this.random = random;
  }

  get isEmpty(): boolean {
    return this.kinds.length === 0;
  }

  draw(): FaultKind {
    if (this.left.length === 0) this.left = [...this.kinds];
    const [kind] = this.left.splice(this.random.int(0, this.left.length - 1), 1);
    return kind!;
  }
}

function cells(name: string, make: FaultKind["make"]): FaultKind {
  return { name, lane: "cells", make };
}

function mesh(name: string, make: FaultKind["make"]): FaultKind {
  return { name, lane: "mesh", make };
}

function at(stage: Stage, transmitter: FaultTransmitter): number {
  return stage.place.transmitters.indexOf(transmitter);
}

/** An event that makes its handler do something to itself. */
async function sendDeed(
  stage: Stage,
  random: SeededRandom,
  data: { readonly deed: "die" | "dieLater" | "block"; readonly ms?: number },
): Promise<Outcome> {
  const { actor } = stage.pick(["prober"], random);
  await actor.tell("send", { channel: "jobs.one", count: 1, data });
  return { ...data };
}

async function freezeCell(stage: Stage, random: SeededRandom, ms: number): Promise<Outcome> {
  const member = stage.pick(listeners, random);
  member.isBusy = true;
  await stage.place.mesh.freeze(member.actor, ms);
  member.isBusy = false;
  return { cell: member.actor.id, ms };
}

async function cut(
  stage: Stage,
  random: SeededRandom,
  waysOf: (one: string, other: string) => readonly Way[],
): Promise<Outcome> {
  const [one, other] = pairOf(stage, random, cutMs);
  const ways = waysOf(...stage.place.way(one, other));
  await stage.place.network.cut(...ways);
  await delay(cutMs);
  await stage.place.network.heal(...ways);
  return { between: [at(stage, one), at(stage, other)], ms: cutMs };
}

/** Two transmitters whose link something befalls; it is logged. */
function pairOf(stage: Stage, random: SeededRandom, ms: number) {
  const one = random.pick(stage.place.transmitters);
  const other = random.pick(stage.place.transmitters.filter((it) => it !== one));
  stage.place.mesh.note({ home: one.id, peer: other.id, count: ms });
  return [one, other] as const;
}
