import { Arrivals } from "../arrivals.js";
import { fail, play, say } from "./role.js";

const PROGRESS_MS = 50;

play((seat, scenario) => {
  if (scenario.kind !== "flow") throw new Error(`${scenario.name} has no receivers`);
  const received = () => ({ said: "received", share: arrivals.share() }) as const;
  const arrivals = new Arrivals(scenario, {
    onComplete: () => say(received()),
    onFailed: fail,
  });
  let toldCount = 0;
  return {
    async prepare() {
      await seat.receive(scenario, arrivals);
      setInterval(() => {
        if (arrivals.count === toldCount) return;
        toldCount = arrivals.count;
        say({ said: "progress", count: toldCount });
      }, PROGRESS_MS);
    },
    listen(count) {
      toldCount = 0;
      arrivals.begin(count);
    },
    show: received,
  };
});
