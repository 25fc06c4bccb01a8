import { encodeBody, encodeExtras, type EventExtras, RunWriter } from "@thynapse/protocol";
import type { CoreLimits } from "../../../transmitter/src/core/effects.js";
import type { Group } from "../../../transmitter/src/core/groups/group.js";
import { refusalOf } from "../../../transmitter/src/core/sites/site-records.js";
import { writeSiteWord } from "../../../transmitter/src/core/sites/site-words.js";
import type { CoreBench } from "../core-bench.js";
import { SiteNet } from "./site-net.js";

/** Who has sent what hostile words bring: attached nowhere. */
export const stranger = "d".repeat(40);

/** A transmitter, and another one that says to it what no transmitter would say. */
export class HostileSite {
  readonly net: SiteNet;
  readonly victim: CoreBench;
  private readonly id: string;

  constructor(limits: Partial<CoreLimits> = {}) {
    this.net = new SiteNet(2, limits);
    this.victim = this.net.benches[0] as CoreBench;
    this.id = this.net.ids[1] as string;
  }

  /** Says a word. @returns by which code it was refused, if it was. */
  say(command: string, map: object, tail: Buffer = Buffer.alloc(0)): string | undefined {
    return this.sayPart(Buffer.concat([writeSiteWord(command, map), tail]));
  }

  sayPart(part: Buffer): string | undefined {
    const { core, nowMs } = this.victim;
    return this.refusal(() => core.sites.word(this.id, part, nowMs));
  }

  /** Sets a value of its record. @returns by which code it was refused, if it was. */
  set(key: string, value: unknown): string | undefined {
    const { core, nowMs } = this.victim;
    return this.refusal(() => core.sites.changed(this.id, key, value, nowMs));
  }

  /** What the victim has of a group. */
  group(service: string, pattern: string): Group | undefined {
    const { groups } = this.victim.core as unknown as {
      readonly groups: { find(service: string, pattern: string): Group | undefined };
    };
    return groups.find(service, pattern);
  }

  private refusal(act: () => void): string | undefined {
    let code: string | undefined;
    this.victim.turn(() => {
      code = refusalOf(act)[0]?.code;
    });
    return code;
  }
}

/** A run of the stranger on channel `a`, behind what stands before it. */
export function runOf(count: number, prefix = "", extras?: EventExtras): Buffer {
  const writer = new RunWriter(256);
  const { tag, bytes } = encodeBody(undefined);
  for (let n = 0; n < count; n++) writer.append("a", tag, bytes, 1, encodeExtras(extras));
  const header = { sender: stranger, service: "s", session: 1, floor: 1, time: 5, first: 1 };
  return writer.close(header, Buffer.from(prefix));
}
