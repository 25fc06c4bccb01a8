import type { Instruction, Report } from "../dialogue.js";
import { PEERS } from "../peers/index.js";
import type { Seat } from "../peers/peer.js";
import { scenarioNamed, type Scenario } from "../scenario.js";

/** What a role does with its seat; what it does not define it is never told. */
export interface Role {
  /** Before `joined` is said. */
  prepare?(): Promise<void>;
  listen?(count: number): void;
  go?(count: number): Promise<Report>;
  show?(): Report;
}

/** Says something to the bench that started this process. */
export function say(report: Report): void {
  process.send?.(report);
}

/** Says that the run is worthless; only the first reason is worth reading. */
export function fail(why: unknown): void {
  if (failed) return;
  failed = true;
  say({ said: "failed", why: why instanceof Error ? (why.stack ?? why.message) : String(why) });
}

let failed = false;

/** Plays one role until it is told to leave, or until the bench is gone. */
export function play(cast: (seat: Seat, scenario: Scenario) => Role): void {
  let seat: Seat | undefined;
  let role: Role | undefined;

  async function follow(instruction: Instruction): Promise<Report | undefined> {
    switch (instruction.do) {
      case "join": {
        const scenario = scenarioNamed(instruction.scenario);
        seat = await PEERS[instruction.system].join(instruction.url, {
          role: instruction.role,
          scenario,
        });
        role = cast(seat, scenario);
        await role.prepare?.();
        return { said: "joined" };
      }
      case "listen":
        role?.listen?.(instruction.count);
        return { said: "listening" };
      case "go":
        return role?.go?.(instruction.count);
      case "show":
        return role?.show?.();
      case "leave":
        await seat?.close();
        return { said: "left" };
    }
  }

  process.on("message", (instruction: Instruction) => {
    follow(instruction).then((report) => {
      if (report !== undefined) say(report);
      if (instruction.do === "leave") process.disconnect();
    }, fail);
  });
  process.on("uncaughtException", fail);
  process.on("unhandledRejection", fail);
  // The bench is gone, or done with this process: whatever the libraries still hold open, end.
  process.on("disconnect", () => process.exit());
}
