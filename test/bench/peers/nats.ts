import { setTimeout as delay } from "node:timers/promises";
import type { NatsConnection } from "@nats-io/nats-core";

import type { Load } from "../load.js";
import type { FlowScenario } from "../scenario.js";
import { freePort } from "../../support/free-port.js";
import { type Hub, PATIENCE_MS, startHub, startPair, type Peer, type Seat } from "./peer.js";

/** Events between two awaited flushes: from 500 to 20 000 it gains a half, beyond that nothing. */
const NATS_CHUNK = 20_000;

/**
 * A subscription at one server of a cluster is known to the others some time later, and nothing
 * says when: what is sent before that is lost.
 */
const ROUTE_MS = 300;

/** NATS core through its own client for Node. */
export const nats: Peer = {
  name: "nats",
  async startHub({ isLinked }) {
    if (!isLinked) return startServer([], /Server is ready/);
    const route = `nats://127.0.0.1:${await freePort()}`;
    const near = await startServer(["--cluster", route], /Listening for route connections/);
    return startPair(near, async () => {
      const own = `nats://127.0.0.1:${await freePort()}`;
      return startServer(["--cluster", own, "--routes", route], /Route connection created/);
    });
  },
  async join(url, { scenario }) {
    const { connect } = await import("@nats-io/transport-node");
    const connection = await connect({ servers: url, reconnect: false });
    return seatAt(connection, scenario.isLinked ? ROUTE_MS : 0);
  },
};

async function startServer(cluster: readonly string[], ready: RegExp): Promise<Hub> {
  const port = await freePort();
  const name = cluster.length === 0 ? [] : ["--cluster_name", "bench"];
  return startHub({
    argv: ["nats-server", "-a", "127.0.0.1", "-p", String(port), ...name, ...cluster],
    ready,
    hint: "apt install nats-server",
    url: () => `nats://127.0.0.1:${port}`,
  });
}

/** @param armedMs how long to wait until every server knows of a subscription. */
function seatAt(connection: NatsConnection, armedMs: number): Seat {
  const known = async (): Promise<void> => {
    await connection.flush();
    await delay(armedMs);
  };
  return {
    send: (scenario, load, count) => sendAll(connection, { scenario, load, count }),
    // A callback is the faster way: the iterator costs a queue and a promise per burst.
    async receive(scenario, arrivals) {
      const queue = scenario.sharing === "one" ? { queue: "bench" } : {};
      if (scenario.body === "object") {
        const callback = guarded((got) => arrivals.takeObject(got.json()));
        connection.subscribe("bench.load", { ...queue, callback });
      } else if (scenario.channelCount > 1) {
        const callback = guarded((got) => arrivals.takeOn(got.subject, got.data));
        connection.subscribe(">", { ...queue, callback });
      } else {
        const callback = guarded((got) => arrivals.takeBytes(got.data));
        connection.subscribe("bench.load", { ...queue, callback });
      }
      await known();
    },
    async answer(channel) {
      const callback = guarded((got) => got.respond(got.data));
      connection.subscribe(channel, { queue: "bench", callback });
      await known();
    },
    async ask(channel, body) {
      return (await connection.request(channel, body, { timeout: PATIENCE_MS })).data;
    },
    close: () => connection.close(),
  };
}

async function sendAll(
  connection: NatsConnection,
  work: { readonly scenario: FlowScenario; readonly load: Load; readonly count: number },
): Promise<void> {
  const { load, count } = work;
  const plain = work.scenario.body === "object";
  for (let number = 0; number < count; ) {
    const end = Math.min(count, number + NATS_CHUNK);
    for (; number < end; number++) {
      const body = plain ? JSON.stringify(load.objectAt(number)) : load.bytesAt(number);
      connection.publish(load.channelAt(number), body);
    }
    await connection.flush();
  }
}

type Callback = NonNullable<NonNullable<Parameters<NatsConnection["subscribe"]>[1]>["callback"]>;

function guarded(take: (got: Parameters<Callback>[1]) => void): Callback {
  return (error, got) => {
    if (error !== null) throw error;
    take(got);
  };
}
