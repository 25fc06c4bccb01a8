import { inProcess, type Transport } from "@thynapse/cell-sdk";
import { SocketTransport } from "../../../../cell-sdk/src/transport/sockets.js";
import type { CellDriver, CellOptions, CellUnderTest, Home } from "../cell-under-test.js";
import { SdkCell } from "./sdk-cell.js";
import { SeverableTransport } from "./severable.js";

const cells = new Set<SdkCell>();

async function begin(
  homes: readonly Home[],
  options: CellOptions,
  transport: Transport,
): Promise<CellUnderTest> {
  const cell = await SdkCell.connect(homes, options, new SeverableTransport(transport));
  cells.add(cell);
  return cell;
}

/** The SDK over ZeroMQ. */
export const sdkOverSockets: CellDriver = {
  name: "the SDK over sockets",
  begin: (homes, options = {}) => begin(homes, options, new SocketTransport()),
};

/** The SDK in the process of its transmitter. */
export const sdkInProcess: CellDriver = {
  name: "the SDK in process",
  begin: (homes, options = {}) => {
    const all = [...homes, ...(options.neighbours ?? [])];
    return begin(homes, options, new Homes(all));
  },
};

/** Finds the transmitter of this process behind an address. */
class Homes implements Transport {
  private readonly homes: readonly Home[];

  constructor(homes: readonly Home[]) {
    this.homes = homes;
  }

  open(...[address, handlers]: Parameters<Transport["open"]>): ReturnType<Transport["open"]> {
    const home = this.homes.find((one) => one.address === address) ?? this.homes[0];
    return inProcess((home as Home).inProcess).open(address, handlers);
  }

  checkAddress(): void {
    // Whatever names a transmitter of this process is right.
  }
}

afterEach(async () => {
  for (const cell of cells) await cell.kill();
  cells.clear();
});
