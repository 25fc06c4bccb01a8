import { runSwarm } from "./swarm.js";
const seed = Number(process.argv[2]);
const sent = new Map<string, any>();
const done = new Set<string>();
const all: any[] = [];
const r = runSwarm({
  seed,
  onRecord: (x) => {
    all.push(x);
    if (x.action === "sent") sent.set(x.id, x);
    if (x.action === "handled" || x.action === "refused") done.add(x.id);
  },
});
console.log(r.wrong);
const short = (s: string) => s.replace(/([0-9a-f]{6})[0-9a-f]{34}/g, "$1").replace(/"/g, "");
for (const { cell } of r.world.inhabitants) {
  if (!cell.isAlive || cell.core.outbox.pendingEvents === 0) continue;
  console.log(
    "cell",
    cell.terms.id.slice(0, 6),
    cell.core.outbox.pendingEvents,
    cell.core.session.state.name,
    "floor",
    cell.core.outbox.floor,
    "deadline",
    cell.core.nextDeadlineMs,
    r.world.nowMs,
  );
  const open = [...sent.keys()].filter((id) => id.startsWith(cell.terms.id) && !done.has(id));
  console.log(open.length, short(open.slice(0, 5).join(" ")));
  for (const x of all.filter((x) => x.id === open[0]))
    console.log(short(JSON.stringify(x)).slice(0, 200));
  const flow = (cell.core.outbox as any).flow;
  console.log("flow", {
    queue: flow.queue.length,
    head: flow.head,
    wireBytes: flow.wireBytes,
    wireRuns: flow.wireRuns,
    attachment: flow.attachment,
    busy: flow.busyUntilMs,
    pipeOpen: flow.pipeOpen,
    held: flow.isHeld,
    isSending: flow.isSending,
  });
}
for (const t of r.world.transmitters.values())
  for (const g of (t.core as any).groups.all) {
    if (g.unsettled > 0)
      console.log(
        "group",
        g.service,
        g.pattern.text,
        "members",
        g.members.size,
        "backlog",
        g.backlog.events,
        "waiting",
        g.waiting.size,
        "held",
        g.held.size,
        "heldCount",
        g.heldCount,
        [...g.members.values()]
          .map((m: any) => [m.cell.id.slice(0, 6), m.credit, m.heldCount, m.cell.state])
          .join(";"),
        g.backlog.first &&
          JSON.stringify({ avoid: g.backlog.first.avoid, from: g.backlog.first.from }),
        g.terms,
        "busy",
        JSON.stringify([...g.owners.busy.keys()]),
        "heldBack",
        JSON.stringify([...g.owners.heldBack.entries()]),
      );
  }
