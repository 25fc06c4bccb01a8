import type { Answer, Instruction, Instructions, InstructionName } from "../instructions.js";
import { liveMb } from "./live-memory.js";
import { Pouring } from "./pouring.js";
import { join } from "./seated-cell.js";
import { sendFlood, sendLoad } from "./sending.js";
import { askOne, Watching } from "./watching.js";

type Deeds = {
  readonly [N in InstructionName]: (
    given: Instructions[N][0],
  ) => Instructions[N][1] | Promise<Instructions[N][1]>;
};

function say(answer: Answer): void {
  process.send?.(answer);
}

/** Ends the process: what nobody expected makes the run worthless. */
function fail(thrown: unknown): void {
  process.send?.({ kind: "failed", why: whyOf(thrown) } satisfies Answer, () => process.exit(1));
}

function whyOf(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}

// The harness is gone: nobody is left to end this process.
process.on("disconnect", () => process.exit());
process.on("uncaughtException", fail);
process.on("unhandledRejection", fail);

const seated = await join(JSON.parse(process.argv[2] ?? "{}"), (event) =>
  say({ kind: "holding", event }),
);

let pouring: Pouring | undefined;
const watching = new Watching();

const deeds: Deeds = {
  anycatch: (anycatching) => seated.anycatch(anycatching),
  multicatch: ({ pattern, options }) => seated.multicatch(pattern, options),
  send: (load) => sendLoad(seated, load),
  flood: (flood) => sendFlood(seated, flood),
  marks: () => {
    const { doubles, disordered, seen } = seated.marks!;
    return { doubles, disordered, seen };
  },
  counts: () => seated.counts!.bySender,
  pour: (stream) => void (pouring = new Pouring(seated, stream)),
  dry: () => pouring!.dry(),
  pace: ({ workMs }) => void (seated.workMs = workMs),
  ask: ({ command, channel }) => askOne(command, channel),
  watch: () => watching.start(seated.cell),
  watched: () => watching.take(),
  finish: () => seated.finish(),
  tally: () => seated.tally(),
  liveMb,
  close: () => seated.close(),
};

async function follow({ number, name, with: given }: Instruction): Promise<void> {
  try {
    const result = await deeds[name](given as never);
    say({ kind: "done", number, result });
  } catch (thrown) {
    say({ kind: "failed", number, why: whyOf(thrown) });
  }
  if (name === "close") process.disconnect();
}

process.on("message", (instruction: Instruction) => void follow(instruction));
say({ kind: "joined" });
