import {
  constantTimeEqual,
  decodeMessagePack,
  encodeMessagePack,
  intField,
  mapValue,
  MeshError,
  ownField,
  readThid,
  stringField,
  type Thid,
} from "@thynapse/protocol";
import { keyedProof } from "../options/mesh-secret.js";
import { readAddress } from "../sockets/address.js";

/** What a transmitter tells its network about itself. */
export interface Beacon {
  readonly id: Thid;
  readonly mesh: string;
  /** The address of its event socket. */
  readonly pub: string;
  /** Whether others are to answer at once: it has just started. */
  readonly isAsking: boolean;
}

const beaconVersion = 1;
/** Longer datagrams are not looked at. */
const beaconBytesMax = 1024;
const proofBytes = 32;
const charsMax = 255;

/**
 * Writes a datagram: it fits into one packet of any network.
 *
 * ```text
 * byte  0 … 31                        32 …
 *      +-----------------------------+---------------------------------+
 *      | HMAC-SHA-256 of what follows | MessagePack: v, id, mesh, pub, ask |
 *      +-----------------------------+---------------------------------+
 * ```
 */
export function writeBeacon({ id, mesh, pub, isAsking }: Beacon, secret?: string): Buffer {
  const body = encodeMessagePack({ v: beaconVersion, id, mesh, pub, ask: isAsking });
  return Buffer.concat([Buffer.from(keyedProof("beacon", body, secret), "hex"), body]);
}

/**
 * Reads a datagram.
 *
 * @throws {MeshError} `BAD_FRAME`, `BAD_PAYLOAD`, `BAD_ID`, `BAD_VERSION`; `DENIED` for a wrong
 *   proof.
 * @see PROTOCOL.md §19.19
 */
export function readBeacon(datagram: Buffer, secret?: string): Beacon {
  if (datagram.length <= proofBytes || datagram.length > beaconBytesMax) {
    throw new MeshError("BAD_FRAME", `a beacon has up to ${beaconBytesMax} bytes`);
  }
  const body = datagram.subarray(proofBytes);
  const given = datagram.toString("hex", 0, proofBytes);
  if (!constantTimeEqual(given, keyedProof("beacon", body, secret))) {
    throw new MeshError("DENIED", "a beacon does not know the secret of this mesh");
  }
  const map = mapValue(decodeMessagePack(body), "a beacon");
  if (intField(map, "v") !== beaconVersion) {
    throw new MeshError("BAD_VERSION", `beacons of version ${beaconVersion} are read here`);
  }
  const pub = stringField(map, "pub", charsMax);
  if (readAddress(pub) === undefined) {
    throw new MeshError("BAD_PAYLOAD", "a beacon names an address of TCP");
  }
  return {
    id: readThid(ownField(map, "id")),
    mesh: stringField(map, "mesh", charsMax),
    pub,
    isAsking: ownField(map, "ask") === true,
  };
}
