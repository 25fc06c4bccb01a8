import { isIP, isIPv6 } from "node:net";

const addressForm = /^tcp:\/\/(?:\[([^[\]]+)\]|([^[\]:]+)):(\d{1,5})$/;
const nameForm = /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/;

/** Where a socket of a transmitter is: a host without brackets, and a port from 1 on. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * Whether text is an address of IP, or a name of 1 … 253 characters that ZeroMQ and DNS take: it
 * begins with a letter or a digit; what is only digits and dots must be an address.
 */
export function isHost(text: string): boolean {
  if (isIP(text) !== 0) return !text.includes("%");
  return nameForm.test(text) && !/^[0-9.]+$/.test(text);
}

/**
 * Reads what a transmitter names as its address: `tcp://HOST:PORT`, with brackets around an IPv6
 * address. Strict, since ZeroMQ is not: it would also connect to files, and to ports such as `80x`.
 *
 * @returns undefined for all else.
 * @see PROTOCOL.md §19.3
 */
export function readAddress(text: string): Address | undefined {
  const [, inner, bare = "", digits = ""] = addressForm.exec(text) ?? [];
  const port = Number(digits);
  if (port < 1 || port > 65_535) return undefined;
  const isRight = inner === undefined ? isHost(bare) : isIPv6(inner) && isHost(inner);
  return isRight ? { host: inner ?? bare, port } : undefined;
}

/** Writes an address as `readAddress` reads it. */
export function writeAddress(host: string, port: number): string {
  return `tcp://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
