import { lookup } from "node:dns/promises";
import { createServer, isIP, isIPv6 } from "node:net";
import { MeshError } from "@thynapse/protocol";
import { refusal } from "./option-values.js";

/**
 * Finds the address of a host that is to be bound: an address is its own. @throws {MeshError}
 * `BAD_OPTION`.
 */
export async function addressOf(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  try {
    return (await lookup(host)).address;
  } catch (cause) {
    throw new MeshError("BAD_OPTION", `bind: cannot resolve ${host}`, {
      cause,
      hint: "give an address",
    });
  }
}

/** Writes an endpoint as ZeroMQ takes it. Port 0 takes a free one. */
export function endpoint(host: string, port: number): string {
  return `tcp://${isIPv6(host) ? `[${host}]` : host}:${port === 0 ? "*" : port}`;
}

/** Reads the port of an endpoint that ZeroMQ wrote. */
export function portOf(bound: string): number {
  return Number(bound.slice(bound.lastIndexOf(":") + 1));
}

/** Reads the host of an endpoint that ZeroMQ wrote, without brackets. */
export function hostOf(bound: string): string {
  return bound.slice("tcp://".length, bound.lastIndexOf(":")).replace(/^\[|\]$/g, "");
}

/** Tells whether an address stands for all addresses of the machine. */
export function isWildcard(address: string): boolean {
  return address === "0.0.0.0" || address === "::";
}

/** What is to be bound, for the error if it cannot be. */
export interface Binding {
  readonly address: string;
  readonly port: number;
  /** The option that named the port. */
  readonly option: "port" | "pub-port";
}

/** Names what ZeroMQ refused to bind, and how to do it right. */
export async function bindError(binding: Binding, cause: unknown): Promise<MeshError> {
  const { address, port, option } = binding;
  switch ((cause as NodeJS.ErrnoException).code) {
    case "EADDRINUSE": {
      const free = await freePair(address, port);
      const hint = `use --${option} ${free ?? 0}`;
      return new MeshError("ADDRESS_IN_USE", `${endpoint(address, port)} is in use`, {
        cause,
        hint,
      });
    }
    case "EACCES":
      return new MeshError("DENIED", `port ${port} needs permission`, {
        cause,
        fault: "local",
        hint: "use a port above 1023",
      });
    case "EADDRNOTAVAIL":
    case "ENODEV":
      return refusal(`bind: this machine has no address ${address}`, "bind 127.0.0.1");
    default:
      return new MeshError("INTERNAL", `cannot bind ${endpoint(address, port)}`, { cause });
  }
}

/** How many pairs of ports are tried, upwards. */
const pairsTried = 50;

/** Finds the next port that is free together with the one behind it. */
async function freePair(address: string, from: number): Promise<number | undefined> {
  for (let port = from + 1; port < Math.min(from + 2 * pairsTried, 65_535); port++) {
    if (!(await isFree(address, port + 1))) port++;
    else if (await isFree(address, port)) return port;
  }
  return undefined;
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
