import { isIP, isIPv6 } from "node:net";

const addressForm = /^tcp:\/\/(?:\[([^[\]]+)\]|([^[\]:]+)):(\d{1,5})$/;
const nameForm = /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/;

/**
 * Whether text is an address of IP, or a name of 1 … 253 characters that ZeroMQ and DNS take: it
 * begins with a letter or a digit; what is only digits and dots must be an address.
 */
export function isHost(text: string): boolean {
  if (isIP(text) !== 0) return !text.includes("%");
  return nameForm.test(text) && !/^[0-9.]+$/.test(text);
}

/**
 * Whether a transmitter may name this as its address: `tcp://HOST:PORT`, with brackets around an
 * IPv6 address. Strict, since ZeroMQ is not: it would also connect to files, and to ports such as
 * `80x`.
 *
 * @see PROTOCOL.md §19.3
 */
export function isAddress(text: string): boolean {
  const [, inner, bare = "", digits] = addressForm.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port < 1 || port > 65_535) return false;
  return inner === undefined ? isHost(bare) : isIPv6(inner) && isHost(inner);
}
