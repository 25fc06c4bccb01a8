import { startTransmitter, type Transmitter, type TransmitterOptions } from "@thynapse/transmitter";
import type { Home } from "./cell-under-test.js";

/** A real transmitter of this process, for cells in it and beside it. */
export interface RealHome extends Home {
  /** Ends it without a word to anybody. */
  die(): Promise<void>;
  drain(): Promise<void>;
}

const running = new Set<Transmitter>();

/** Starts a transmitter on free ports; it ends with the case. */
export async function realHome(options: TransmitterOptions = {}): Promise<RealHome> {
  const transmitter = await startTransmitter({ port: 0, logLevel: "silent", ...options });
  running.add(transmitter);
  return {
    address: transmitter.command,
    inProcess: transmitter.inProcess,
    async die() {
      running.delete(transmitter);
      await transmitter.close();
    },
    async drain() {
      running.delete(transmitter);
      await transmitter.drain();
    },
  };
}

afterEach(async () => {
  for (const transmitter of running) await transmitter.close();
  running.clear();
});
