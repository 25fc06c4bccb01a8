import { channelsOf } from "../load.js";
import { play } from "./role.js";

play((seat, scenario) => ({
  async prepare() {
    for (const channel of channelsOf(scenario)) await seat.answer(channel);
  },
}));
