import { createSocket, type Socket } from "node:dgram";
import { isIPv4 } from "node:net";
import { networkInterfaces } from "node:os";

/** The multicast group of beacons, of those for one organization, and their UDP port. */
export const beaconGroup = "239.255.54.54";
/** @see beaconGroup */
export const beaconPort = 5454;

/**
 * The UDP socket by which transmitters of one network find each other. Beacons do not leave the
 * network: no router passes them on.
 */
export class BeaconSocket {
  private readonly socket: Socket;
  private isOpen = false;

  /** `onDatagram` gets whatever comes, from whomever. */
  constructor(onDatagram: (datagram: Buffer) => void) {
    // Several transmitters of a machine share the port.
    this.socket = createSocket({ type: "udp4", reuseAddr: true });
    this.socket.on("message", onDatagram);
  }

  /**
   * Begins to hear, on the interface of this address; on all if it is none of IPv4, or stands for
   * all: on those of `own`, by default the addresses of this machine.
   *
   * @returns those of them at which nothing is heard: a system allows so many groups, and an
   *   address may have gone meanwhile.
   * @throws what the system says, such as `EADDRINUSE`, of the port or of the last address if
   *   nothing is heard at any.
   */
  async open(address: string, own = ownAddresses()): Promise<readonly string[]> {
    await new Promise<void>((resolve, reject) => {
      this.socket.once("error", reject);
      this.socket.bind(beaconPort, () => {
        this.socket.removeListener("error", reject);
        resolve();
      });
    });
    // What cannot be sent is sent again soon; there is nobody to tell.
    this.socket.on("error", () => undefined);
    this.isOpen = true;
    this.socket.setMulticastTTL(1);
    this.socket.setMulticastLoopback(true);
    const isOne = isIPv4(address) && address !== "0.0.0.0";
    if (isOne) this.socket.setMulticastInterface(address);
    return this.join(isOne ? [address] : own);
  }

  send(datagram: Buffer): void {
    if (this.isOpen) this.socket.send(datagram, beaconPort, beaconGroup, () => undefined);
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.socket.close();
  }

  private join(addresses: readonly string[]): string[] {
    const deaf: string[] = [];
    let last: unknown;
    for (const address of addresses) {
      try {
        this.socket.addMembership(beaconGroup, address);
      } catch (error) {
        // Another address of the same interface has joined already.
        if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") continue;
        deaf.push(address);
        last = error;
      }
    }
    if (deaf.length > 0 && deaf.length === addresses.length) throw last;
    return deaf;
  }
}

function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.filter(({ family }) => family === "IPv4").map(({ address }) => address);
}
