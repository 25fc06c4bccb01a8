import { isDeepStrictEqual } from "node:util";

import type { Mesh } from "../../transmitter/dist/core/mesh/mesh.js";
import type { TransmitterProcess } from "./transmitter-process.js";
import type { World } from "./world.js";

/**
 * Tells where transmitters see their mesh differently; `undefined` when each holds all others that
 * run for alive, and nobody else, and knows of each what that knows of itself.
 */
export function differentViews(world: World): string | undefined {
  for (const twin of world.twins) {
    if (twin.process.state !== "dead") return `the twin ${nameOf(twin)} has not ended`;
  }
  const all = [...world.transmitters.values()];
  const ids = all.map(({ terms }) => terms.id).toSorted();
  for (const one of all) {
    const mesh = meshOf(one);
    if (mesh === undefined) return `${nameOf(one)} has no mesh`;
    const alive = mesh.members.all.filter(({ state }) => state === "alive").map(({ id }) => id);
    const known = [...alive, one.terms.id].toSorted();
    if (!isDeepStrictEqual(known, ids)) {
      const short = known.map((id) => id.slice(0, 6));
      return `${nameOf(one)} holds for alive: ${short.join(" ")}`;
    }
    for (const other of all) {
      const where = differentRecords(mesh, meshOf(other), other.terms.id);
      if (where !== undefined) return `${nameOf(one)} knows ${nameOf(other)} wrongly: ${where}`;
    }
  }
  return undefined;
}

function differentRecords(mine: Mesh, theirs: Mesh | undefined, id: string): string | undefined {
  const [known, own] = [mine, theirs].map(
    (mesh) => new Map(mesh?.directory.entriesOf(id as never) ?? []),
  ) as [Map<string, unknown>, Map<string, unknown>];
  for (const key of new Set([...known.keys(), ...own.keys()])) {
    if (!isDeepStrictEqual(known.get(key), own.get(key))) return key;
  }
  return undefined;
}

function meshOf({ core }: TransmitterProcess): Mesh | undefined {
  return core.seat.mesh;
}

function nameOf({ terms }: TransmitterProcess): string {
  return `${terms.id.slice(0, 6)}.${terms.incarnation}`;
}
