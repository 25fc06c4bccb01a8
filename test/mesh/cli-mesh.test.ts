import { type Cell, connect } from "@thynapse/cell-sdk";
import { expect } from "chai";

import { eventually } from "../support/eventually.js";
import { startThynapse } from "./thynapse.js";
import { json, type Row, rowsOf, run, slowly, startMesh, startUp, type Up } from "./two-up.js";

describe("cli: a mesh of two transmitters", function () {
  // Each test starts two processes, and asks some ten times.
  this.timeout(60_000);

  const cells: Cell[] = [];

  afterEach(async () => {
    for (const cell of cells.splice(0)) await cell.close();
  });

  it("ls tells of both, whichever is asked", async () => {
    const { a, b } = await startMesh();
    await attach(a, "billing");
    await attach(b, "billing");
    await attach(b, "audit");

    for (const asked of [a, b]) {
      const transmitters = await rowsOf(asked, "ls", "transmitters");
      expect(transmitters.map(({ id, state }) => [id, state])).to.have.deep.members([
        [a.id, "alive"],
        [b.id, "alive"],
      ]);
      const links = await rowsOf(asked, "ls", "links", "--filter", "state=up");
      expect(links.map(({ transmitter, peer }) => [transmitter, peer])).to.have.deep.members([
        [a.id, b.id],
        [b.id, a.id],
      ]);
      const services = await rowsOf(asked, "ls", "services", "--filter", "billing");
      expect(services[0]).to.include({ service: "billing", cells: 2, transmitters: 2 });
      const found = await rowsOf(asked, "ls", "cells", "--sort", "service");
      expect(found.map(({ service, transmitter }) => [service, transmitter])).to.have.deep.members([
        ["audit", b.id],
        ["billing", a.id],
        ["billing", b.id],
      ]);
    }
    const table = await run(a, "ls", "cells");
    expect(table.stdout[0]).to.contain("TRANSMITTER");
    expect(table.stdout).to.have.length(4);
  });

  it("show finds what is at the other one, and its status and metrics", async () => {
    const { a, b } = await startMesh();
    const cell = await attach(b, "billing");

    expect((await rowsOf(a, "show", "cell", cell.id.slice(0, 12)))[0]).to.include({ id: cell.id });
    expect((await rowsOf(a, "show", "status", b.id.slice(0, 8)))[0]).to.include({ id: b.id });
    expect((await rowsOf(a, "show", "status", b.command))[0]).to.include({ id: b.id });
    expect((await rowsOf(a, "show", "transmitter", b.id))[0]).to.include({ command: b.command });
    expect((await rowsOf(a, "show", "link", b.id.slice(0, 8)))[0]).to.include({ peer: a.id });
    const [metrics] = await rowsOf(a, "show", "metrics", b.id);
    expect(metrics?.["cellsWelcomed"]).to.be.at.least(1);
    const none = await run(a, "show", "status", "zz");
    expect(none).to.deep.include({ code: 1 });
    expect(none.stderr[0]).to.contain("no transmitter zz in this mesh");
  });

  it("explain names the cells of both, and by which way they are reached", async () => {
    const { a, b } = await startMesh();
    const here = await attach(a, "audit");
    const there = await attach(b, "audit");
    for (const cell of [here, there]) await cell.multicatch("orders.**", () => undefined);
    await there.anycatch("orders.*", () => undefined);

    const [said] = await rowsOf(a, "explain", "orders.created");
    const [from] = await rowsOf(a, "explain", "orders.created", "--from", b.id.slice(0, 9));
    const text = await run(a, "explain", "orders.created");

    const ways = (explanation: Row | undefined) =>
      (explanation?.["streams"] as Row[]).map(({ transmitter, way }) => [transmitter, way]);
    expect(ways(said)).to.have.deep.members([
      [a.id, "local"],
      [b.id, `over the link to ${b.id}`],
    ]);
    expect(ways(from)).to.have.deep.members([
      [b.id, "local"],
      [a.id, `over the link to ${a.id}`],
    ]);
    expect(text.stdout.join("\n")).to.contain(`over the link to ${b.id.slice(0, 8)}`);
    const [group] = said?.["groups"] as { members: Row[] }[];
    expect(group?.members[0]).to.include({ id: there.id, transmitter: b.id });
    expect(group?.members[0]?.["why"]).to.match(/^next: /);
    const { matched } = await here.send("orders.created", 1);
    expect(said?.["matched"]).to.equal(matched);
  });

  it("trace sends a real event, and tells of each hop on its way", async () => {
    const { a, b } = await startMesh();
    const cell = await attach(b, "billing");
    const caught: unknown[] = [];
    await cell.anycatch("orders.*", ({ data }) => void caught.push(data));
    await cell.multicatch("orders.**", () => undefined);

    const hops = await rowsOf(a, "trace", "orders.created", '{"id":7}');
    const text = await run(a, "trace", "orders.created", "x");
    const nobody = await run(a, "trace", "nobody", "x", "--require-listener");

    expect(hops.map(({ hop, by }) => [hop, by])).to.have.deep.members([
      ["sent", undefined],
      ["accepted", a.id],
      ["published", b.id],
      ["delivered", b.id],
      ["settled", b.id],
      ["handled", undefined],
    ]);
    const settled = hops.find(({ hop }) => hop === "settled");
    expect(settled).to.include({ cell: cell.id, service: "billing", outcome: "ack" });
    expect(hops.map(({ ms }) => ms)).to.satisfy((all: unknown[]) => all.every(Number.isFinite));
    expect(caught).to.deep.equal([{ id: 7 }, "x"]);
    expect(text.stdout.at(-1)).to.match(/└─ +[\d.]+ ms +handled$/);
    expect(nobody.code).to.equal(4);
  });

  it("dead letters of both are listed, shown and dropped", async () => {
    const { a, b } = await startMesh();
    for (const at of [a, b]) {
      const cell = await attach(at, `billing-${at === a ? "a" : "b"}`);
      await cell.anycatch(`orders.${at === a ? "a" : "b"}`, (_, ctx) => ctx.reject("no good"));
      await cell.send(`orders.${at === a ? "a" : "b"}`, 1, { until: "handled" });
    }

    const letters = await rowsOf(a, "dead", "ls");
    expect(letters.map(({ letter, transmitter }) => [letter, transmitter])).to.deep.equal([
      [1, a.id],
      [1, b.id],
    ]);
    const several = await run(a, "dead", "show", "1");
    expect(several.code).to.equal(2);
    expect(several.stderr[0]).to.contain(`${b.id.slice(0, 8)}/1`);
    const [shown] = await rowsOf(a, "dead", "show", `${b.id.slice(0, 8)}/1`);
    expect(shown).to.include({ channel: "orders.b", data: 1 });
    expect(await rowsOf(a, "dead", "drop", "--service", "billing-b")).to.deep.equal([
      { dropped: 1 },
    ]);
    expect(await rowsOf(a, "dead", "ls")).to.have.length(1);
  });

  it("top adds up both, and doctor finds nothing wrong", async () => {
    const { a, b } = await startMesh();
    const sender = await attach(b, "shop");
    await sender.send("orders.created", 1);

    const [activity] = await rowsOf(a, "top", "-n", "1", "--interval", "100ms");
    const doctor = await run(a, "doctor");

    const transmitters = activity?.["transmitters"] as Row[];
    expect(transmitters.map(({ id }) => id)).to.have.members([a.id, b.id]);
    expect(activity?.["rates"]).to.have.property("accepted");
    expect(activity?.["cells"]).to.have.length(1);
    expect(doctor.stdout.filter((line) => line.startsWith("WRONG"))).to.deep.equal([]);
    expect(doctor.code).to.equal(0);
  });

  it("says who does not answer, and doctor what to do about it", async () => {
    const { a, b } = await startMesh();
    await attach(a, "billing");

    b.process.kill("SIGSTOP");
    const found = await run(a, "ls", "cells", "--json");
    const doctor = await run(a, "doctor", "--json");
    b.process.kill("SIGCONT");

    expect(json(found).map(({ service }) => service)).to.deep.equal(["billing"]);
    expect(found.code).to.equal(3);
    expect(found.stderr).to.deep.equal([
      `thynapse: transmitter ${b.id} did not answer: what it knows is left out`,
    ]);
    expect(doctor.code).to.equal(1);
    const wrong = json(doctor).filter(({ ok }) => ok === false);
    expect(wrong.map(({ what }) => what).join("\n")).to.contain(b.id);
  });

  it("show link finds who does not answer by its peers, and top ends with 3", async () => {
    const { a, b } = await startMesh(["--link-pause", "1m", "--dead-after", "1m"]);

    b.process.kill("SIGSTOP");
    const top = await run(a, "top", "--json", "-n", "1", "--interval", "100ms");
    const link = await run(a, "show", "link", b.id.slice(0, 8), "--json");
    b.process.kill("SIGCONT");

    expect(link.code).to.equal(3);
    expect(link.stderr[0]).to.contain(`transmitter ${b.id} did not answer`);
    expect(json(link)[0]).to.include({ transmitter: a.id, peer: b.id });
    expect(top.code).to.equal(3);
    expect(json(top)[0]).to.deep.include({ missing: [b.id] });
  });

  for (const wrong of [
    ["--mesh", "other"],
    ["--mesh-secret", "swordfish"],
  ]) {
    it(`doctor says what to do about another ${wrong[0]}`, async () => {
      const a = await startUp([]);
      const b = await startUp(["--link", a.command, "--join-timeout", "1s", ...wrong]);

      const doctor = await run(b, "doctor");

      expect(doctor.stdout.join()).to.contain("give all the same --mesh and --mesh-secret");
    });
  }

  it("events tell of a transmitter that comes, and of one that is killed", async () => {
    const a = await startUp([]);
    const watcher = startThynapse(["events", "-t", a.command, "$mesh.*.*", "--json"]);
    await watcher.waitForLine(/^armed /);

    const b = await startUp(["--link", a.command]);
    const ofB = `"id":"${b.id}","by":"${a.id}"`;
    await watcher.waitForLine(new RegExp(`transmitter.joined","data":{${ofB}`), slowly);
    // What the other one tells comes here too, as soon as it knows who listens here.
    await eventually(async () => {
      const cell = await connect({ service: "seen", transmitters: b.command });
      await cell.close();
      const isSeen = (line: string): boolean => line.includes('"service":"seen"');
      expect(watcher.stdout.some(isSeen)).to.equal(true);
    }, slowly);
    b.process.kill("SIGKILL");
    await watcher.waitForLine(new RegExp(`transmitter.dead","data":{${ofB}`), slowly);

    const told = watcher.stdout
      .map((line) => JSON.parse(line) as { channel: string; data: Row })
      .filter(({ data }) => data["by"] === a.id);
    const channels = told.map(({ channel }) => channel.replace("$mesh.", ""));
    expect(channels).to.include.members(["link.up", "link.cut", "transmitter.suspect"]);
    for (const { data } of told) expect(data).to.include({ id: b.id }).and.to.have.property("why");
    await eventually(async () => {
      const [dead] = await rowsOf(a, "ls", "transmitters", "--filter", "state=dead");
      expect(dead).to.include({ id: b.id });
    });
  });

  it("drain ends the one that it names", async () => {
    const { a, b } = await startMesh();

    const end = await run(a, "drain", b.id.slice(0, 10), "--json");

    expect(json(end)[0]).to.include({ draining: true, id: b.id });
    expect(await b.process.exit).to.deep.equal({ code: 0, signal: null });
    expect((await rowsOf(a, "show", "status"))[0]).to.include({ id: a.id, state: "running" });
  });

  it("ls and show tell since when each is alive, or drains", async () => {
    const { a, b } = await startMesh();
    for (const { id } of [a, b]) {
      const [row] = await rowsOf(a, "show", "transmitter", id);
      expect(row).to.include({ id, state: "alive" }).and.to.have.property("sinceMs");
    }
    const holder = { service: "holder", transmitters: b.command, drainTimeoutMs: 0 };
    const cell = await connect(holder);
    cells.push(cell);
    await cell.anycatch("held", () => new Promise(() => {}));
    await cell.send("held", 1);

    const drainedMs = performance.now();
    b.process.kill("SIGTERM");

    await eventually(async () => {
      const [row] = await rowsOf(a, "ls", "transmitters", "--filter", "state=draining");
      expect(row).to.include({ id: b.id });
      expect(row?.["sinceMs"]).to.be.at.most(Math.ceil(performance.now() - drainedMs));
    }, slowly);
  });

  async function attach({ command }: Up, service: string): Promise<Cell> {
    const cell = await connect({ service, transmitters: command });
    cells.push(cell);
    return cell;
  }
});
