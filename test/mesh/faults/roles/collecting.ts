/*
 * Loaded before a transmitter that is watched: says on request what lives in its memory. Needs `--expose-gc`.
 */
import { liveMb } from "./live-memory.js";

process.on("message", () => void liveMb().then((mb) => process.send?.(mb)));
