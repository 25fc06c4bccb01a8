import { type Cell, connect } from "@thynapse/cell-sdk";
import { startTransmitter, type Transmitter } from "@thynapse/transmitter";
import { expect } from "chai";

import { eventually } from "../support/eventually.js";
import { startProcess } from "../support/process.js";
import { type RunEnd, runThynapse } from "./thynapse.js";
import { runVerb } from "./verb-runner.js";

describe("cli: ls, show, explain, top, dead, bench, completion", () => {
  let transmitter: Transmitter;
  let cell: Cell;

  before(async () => {
    transmitter = await startTransmitter({ port: 0, logLevel: "silent", mesh: "looked-at" });
    cell = await connect({ service: "billing", transmitters: transmitter.command });
    await cell.multicatch("config.**", () => undefined);
    await cell.anycatch("orders.*", (_, ctx) => ctx.reject("no good"));
    for (const body of [{ n: 1 }, Buffer.from([1, 255]), "three"]) {
      await cell.send("orders.created", body, { until: "handled" });
    }
  });

  after(async () => {
    await cell.close();
    await transmitter.close();
  });

  const run = ([verb = "", ...argv]: readonly string[]) =>
    runVerb([verb, "-t", transmitter.command, ...argv]);

  describe("ls", () => {
    const listings: readonly (readonly [what: string, row: Record<string, unknown>])[] = [
      ["transmitters", { state: "alive" }],
      ["cells", { service: "billing", state: "alive", encoding: "M", catches: 2 }],
      ["services", { service: "billing", cells: 1, groups: 1, streams: 1 }],
      ["groups", { service: "billing", pattern: "orders.*", members: 1, dead: 3 }],
      ["patterns", { pattern: "config.**", mode: "multi", cells: 1 }],
    ];

    for (const [what, row] of listings) {
      it(`lists ${what}, one object per line`, async () => {
        const end = await run(["ls", what, "--json"]);

        expect(end).to.include({ code: 0 });
        expect(json(end)[0]).to.include(row);
      });
    }

    it("leaves out the cell that asks", async () => {
      expect(json(await run(["ls", "cells", "--json"]))).to.have.length(1);
    });

    it("prints a table, ordered and filtered", async () => {
      const end = await run(["ls", "patterns", "--sort", "mode", "--filter", "pattern=o"]);

      expect(end.stdout.map((line) => line.split(/ {2,}/).slice(0, 2))).to.deep.equal([
        ["PATTERN", "MODE"],
        ["orders.*", "any"],
        ["config.**", "multi"],
      ]);
    });
  });

  it("ls takes the title of a column for its name", async () => {
    const groups = async (text: string): Promise<unknown[]> =>
      json(await run(["ls", "groups", "--filter", `bytes=${text}`, "--json"]));

    expect(await groups("0")).to.not.deep.equal([]);
    expect(await groups("nothing")).to.deep.equal([]);
  });

  describe("show", () => {
    it("shows the status of the transmitter", async () => {
      const text = await run(["show"]);
      const end = await run(["show", "status", "--json"]);

      expect(text.stdout.join("\n")).to.match(/^mesh +looked-at$/m);
      expect(json(end)[0]).to.include({ id: transmitter.id, mesh: "looked-at", deadLetters: 3 });
    });

    it("shows a cell by the beginning of its id, and says if there is none", async () => {
      const end = await run(["show", "cell", cell.id.slice(0, 12), "--json"]);
      const none = await run(["show", "cell", "xyz"]);

      expect(json(end)[0]).to.include({ id: cell.id, service: "billing" });
      expect(none.code).to.equal(1);
      expect(none.stderr).to.deep.equal([
        "thynapse: no cell xyz here — thynapse ls cells lists them",
      ]);
    });

    it("shows a transmitter by its address, with tcp:// or without", async () => {
      const place = transmitter.command.replace("tcp://", "");

      for (const name of [transmitter.command, place, transmitter.pub]) {
        const end = await runVerb(["show", "transmitter", name, "-t", place, "--json"]);
        expect(end.stderr).to.deep.equal([]);
        expect(json(end)[0]).to.include({ id: transmitter.id });
      }
    });

    it("shows the groups of a service", async () => {
      const end = await run(["show", "group", "billing", "--json"]);

      expect(json(end).map(({ pattern }) => pattern)).to.deep.equal(["orders.*"]);
    });

    it("shows the metrics, also as Prometheus reads them", async () => {
      const counters = json(await run(["show", "metrics", "--json"]));
      const text = await run(["show", "metrics", "--prometheus"]);

      expect(counters[0]).to.include({ rejects: 3 });
      expect(text.stdout).to.include("thynapse_rejects_total 3");
    });
  });

  describe("explain, top, dead, bench", () => {
    it("explain draws who would get an event, by which way, and why the others not", async () => {
      const end = await run(["explain", "orders.created"]);
      const object = json(await run(["explain", "orders.created", "--json"]))[0];
      const nobody = await run(["explain", "nobody", "--require-listener"]);

      expect(end.stdout.join("\n")).to.match(
        new RegExp(
          [
            "^orders\\.created",
            "├─ one cell of each, over the command socket",
            "│  └─ billing orders\\.\\*  \\(1 member, backlog 0\\)",
            `│     └─ ${cell.id}  free \\d+: next: most free credit`,
            "└─ not",
            '   └─ config\\.\\*\\* \\(multi\\): segment 1 is "orders", not "config"$',
          ].join("\n"),
        ),
      );
      expect(object).to.include({ channel: "orders.created", matched: 1 });
      expect(nobody.code).to.equal(4);
      expect(nobody.stdout[1]).to.equal("├─ nobody: it would be accepted, and matched 0");
    });

    it("top prints a sample per interval", async () => {
      const end = await run(["top", "--json", "-n", "2", "--interval", "100ms"]);
      const text = await run(["top", "-n", "1", "--interval", "100ms"]);

      expect(json(end)).to.have.length(2);
      expect(json(end)[0]?.["rates"]).to.have.property("accepted");
      expect(json(end)[0]?.["cells"]).to.have.length(1);
      expect(text.stdout[0]).to.contain("mesh looked-at");
      expect(text.stdout.join("\n")).to.not.contain("\u001b");
    });

    it("dead lists, shows, redrives and drops letters", async () => {
      const listed = json(await run(["dead", "ls", "--json", "--service", "billing"]));
      expect(listed.map(({ letter, reason }) => [letter, reason])).to.deep.equal([
        [1, "no good"],
        [2, "no good"],
        [3, "no good"],
      ]);

      const shown = await run(["dead", "show", "1", "--json"]);
      const bytes = await run(["dead", "show", "2", "--json"]);
      expect(json(shown)[0]).to.deep.include({ channel: "orders.created", data: { n: 1 } });
      expect(json(bytes)[0]).to.include({ bytes: "Af8=" });

      const redriven = await run(["dead", "redrive", "1", "--json"]);
      expect(json(redriven)).to.deep.equal([{ redriven: 1 }]);
      await eventually(() => expect(transmitter.status()["deadLetters"]).to.equal(3));

      const dropped = await run(["dead", "drop", "--service", "billing"]);
      expect(dropped.stdout).to.deep.equal(["dropped 3"]);
      const none = await run(["dead", "show", "1"]);
      expect(none.code).to.equal(1);
      expect(none.stderr[0]).to.contain("NOT_FOUND");
    });

    it("dead lists the newest letters, oldest first, though one answer cannot hold them", async () => {
      const sends = Array.from({ length: 900 }, (_, n) =>
        cell.send("orders.created", { n }, { until: "handled" }),
      );
      await Promise.all(sends);

      const all = json(await run(["dead", "ls", "--json", "--limit", "1000"]));
      const most = json(await run(["dead", "ls", "--json", "--limit", "850"]));

      const numbers = all.map(({ letter }) => Number(letter));
      expect(numbers).to.deep.equal(Array.from({ length: 900 }, (_, at) => (numbers[0] ?? 0) + at));
      expect(most).to.deep.equal(all.slice(-850));
      await run(["dead", "drop", "--service", "billing"]);
    });

    it("bench measures throughput, latency and asking", async () => {
      const end = await runThynapse([
        "bench",
        "-t",
        transmitter.command,
        "--for",
        "100ms",
        "--mode",
        "any",
        "--json",
      ]);

      expect(end).to.deep.include({ code: 0, stderr: [] });
      const [measured = {}] = json(end);
      expect(measured).to.include({ mode: "any", bodyBytes: 100 });
      for (const what of ["latency", "ask"]) {
        const { count, p50, p99 } = measured[what] as Record<string, number>;
        expect(count).to.be.above(0);
        expect(p50)
          .to.be.above(0)
          .and.at.most(p99 ?? 0);
      }
      const { eventsPerSecond } = measured["throughput"] as Record<string, number>;
      expect(eventsPerSecond).to.be.above(0);
    });
  });

  describe("completion", () => {
    it("completes verbs and flags in bash", async () => {
      const { stdout } = await runThynapse(["completion", "bash"]);
      const script = [
        ...stdout,
        'complete_words() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _thynapse; }',
        "complete_words thynapse wa; echo ${COMPREPLY[@]}",
        "complete_words thynapse up --pu; echo ${COMPREPLY[@]}",
        "complete_words thynapse send --until h; echo ${COMPREPLY[@]}",
        "complete_words thynapse ls li; echo ${COMPREPLY[@]}",
        "complete_words thynapse ls links c; echo ${COMPREPLY[@]}",
      ].join("\n");

      const bash = startProcess(["bash", "--norc", "-c", script]);
      await bash.exit;

      expect(bash.stderr).to.deep.equal([]);
      expect(bash.stdout).to.deep.equal(["watch", "--pub-port", "handled", "links", ""]);
    });

    it("writes scripts for zsh and fish too", async () => {
      const zsh = await runThynapse(["completion"], { env: { SHELL: "/usr/bin/zsh" } });
      const fish = await runThynapse(["completion", "fish", "--json"]);

      expect(zsh.stdout[0]).to.equal("#compdef thynapse");
      expect(json(fish)[0]).to.include({ shell: "fish" });
    });
  });
});

function json(end: RunEnd): Record<string, unknown>[] {
  return end.stdout.map((line) => JSON.parse(line) as Record<string, unknown>);
}
