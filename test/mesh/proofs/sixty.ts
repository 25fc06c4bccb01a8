import { setTimeout as delay } from "node:timers/promises";
import { type Cell, connect } from "@thynapse/cell-sdk";

import { medianOf } from "../../bench/statistics.js";
import { eventually } from "../../support/eventually.js";
import { type Claim, claim, ms, percent, say } from "./claim.js";
import { formulaBytes } from "./formula.js";
import { Swarm } from "./sixty-swarm.js";
import { aliveAt, whole } from "./views.js";

/** What a mesh of some size costs while nothing happens. */
export interface IdleFigures {
  readonly count: number;
  /** Bytes per second over all links together. */
  readonly bytesPerSecond: number;
  /** Of one core, by one transmitter: the median and the highest. */
  readonly coreShare: number;
  readonly coreShareMax: number;
  readonly rssMb: number;
  /** From the start of the first of those that were added until each sees all. */
  readonly growingMs: number;
}

/** What a key that one transmitter sets takes to be seen by all. */
export interface KeyFigures {
  /** From the catch until it is armed: all that live have said that they know of it. */
  readonly armedMs: number;
  /** Transmitters at which an event that was sent at once then matched it. */
  readonly seenBy: number;
}

const watchedMs = 10_000;
/**
 * Until all have met, and what is done again and again is compiled: at four heartbeats a second
 * that takes a minute, in which each costs up to a half more.
 */
const restMs = 60_000;
const wholeMs = 120_000;
const keysTried = 10;

/** Watches a mesh in which nothing happens. */
export async function watchIdle(swarm: Swarm, growingMs: number): Promise<IdleFigures> {
  await delay(restMs);
  const [bytes, cpu, beganMs] = [await swarm.traffic(), swarm.cpuMs(), performance.now()];
  await delay(watchedMs);
  const seconds = (performance.now() - beganMs) / 1000;
  const shares = swarm.cpuMs().map((after, at) => (after - cpu[at]!) / 1000 / seconds);
  return {
    count: swarm.transmitters.length,
    bytesPerSecond: ((await swarm.traffic()) - bytes) / seconds,
    coreShare: medianOf(shares),
    coreShareMax: Math.max(...shares),
    rssMb: medianOf(swarm.rssMb()),
    growingMs,
  };
}

/** Sets a key of the directory at one transmitter, by a catch, and asks all others by an event. */
export async function setKey(cells: readonly Cell[], number: number): Promise<KeyFigures> {
  const channel = `sixty.key${number}`;
  const catcher = cells[(number * 7) % cells.length]!;
  const beganMs = performance.now();
  const caught = await catcher.anycatch(channel, () => {});
  const armedMs = performance.now() - beganMs;
  const receipts = await Promise.all(cells.map((cell) => cell.send(channel, number)));
  await caught.release();
  return { armedMs, seenBy: receipts.filter(({ matched }) => matched === 1).length };
}

/** A mesh of many transmitters, at several sizes. */
export async function proveSixty(count = 60): Promise<readonly Claim[]> {
  const swarm = new Swarm();
  const sizes = [10, 20, 40, 60].filter((size) => size < count);
  const figures: IdleFigures[] = [];
  for (const size of [...sizes, count]) {
    const beganMs = performance.now();
    await swarm.growTo(size);
    await whole(swarm.addresses, wholeMs);
    figures.push(await watchIdle(swarm, performance.now() - beganMs));
    tellIdle(figures.at(-1)!);
  }
  const views: number[] = [];
  for (const address of swarm.addresses)
    views.push((await eventually(() => aliveAt(address), { withinMs: wholeMs })).length);
  const cells = await Promise.all(
    swarm.addresses.map((address) => connect({ service: "key", transmitters: address })),
  );
  const keys: KeyFigures[] = [];
  for (let number = 0; number < keysTried; number++) keys.push(await setKey(cells, number));
  await Promise.all(cells.map((cell) => cell.close()));
  await swarm.end();
  const slowestMs = Math.max(...keys.map(({ armedMs }) => armedMs));
  say(`a key of one is known to all ${count} after ${ms(slowestMs)} at most, of ${keysTried}`);
  const last = figures.at(-1)!;
  return [
    claim(
      `all ${count} views have ${count} members`,
      views.every((seen) => seen === count),
    ),
    claim(
      "a key is seen on all",
      keys.every(({ seenBy }) => seenBy === count),
    ),
    claim("within 2 s", slowestMs <= 2000),
    claim(`idle, one costs ${percent(last.coreShare)} ≤ 3 % of a core`, last.coreShare <= 0.03),
    claim("traffic is within a fifth of the formula", figures.every(isAsFormula)),
  ];
}

function isAsFormula({ count, bytesPerSecond }: IdleFigures): boolean {
  return Math.abs(bytesPerSecond / formulaBytes(count) - 1) <= 0.2;
}

function tellIdle(figures: IdleFigures): void {
  const { count, bytesPerSecond, coreShare, coreShareMax, growingMs } = figures;
  const [seen, said] = [bytesPerSecond / 1000, formulaBytes(count) / 1000];
  say(`${count} transmitters, all see all after ${ms(growingMs)}:`);
  say(`  ${seen.toFixed(0)} kB/s over all links, by the formula ${said.toFixed(0)};`);
  say(`  ${(seen / count).toFixed(1)} kB/s and ${percent(coreShare)} of a core for each`);
  say(`  (at most ${percent(coreShareMax)}), ${figures.rssMb.toFixed(0)} MB`);
}
