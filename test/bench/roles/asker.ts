import { nowMs } from "../clock.js";
import { channelsOf, Load, numberOf } from "../load.js";
import type { Seat } from "../peers/peer.js";
import { play } from "./role.js";

play((seat, scenario) => {
  if (scenario.kind !== "ask") throw new Error(`${scenario.name} has no asker`);
  const load = new Load(scenario);
  const channel = channelsOf(scenario)[0]!;
  return {
    async go(count) {
      const latenciesMs = new Float64Array(count);
      const startedMs = nowMs();
      const asking = { seat, load, channel, latenciesMs, next: 0 };
      await Promise.all(Array.from({ length: scenario.inFlight }, () => askInTurn(asking)));
      return { said: "driven", startedMs, endedMs: nowMs(), latenciesMs };
    },
  };
});

interface Asking {
  readonly seat: Seat;
  readonly load: Load;
  readonly channel: string;
  readonly latenciesMs: Float64Array;
  /** The number of the next request, whoever asks it. */
  next: number;
}

/** Asks one request after the other until there is none left. */
async function askInTurn(asking: Asking): Promise<void> {
  while (asking.next < asking.latenciesMs.length) {
    const number = asking.next++;
    const body = asking.load.bytesAt(number);
    const askedMs = performance.now();
    const answer = await asking.seat.ask(asking.channel, body);
    asking.latenciesMs[number] = performance.now() - askedMs;
    if (answer.length !== body.length || numberOf(answer) !== number) {
      throw new Error(`request ${number} got the answer to ${numberOf(answer)}`);
    }
  }
}
