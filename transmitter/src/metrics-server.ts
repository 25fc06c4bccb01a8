import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { MeshError } from "@thynapse/protocol";
import { collectDefaultMetrics, Registry } from "prom-client";
import type { Metrics } from "./metrics.js";

/** A server that answers about one transmitter. */
export interface MetricsServer {
  readonly url: string;
  close(): Promise<void>;
}

const host = "127.0.0.1";

/** How exactly the delay of the event loop is measured, in ms: it costs a wake-up each. */
const precisionMs = 100;

/**
 * Serves `/metrics`, `/livez` (this process answers) and `/readyz` (it takes cells) on loopback.
 *
 * @throws {MeshError} `ADDRESS_IN_USE`, `DENIED`.
 */
export async function startMetricsServer(
  port: number,
  metrics: Metrics,
  ready: () => boolean,
): Promise<MetricsServer> {
  const ofProcess = new Registry();
  const server = createServer((request, response) => {
    answer(request, response, { metrics, ready, ofProcess }).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
  await listen(server, port);
  collectDefaultMetrics({ register: ofProcess, eventLoopMonitoringPrecision: precisionMs });
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}/metrics`,
    close: async () => {
      ofProcess.clear();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const busy = cause.code === "EADDRINUSE";
      const what = busy ? "is in use" : `cannot be bound: ${cause.code}`;
      const message = `port ${port} of the metrics ${what}`;
      const hint = "use another --metrics-port";
      reject(new MeshError(busy ? "ADDRESS_IN_USE" : "DENIED", message, { cause, hint }));
    });
    server.listen({ host, port }, resolve);
  });
}

interface Sources {
  readonly metrics: Metrics;
  readonly ready: () => boolean;
  readonly ofProcess: Registry;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { metrics, ready, ofProcess }: Sources,
): Promise<void> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.writeHead(405, { allow: "GET, HEAD" }).end();
    return;
  }
  switch (request.url?.split("?", 1)[0]) {
    case "/metrics": {
      const text = metrics.render() + (await ofProcess.metrics());
      response.writeHead(200, { "content-type": ofProcess.contentType }).end(text);
      break;
    }
    case "/livez":
      response.end("ok\n");
      break;
    case "/readyz":
      response.writeHead(ready() ? 200 : 503).end(ready() ? "ok\n" : "not ready\n");
      break;
    default:
      response.writeHead(404).end("known: /metrics, /livez, /readyz\n");
  }
}
