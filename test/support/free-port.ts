import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/**
 * The ports to choose from. They are below those that Linux and macOS give to connections by
 * themselves (from 32768 and from 49152), so no connection takes one between this call and the
 * bind: not even that of a transmitter that dials the port while nobody listens there.
 */
const PORTS = { from: 10_240, below: 32_768 } as const;

/** A port of 127.0.0.1 where nobody listens: for a test that binds it later, or a second time. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(PORTS.from, PORTS.below);
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer().listen(port, "127.0.0.1");
  try {
    await once(probe, "listening");
  } catch {
    return false;
  }
  probe.close();
  await once(probe, "close");
  return true;
}
