import { type Cell, connect } from "@thynapse/cell-sdk";

import { eventually } from "../../support/eventually.js";

/** What a transmitter says of one member of its mesh. */
export interface SeenMember {
  readonly id: string;
  readonly state: string;
}

/** States of a member that is not there. */
const absent = new Set(["heard-of", "suspect", "dead", "left"]);

/** Whether it is there, as far as the one that was asked knows. */
export function isPresent({ state }: SeenMember): boolean {
  return !absent.has(state);
}

/** Asks the transmitter at an address one system request. */
export async function askAt<T>(address: string, channel: string, data: unknown = {}): Promise<T> {
  const cell = await connect({ service: "observer", transmitters: address });
  try {
    return await askOf<T>(cell, channel, data);
  } finally {
    await cell.close();
  }
}

/** Asks the transmitter that a cell is attached to. */
export function askOf<T>(cell: Cell, channel: string, data: unknown = {}): Promise<T> {
  return cell.ask<T>(channel, data, { timeoutMs: 10_000 });
}

/** The members that a transmitter sees alive, itself among them. */
export async function aliveAt(address: string): Promise<readonly string[]> {
  return aliveOf(await askAt(address, "$mesh.transmitters"));
}

/** Waits until each of the transmitters sees all of them alive. */
export async function whole(addresses: readonly string[], withinMs = 20_000): Promise<void> {
  for (const address of addresses) await wholeAt(address, { count: addresses.length, withinMs });
}

/** One cell asks again and again: each that comes and goes is news for the whole mesh. */
async function wholeAt(
  address: string,
  { count, withinMs }: { readonly count: number; readonly withinMs: number },
): Promise<void> {
  const cell = await connect({ service: "observer", transmitters: address });
  try {
    await eventually(
      async () => {
        const seen = aliveOf(await askOf(cell, "$mesh.transmitters"));
        if (seen.length !== count) {
          throw new Error(`${address} sees ${seen.length} of ${count} alive`);
        }
      },
      { withinMs },
    );
  } finally {
    await cell.close();
  }
}

function aliveOf(members: readonly SeenMember[]): readonly string[] {
  return members.filter(isPresent).map(({ id }) => id);
}
