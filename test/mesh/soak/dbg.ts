import { FaultMesh, endMeshes } from "../faults/fault-mesh.js";
import { readFileSync, readdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
const mesh = await FaultMesh.start();
function threads() { const out: Record<string, [number, string, number]> = {}; for (const t of readdirSync(`/proc/${mesh.pid}/task`)) { const s = readFileSync(`/proc/${mesh.pid}/task/${t}/stat`, "latin1"); const f = s.slice(s.lastIndexOf(")") + 2).split(" "); 
 const sched = readFileSync(`/proc/${mesh.pid}/task/${t}/schedstat`, "latin1").split(" "); 
 const st = readFileSync(`/proc/${mesh.pid}/task/${t}/status`, "latin1"); const vol = Number(/voluntary_ctxt_switches:\s*(\d+)/.exec(st)![1]);
 out[t] = [Number(sched[0]) / 1e6, s.slice(s.indexOf("(")+1, s.lastIndexOf(")")), vol]; } return out; }
async function watch(name: string) { const a = threads(); await delay(4000); const b = threads(); console.log(name, Object.entries(b).map(([t, [ms, n, v]]) => `${n} ${((ms - (a[t]?.[0] ?? 0)) / 4000 * 100).toFixed(2)}% ${((v-(a[t]?.[2]??0))/4).toFixed(0)}/s`).filter(x=>!/ 0.00%/.test(x)).join(", ")); }
await delay(1000);
await watch("none");
const cells = await mesh.seatGroup("billing", 10, { pattern: "orders.*" });
await Promise.all(cells.map((cell) => cell.tell("multicatch", { pattern: "orders.**" })));
await watch("10");
await watch("10");
await endMeshes(); process.exit();
