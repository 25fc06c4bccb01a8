import { FaultMesh, endMeshes } from "../faults/fault-mesh.js";
import { setTimeout as delay } from "node:timers/promises";
const events = 6_000_000;
const mesh = await FaultMesh.start();
const keeping = { isLogged: false, marksMax: events };
const group = await mesh.seat("billing", 2, keeping);
await Promise.all(group.map((cell) => cell.tell("anycatch", { pattern: "orders.*" })));
const sender = await mesh.seatOne("shop", { isLogged: false });
const sending = sender.tell("flood", { channel: "orders.created", count: events, padBytes: 100 });
let done = false; void sending.then(() => (done = true));
while (!done) { await delay(2000); for (const c of [group[0]!]) { const m = (await c.tell("tally") as any).mem; console.log(Object.entries(m).map(([k, v]) => `${k} ${((v as number) / 1e6).toFixed(1)}`).join(" ")); } }
await endMeshes(); process.exit();
