import { MeshError } from "@thynapse/protocol";

const portMax = 65_535;

/**
 * Checks a command address before it reaches ZeroMQ, which would read `:99999` or `:80x` as some
 * other port.
 *
 * ```text
 * tcp://HOST:PORT      host: a name, an IPv4 address, or an IPv6 address in brackets
 * ipc://PATH
 * ```
 *
 * @throws {MeshError} `BAD_OPTION`
 */
export function checkAddress(address: unknown): void {
  if (typeof address !== "string") throw badAddress(String(address), "is no string");
  if (address.startsWith("ipc://")) {
    if (address.length === "ipc://".length) throw badAddress(address, "has no path");
    return;
  }
  if (!address.startsWith("tcp://"))
    throw badAddress(address, "begins with neither tcp:// nor ipc://");
  const colon = address.lastIndexOf(":");
  const host = address.slice("tcp://".length, colon);
  const port = address.slice(colon + 1);
  if (colon < "tcp://".length || !isHost(host)) throw badAddress(address, "has no host");
  if (!isPort(port)) throw badAddress(address, `has no port 1 … ${portMax}`);
}

/** Tells whether the host of an address is an IPv6 address. */
export function isIpv6(address: string): boolean {
  return address.startsWith("tcp://[");
}

function isHost(host: string): boolean {
  if (host.startsWith("[")) return /^\[[0-9A-Fa-f:.%\w]+\]$/.test(host);
  return /^[\w.-]+$/.test(host);
}

function isPort(port: string): boolean {
  return /^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= portMax;
}

function badAddress(address: string, why: string): MeshError {
  return new MeshError("BAD_OPTION", `transmitters: ${JSON.stringify(address)} ${why}`, {
    hint: "tcp://127.0.0.1:5454",
  });
}
