import { fork } from "node:child_process";
import { connect } from "@thynapse/cell-sdk";
const role = process.argv[2];
const me = new URL(import.meta.url).pathname;
if (role === "t") {
  const { startTransmitter } = await import("@thynapse/transmitter");
  const t = await startTransmitter({ port: 0, pubPort: 0, logLevel: "warn" });
  process.send({ command: t.command });
  process.on("SIGTERM", () => { const u = process.resourceUsage(); console.log(role, "user", (u.userCPUTime/1e6).toFixed(2), "sys", (u.systemCPUTime/1e6).toFixed(2), "ctx", u.voluntaryContextSwitches, u.involuntaryContextSwitches, "rss", u.maxRSS>>10); process.exit(0); });
} else if (role === "r") {
  const c = await connect({ service: "recv", transmitters: [process.argv[3]] });
  const N = +process.argv[4]; let next = 0, bad = 0;
  c.status.on?.((s) => { if (s.kind !== "armed") process.send({ status: s.kind + JSON.stringify(s) }); });
  await c.multicatch("bench.**", (e) => { if (e.data.readUInt32LE(0) !== next) bad++; next++; if (next === N) process.send({ done: process.hrtime.bigint().toString(), bad }); });
  process.send({ ready: 1 });
  process.on("SIGTERM", () => { const u = process.resourceUsage(); console.log(role, "user", (u.userCPUTime/1e6).toFixed(2), "sys", (u.systemCPUTime/1e6).toFixed(2), "ctx", u.voluntaryContextSwitches, u.involuntaryContextSwitches, "rss", u.maxRSS>>10); process.exit(0); });
} else if (role === "s") {
  const c = await connect({ service: "send", transmitters: [process.argv[3]] });
  const N = +process.argv[4];
  process.once("message", async () => {
    const t0 = process.hrtime.bigint(); const bodies = Array.from({ length: 2048 }, () => Buffer.alloc(128)); let waits = 0;
    for (let i = 0; i < N; i++) { const b = bodies[i & 2047]; b.writeUInt32LE(i, 0); c.send("bench.c", b); if (!c.hasRoom) { waits++; await c.room(); } }
    const t1 = process.hrtime.bigint();
    await c.flush();
    process.send({ start: t0.toString(), loop: Number(t1 - t0) / 1e6, waits, confirmed: process.hrtime.bigint().toString() });
  });
  process.send({ ready: 1 });
  process.on("SIGTERM", () => { const u = process.resourceUsage(); console.log(role, "user", (u.userCPUTime/1e6).toFixed(2), "sys", (u.systemCPUTime/1e6).toFixed(2), "ctx", u.voluntaryContextSwitches, u.involuntaryContextSwitches, "rss", u.maxRSS>>10); process.exit(0); });
} else {
  const N = +(process.argv[2] ?? 1000000);
  const prof = (n) => process.env.PROF ? { execArgv: process.env.GCT ? ["--trace-gc", "--trace-gc-verbose"] : ["--cpu-prof", "--cpu-prof-dir=/tmp/p", "--cpu-prof-name=" + n + ".cpuprofile"] } : {};
  const t = fork(me, ["t"], prof("t")); const addr = (await new Promise((r) => t.once("message", r))).command;
  const r = fork(me, ["r", addr, N], prof("r")); await new Promise((res) => r.once("message", res));
  const s = fork(me, ["s", addr, N], prof("s")); await new Promise((res) => s.once("message", res));
  const obs = await connect({ service: "obs", transmitters: [addr] });
  let a, b; r.on("message", (m) => { if (m.done) { b = m; fin(); } else console.log(m); }); s.on("message", async (m) => { a = m; console.log(a.loop, a.waits); const mm = await obs.ask("$mesh.metrics", {}); console.log(JSON.stringify(Object.fromEntries(Object.entries(mm).filter(([, v]) => v > 0)))); fin(); });
  s.send("go");
  async function fin() { if (a && b) { const e = BigInt(a.confirmed) > BigInt(b.done) ? BigInt(a.confirmed) : BigInt(b.done); const d = Number(e - BigInt(a.start)) / 1e9; console.log((N / d / 1e6).toFixed(3), "M/s", d.toFixed(2), "s bad", b.bad);
    const m = await obs.ask("$mesh.metrics", {}); console.log(JSON.stringify(Object.fromEntries(Object.entries(m).filter(([, v]) => v > 0)))); await obs.close(); t.kill(); r.kill(); s.kill(); setTimeout(() => process.exit(), 500); } }
}
