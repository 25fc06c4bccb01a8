import { fork } from "node:child_process";
import { Dealer, Subscriber } from "zeromq";
import { encodeMessagePack, writeFrame, RunWriter, decodePayloadMap, readRun } from "@thynapse/protocol";
const role = process.argv[2];
const M = (c, m) => Buffer.from(writeFrame("M", c, encodeMessagePack(m)));
if (role === "t") {
  const { startTransmitter } = await import("../transmitter/dist/transmitter.js");
  const t = await startTransmitter({ port: 0, pubPort: 0 });
  process.send({ command: t.command, pub: t.pub });
} else if (role === "r") {
  const [, , , command] = process.argv;
  const d = new Dealer({ linger: 0 }); d.connect(command);
  await d.send(M("HELO", { v: 1, id: "b".repeat(40), service: "recv" }));
  const [w] = await d.receive(); const wl = decodePayloadMap(w.subarray(7));
  await d.send(M("CTCH", { pattern: "bench.**", mode: "multi" }));
  let topic; while (!topic) { const [c] = await d.receive(); if (c.latin1Slice(2, 6) === "CGHT") topic = decodePayloadMap(c.subarray(7)).topic; else await d.send(M("BEAT", {})); }
  const s = new Subscriber({ linger: 0, receiveHighWaterMark: 100000 }); s.connect(wl.pub); s.subscribe(topic + " ");
  (async () => { for await (const [c] of d) { if (c.latin1Slice(2, 6) === "BEAT") await d.send(M("BEAT", {})); } })();
  let got = 0, next = 0, since = 0, catchN = 1;
  for (;;) {
    const [head, part] = await s.receive();
    if (part.latin1Slice(2, 6) === "MARK") { process.send({ armed: true }); continue; }
    const run = readRun(part, 7);
    for (let i = 0; i < run.count; i++) { const b = run.bodyAt(i); if (b.readUInt32LE(0) !== next++) { process.send({ bad: next }); next = b.readUInt32LE(0) + 1; } }
    got += run.count; since += part.length; if (since > 1 << 20) { since = 0; const [, f, c] = head.toString().split(' '); d.send(M('BEAT', { streams: [[1, +f + +c - 1]] })); }
    if (got >= +process.argv[4]) { process.send({ done: process.hrtime.bigint().toString() }); break; }
  }
} else if (role === "s") {
  const [, , , command, n] = process.argv;
  const d = new Dealer({ linger: 0, sendHighWaterMark: 100 }); d.connect(command);
  await d.send(M("HELO", { v: 1, id: "a".repeat(40), service: "sender" }));
  await d.receive();
  let confirmed = 0;
  (async () => { for await (const [c] of d) { const k = c.latin1Slice(2, 6); if (k === "CNFM") { const m = decodePayloadMap(c.subarray(7)); for (const [f, l] of m.handled ?? []) confirmed = l; } else if (k === "ERRO") console.log(c.toString()); } })();
  process.once("message", async () => {
    const t0 = process.hrtime.bigint(); let seq = 1; const N = +n; const body = Buffer.alloc(128);
    let size = 65536;
    while (seq <= N) {
      const w = new RunWriter(size); const first = seq;
      while (seq <= N && w.fits(128, "bench.c")) { body.writeUInt32LE(seq - 1, 0); w.append("bench.c", 0, body); seq++; }
      await d.send(w.close({ sender: "a".repeat(40), service: "sender", session: 1, floor: first, first, time: Date.now() }, Buffer.from("M EVNT ")));
    }
    while (confirmed < N) await new Promise((r) => setImmediate(r));
    process.send({ start: t0.toString(), confirmed: process.hrtime.bigint().toString() });
  });
  process.send({ ready: true });
} else {
  const N = +(process.argv[2] ?? 3000000);
  const me = new URL(import.meta.url).pathname;
  const t = fork(me, ["t"]); const addr = await new Promise((r) => t.once("message", r)); console.log(addr);
  const r = fork(me, ["r", addr.command, N]); await new Promise((res) => r.once("message", res));
  const s = fork(me, ["s", addr.command, N]); await new Promise((res) => s.once("message", res));
  let a, b; r.on("message", (m) => { if (m.done) { b = BigInt(m.done); fin(); } else console.log(m); }); s.on("message", (m) => { a = m; fin(); });
  s.send("go");
  function fin() { if (a && b) { const d = Number((BigInt(a.confirmed) > b ? BigInt(a.confirmed) : b) - BigInt(a.start)) / 1e9; console.log((N / d / 1e6).toFixed(2), "M/s", d.toFixed(2), "s"); t.kill(); r.kill(); s.kill(); } }
}
