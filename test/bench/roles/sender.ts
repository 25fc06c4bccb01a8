import { nowMs } from "../clock.js";
import { Load } from "../load.js";
import { play } from "./role.js";

play((seat, scenario) => {
  if (scenario.kind !== "flow") throw new Error(`${scenario.name} has no sender`);
  const load = new Load(scenario);
  return {
    async go(count) {
      const startedMs = nowMs();
      await seat.send(scenario, load, count);
      return { said: "driven", startedMs, endedMs: nowMs() };
    },
  };
});
