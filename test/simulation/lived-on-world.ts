import { CellProcess } from "./cell-process.js";
import type { LogRecord } from "./log.js";
import { drained } from "./rest.js";
import { addresses, calmSends, calmWork } from "./rolling-world.js";
import type { TransmitterProcess } from "./transmitter-process.js";
import { World } from "./world.js";

/** How the first transmitter dies while others do not hear it. */
export interface LivedOnTerms {
  /** How many transmitters there are: two or three. */
  readonly count: number;
  /** Between which of them, by their places, links are cut. */
  readonly cuts?: readonly (readonly [number, number])[];
  /** Which of them is frozen instead, with the machine that its cell is on, too. */
  readonly frozen?: number;
  /** For how long. The first one dies half a second before the end. */
  readonly troubleMs: number;
  /** Whether it is started again at once, with its name; else with another one, when all is over. */
  readonly isBack?: boolean;
}

/** How one went. */
export interface LivedOnResult {
  readonly world: World;
  readonly waits: string | undefined;
  /** Multicatches that reported that they lost nobody knows how many events. */
  readonly gaps: readonly string[];
}

const [troubleAtMs, restMs] = [1500, 20_000];

/** A world whose senders are all at the first transmitter; cells at the others catch everything. */
export function runLivedOn(seed: number, terms: LivedOnTerms): LivedOnResult {
  const gaps: string[] = [];
  const onRecord = ({ action, count, home = "" }: LogRecord): void => {
    if (action === "gap" && count === undefined) gaps.push(home);
  };
  const network = { delayMinMs: 0.05, delayMaxMs: 2, lateShare: 0 };
  const pipes = { eventPipeMax: 1024, linkPipeMax: 1024 };
  const world = new World({
    ...{ seed, network: { ...network, ...pipes }, turnMsMax: 1, limits: {}, onRecord },
  });
  const used = addresses.slice(0, terms.count);
  const started = used.map((address) => {
    return world.startTransmitter(
      address,
      used.filter((other) => other !== address),
    );
  });
  const [first] = started as [TransmitterProcess];
  const catches = [{ ...calmWork, mode: "multi" as const, bufferBytesMax: 1024 * 1024 }];
  const watchers = [...started.keys()].slice(1).map((home) => {
    return world.startCell({ service: "watch", home, catches, sends: undefined });
  });
  world.run(1000);
  for (let n = 0; n < 2; n++) {
    world.startCell({
      service: "shop",
      home: 0,
      catches: [],
      sends: { ...calmSends, everyMs: 20 },
    });
  }
  const endMs = troubleAtMs + terms.troubleMs;
  world.isOver = () => world.nowMs >= endMs + 1000;
  world.agenda.at(troubleAtMs, () => {
    const { cuts = [], frozen, troubleMs } = terms;
    for (const [one, other] of cuts) cut(world, started[one]!, started[other]!, troubleMs);
    if (frozen === undefined) return;
    for (const each of [started[frozen]!, watchers[frozen - 1]!.cell])
      freeze(world, each, troubleMs);
  });
  const { address, seeds, id } = first.terms;
  world.agenda.at(endMs - 500, () => {
    first.kill();
    if (terms.isBack === true) world.startTransmitter(address, seeds, id);
    else world.agenda.in(2500, () => world.startTransmitter(address, seeds));
  });
  let waits: string | undefined = "it begins";
  const isGoingOn = (): boolean => waits !== undefined || world.nowMs < endMs + 8000;
  while (isGoingOn() && world.nowMs < endMs + restMs && world.checker.violations.length === 0) {
    world.run(world.nowMs + 100);
    waits = drained(world);
  }
  world.checker.finish();
  return { world, waits, gaps };
}

function cut(
  world: World,
  one: TransmitterProcess,
  other: TransmitterProcess,
  durationMs: number,
): void {
  world.log({ id: "", action: "fault", home: one.home, peer: other.home, count: durationMs });
  world.network.cutBetween(one.process, other.process, durationMs);
  world.network.cutBetween(other.process, one.process, durationMs);
}

function freeze(world: World, frozen: TransmitterProcess | CellProcess, durationMs: number): void {
  const { process } = frozen;
  const fault = { id: "", action: "fault", count: durationMs } as const;
  if (frozen instanceof CellProcess) world.log(fault, frozen.terms.id);
  else world.log({ ...fault, home: frozen.home });
  process.stop();
  world.network.stopped(process);
  world.agenda.in(durationMs, () => process.wake());
}
