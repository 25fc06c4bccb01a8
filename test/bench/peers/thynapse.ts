import { fileURLToPath } from "node:url";

import type { CaughtEvent, Cell } from "@thynapse/cell-sdk";

import type { Arrivals } from "../arrivals.js";
import type { Load, Order } from "../load.js";
import type { FlowScenario } from "../scenario.js";
import { joinByHand } from "./json-cell.js";
import { type Hub, PATIENCE_MS, startHub, startPair, type Peer, type Seat } from "./peer.js";

/** Requests that the answerer takes at a time: as many as are ever in flight. */
const ANSWER_CONCURRENCY = 64;

const BIN = fileURLToPath(new URL("../../../transmitter/bin/thynapse.js", import.meta.url));

/** Thynapse: one transmitter or two, and cells that know nothing but the SDK's defaults. */
export const thynapse: Peer = {
  name: "thynapse",
  async startHub({ isLinked }) {
    const near = await startTransmitter([]);
    return isLinked ? startPair(near, () => startTransmitter(["--link", near.url])) : near;
  },
  async join(url, { role, scenario }) {
    if (scenario.kind === "flow" && scenario.byHand) return joinByHand(url, `bench-${role}`);
    // Loaded late, so that the peers can be measured while the SDK is broken.
    const { connect } = await import("@thynapse/cell-sdk");
    return seatAt(await connect({ service: `bench-${role}`, transmitters: [url] }));
  },
};

/** The same at one transmitter, whatever the scenario spans. */
export const single: Peer = {
  ...thynapse,
  name: "single",
  startHub: () => startTransmitter([]),
};

function startTransmitter(flags: readonly string[]): Promise<Hub> {
  return startHub({
    argv: [process.execPath, BIN, "up", "--port", "0", "--json", ...flags],
    ready: /^\{.*"ready":\s*true.*\}$/,
    hint: "https://nodejs.org",
    url: (line) => (JSON.parse(line[0]) as { readonly command: string }).command,
  });
}

function seatAt(cell: Cell): Seat {
  return {
    send: (scenario, load, count) => sendAll(cell, { scenario, load, count }),
    async receive(scenario, arrivals) {
      const handler = handlerOf(scenario, arrivals);
      const pattern = scenario.channelCount > 1 ? "**" : "bench.load";
      if (scenario.sharing === "one") await cell.anycatch(pattern, handler);
      else await cell.multicatch(pattern, handler);
    },
    async answer(channel) {
      await cell.anycatch(channel, (event) => event.data, { concurrency: ANSWER_CONCURRENCY });
    },
    ask: (channel, body) => cell.ask<Buffer>(channel, body, { timeoutMs: PATIENCE_MS }),
    async close() {
      await cell.close();
    },
  };
}

async function sendAll(
  cell: Cell,
  work: { readonly scenario: FlowScenario; readonly load: Load; readonly count: number },
): Promise<void> {
  const { load, count } = work;
  const plain = work.scenario.body === "object";
  for (let number = 0; number < count; number++) {
    if (!cell.hasRoom) await cell.room();
    const body = plain ? load.objectAt(number) : load.bytesAt(number);
    // Not awaited one by one: `flush` settles with the last, and rejects if one was refused.
    void cell.send(load.channelAt(number), body);
  }
  await cell.flush();
}

function handlerOf(
  scenario: FlowScenario,
  arrivals: Arrivals,
): (event: Pick<CaughtEvent, "channel" | "data">) => void {
  if (scenario.body === "object") return (event) => arrivals.takeObject(event.data as Order);
  if (scenario.channelCount > 1) {
    return (event) => arrivals.takeOn(event.channel, event.data as Buffer);
  }
  return (event) => arrivals.takeBytes(event.data as Buffer);
}
