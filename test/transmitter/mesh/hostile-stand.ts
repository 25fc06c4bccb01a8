import { expect } from "chai";

import { encodeMessagePack } from "../../../protocol/src/encoding.js";
import type { Thid } from "../../../protocol/src/thid.js";
import type { Delta, Entry } from "../../../transmitter/src/core/mesh/mesh-record.js";
import { MeshNet, type MeshNode } from "./mesh-net.js";

/*
 * Goal:   whatever a peer says, what this transmitter knows of itself and of others stays right.
 * Method: three are linked; the second says what no transmitter would say, and the first must name
 *         it, count it, and go on with the third as if nothing had been.
 */

/** Three that are linked, of which the second is hostile to the first. */
export interface Stand {
  readonly net: MeshNet;
  readonly victim: MeshNode;
  readonly hostile: MeshNode;
  readonly third: MeshNode;
}

/** Three that are linked. */
export function stand(): Stand {
  const net = new MeshNet();
  for (const name of ["n1", "n2", "n3"]) net.knock(net.start(name), "n1");
  net.run(3000);
  const [victim, hostile, third] = net.living as [MeshNode, MeshNode, MeshNode];
  for (const { told } of net.living) told.splice(0);
  return { net, victim, hostile, third };
}

/** What is refused, by its codes. */
export const refusals = ({ told }: MeshNode): string[] =>
  told.filter((line) => /^[A-Z_]+$/.test(line));

/** Says a word on the link of the hostile one to its victim. */
export function say({ net, victim, hostile }: Stand, ...words: readonly Buffer[]): void {
  for (const word of words) hostile.mesh.peering.send(victim.hello.id, word, net.nowMs);
  net.settle();
}

/** The victim and the third one live, know each other, and carry what they send. */
export function expectUnharmed({ net, victim, third }: Stand): void {
  expect(victim.mesh.members.get(third.hello.id)?.state).to.equal("alive");
  victim.mesh.set("color", "blue");
  third.mesh.send(victim.hello.id, Buffer.from("M TEST on"), net.nowMs);
  net.settle();
  expect(victim.parts.at(-1)).to.equal("n3 M TEST on");
  expect(third.mesh.directory.get(victim.hello.id, "color")).to.equal("blue");
}

/** A delta of the whole record of somebody. */
export const delta = (id: Thid, entries: readonly Entry[], more: Partial<Delta> = {}): Delta => ({
  id,
  incarnation: 1,
  from: 0,
  version: 1_000_000,
  entries,
  ...more,
});

/** A value, as it stands in a delta. */
export const entry = (key: string, version: number, value: unknown = 1): Entry => [
  key,
  version,
  encodeMessagePack(value),
];
