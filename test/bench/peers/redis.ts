import type { Redis } from "ioredis";

import type { Arrivals } from "../arrivals.js";
import type { Load, Order } from "../load.js";
import type { FlowScenario } from "../scenario.js";
import { freePort } from "../../support/free-port.js";
import { startHub, type Peer, type Seat } from "./peer.js";

/** Publishes in one pipeline, whose replies are awaited before the next. */
const REDIS_CHUNK = 1_000;

/** Redis pub/sub, without persistence, through ioredis. */
export const redis: Peer = {
  name: "redis",
  async startHub() {
    const port = await freePort();
    return startHub({
      argv: ["redis-server", "--port", String(port), "--bind", "127.0.0.1", ...NOTHING_ON_DISK],
      ready: /Ready to accept connections/,
      hint: "apt install redis-server",
      url: () => `redis://127.0.0.1:${port}`,
    });
  },
  async join(url) {
    const { Redis: Connection } = await import("ioredis");
    const connection = new Connection(url, { lazyConnect: true, retryStrategy: () => null });
    await connection.connect();
    return seatAt(connection);
  },
};

const NOTHING_ON_DISK = ["--save", "", "--appendonly", "no"];

function seatAt(connection: Redis): Seat {
  return {
    send: (scenario, load, count) => sendAll(connection, { scenario, load, count }),
    receive: (scenario, arrivals) => receive(connection, scenario, arrivals),
    answer: () => Promise.reject(new Error("redis has no requests")),
    ask: () => Promise.reject(new Error("redis has no requests")),
    async close() {
      connection.disconnect();
    },
  };
}

async function receive(
  connection: Redis,
  scenario: FlowScenario,
  arrivals: Arrivals,
): Promise<void> {
  if (scenario.channelCount > 1) {
    connection.on("pmessageBuffer", (_pattern: string, channel: Buffer, body: Buffer) => {
      arrivals.takeOn(channel.toString("latin1"), body);
    });
    await connection.psubscribe("bench.*");
    return;
  }
  if (scenario.body === "object") {
    connection.on("message", (_channel: string, text: string) => {
      arrivals.takeObject(JSON.parse(text) as Order);
    });
  } else {
    connection.on("messageBuffer", (_channel: Buffer, body: Buffer) => arrivals.takeBytes(body));
  }
  await connection.subscribe("bench.load");
}

async function sendAll(
  connection: Redis,
  work: { readonly scenario: FlowScenario; readonly load: Load; readonly count: number },
): Promise<void> {
  const { load, count } = work;
  const plain = work.scenario.body === "object";
  for (let number = 0; number < count; ) {
    const end = Math.min(count, number + REDIS_CHUNK);
    const pipeline = connection.pipeline();
    for (; number < end; number++) {
      const body = plain ? JSON.stringify(load.objectAt(number)) : load.bytesAt(number);
      pipeline.publish(load.channelAt(number), body);
    }
    const replies = (await pipeline.exec()) ?? [];
    for (const [error] of replies) if (error !== null) throw error;
  }
}
