import { type Cell, connect } from "@thynapse/cell-sdk";
import { startTransmitter, type Transmitter } from "@thynapse/transmitter";
import { expect } from "chai";

import { type StartedProcess, startProcess } from "../support/process.js";
import { bin, type RunEnd, startThynapse } from "./thynapse.js";
import { runVerb } from "./verb-runner.js";

describe("cli: watch, catch, ask, answer, events", () => {
  let transmitter: Transmitter;
  let cell: Cell;

  before(async () => {
    transmitter = await startTransmitter({ port: 0, logLevel: "silent", groupKeepMs: 0 });
    cell = await connect({ service: "tester", transmitters: transmitter.command });
  });

  after(async () => {
    await cell.close();
    await transmitter.close();
  });

  const run = ([verb = "", ...argv]: readonly string[]) =>
    runVerb([verb, "-t", transmitter.command, ...argv]);

  /** Starts a verb that goes on, and waits until it misses nothing. */
  const start = async ([verb = "", ...argv]: readonly string[]): Promise<StartedProcess> => {
    const started = startThynapse([verb, "-t", transmitter.command, ...argv]);
    await started.waitForLine(/^armed /, { withinMs: 15_000 });
    return started;
  };

  describe("watch", () => {
    it("prints each event with all that it is in --json, and ends after -n", async () => {
      const watch = await start(["watch", "w.*", "--json", "-n", "2"]);

      const receipt = await cell.send("w.a", { n: 1 }, { headers: { h: "1" }, key: "k" });
      await cell.send("w.b", Buffer.from([0, 255]));

      expect(await watch.exit).to.include({ code: 0 });
      const [first, second] = jsonLines(watch);
      expect(first).to.deep.include({
        channel: "w.a",
        data: { n: 1 },
        from: { id: cell.id, service: "tester" },
        seq: receipt.seq,
        thid: receipt.thid,
        attempt: 1,
        repeat: false,
        headers: { h: "1" },
        key: "k",
      });
      expect(second).to.include({ channel: "w.b", bytes: "AP8=" });
      expect(second).to.not.have.property("data");
    });

    it("ends after --for: with 0, or with 3 if fewer came than -n", async () => {
      const [all, fewer] = await Promise.all([
        run(["watch", "quiet", "--for", "50ms"]),
        run(["watch", "quiet", "--for", "50ms", "-n", "1"]),
      ]);

      expect([all.code, fewer.code]).to.deep.equal([0, 3]);
    });

    it("ends at once when armed with --until-armed", async () => {
      const text = await run(["watch", "a", "b", "--until-armed"]);
      const json = await run(["watch", "a", "--until-armed", "--json"]);

      expect(text).to.deep.include({ code: 0, stdout: ["armed a b"], stderr: [] });
      expect(json.stdout).to.deep.equal(['{"armed":true,"patterns":["a"]}']);
    });

    it("I61: shows escape sequences escaped, unless --raw", async () => {
      const body = "\u001b[2J\u009bA\u202e\r\nß";
      const [plain, json, raw] = await Promise.all([
        start(["watch", "esc", "-n", "1"]),
        start(["watch", "esc", "-n", "1", "--json"]),
        start(["watch", "esc", "-n", "1", "--raw"]),
      ]);

      await cell.send("esc", body);
      await Promise.all([plain.exit, json.exit, raw.exit]);

      expect(plain.stdout).to.deep.equal([String.raw`esc \x1b[2J\x9bA\u202e\r\nß`]);
      expect(json.stdout[0]).to.contain(String.raw`"\u001b[2J\u009bA\u202e\r\nß"`);
      expect(jsonLines(json)[0]).to.include({ data: body });
      expect(raw.stdout.join("\r\n")).to.equal(body);
    });

    it("prints by a template", async () => {
      const format = "{channel}|{data}|{from.service}|{seq}|{headers.h}|{{}\\t.";
      const watch = await start(["watch", "fmt", "-n", "1", "--format", format]);

      const { seq } = await cell.send("fmt", [1, "a\n"], { headers: { h: "\u001b" } });
      await watch.exit;

      expect(watch.stdout).to.deep.equal([String.raw`fmt|[1,"a\n"]|tester|${seq}|\x1b|{}` + "\t."]);
    });

    it("is quiet and ends with 0 when nobody reads its output any more", async () => {
      const command = `"$0" "$1" watch -t "$2" pipe 2>&1 1>&3 | cat >&2; exit "\${PIPESTATUS[0]}"`;
      const argv = [process.execPath, bin, transmitter.command] as const;
      const script = `{ ${command}; } 3>&1 | head -n 1; echo "\${PIPESTATUS[0]}"`;
      const piped = startProcess(["bash", "-c", script, ...argv]);
      await piped.waitForLine(/^armed pipe$/, { withinMs: 15_000 });

      const sending = setInterval(() => void cell.send("pipe", "x".repeat(1000)), 5);
      await piped.exit;
      clearInterval(sending);

      expect(piped.stderr).to.deep.equal(["armed pipe"]);
      expect(piped.stdout).to.deep.equal([`pipe ${"x".repeat(1000)}`, "0"]);
    });
  });

  describe("catch", () => {
    it("is a cell of the service, and acks what it prints", async () => {
      const caught = await start(["catch", "c.*", "--service", "s", "-n", "1"]);

      const { matched } = await cell.send("c.a", { n: 1 }, { until: "handled" });

      expect(matched).to.equal(1);
      expect(await caught.exit).to.include({ code: 0 });
      expect(caught.stdout).to.deep.equal(['c.a {"n":1}']);
    });

    it("gives the body and the event's names to a command, without a shell", async () => {
      const program =
        "for (const k of ['CHANNEL','ATTEMPT','THID']) " +
        "console.log(process.env['THYNAPSE_EVENT_' + k]); process.stdin.pipe(process.stdout)";
      const command = `node -e "${program}" -- $HOME 'a b'`;
      const caught = await start(["catch", "c.*", "-s", "s", "-n", "1", "--exec", command]);

      const receipt = await cell.send("c.x", "body", { until: "handled" });

      expect(await caught.exit).to.include({ code: 0 });
      expect(caught.stdout).to.deep.equal(["c.x", "1", receipt.thid, "body"]);
    });

    it("passes arguments as they are, unless --shell", async () => {
      const echo = "printf '%s\\n' $((1+1)) '*'";
      const [plain, shell] = await Promise.all([
        start(["catch", "e.a", "-s", "s", "-n", "1", "--exec", echo]),
        start(["catch", "e.b", "-s", "s", "-n", "1", "--exec", echo, "--shell"]),
      ]);

      await Promise.all([
        cell.send("e.a", 1, { until: "handled" }),
        cell.send("e.b", 1, { until: "handled" }),
      ]);
      await Promise.all([plain.exit, shell.exit]);

      expect(plain.stdout).to.deep.equal(["$((1+1))", "*"]);
      expect(shell.stdout).to.deep.equal(["2", "*"]);
    });

    it("nacks where the command fails, and tries again", async () => {
      const command = 'test "$THYNAPSE_EVENT_ATTEMPT" = 2';
      const argv = ["--exec", command, "--shell", "--json", "-n", "1"];
      const caught = await start(["catch", "n.a", "-s", "s", ...argv]);

      await cell.send("n.a", 1, { until: "handled" });
      await caught.exit;

      expect(jsonLines(caught).map(pick("attempt", "outcome", "exit"))).to.deep.equal([
        { attempt: 1, outcome: "nack", exit: 1 },
        { attempt: 2, outcome: "ack", exit: 0 },
      ]);
      expect(
        caught.stderr.filter((line) => line.includes("the command ended with 1")),
      ).to.have.length(1);
    });

    it("fails as often as --fail-rate says", async () => {
      const caught = await start(["catch", "f.a", "-s", "s", "--fail-rate", "1"]);
      const dead = new Promise((resolve) => {
        void cell.multicatch("$mesh.dead.s", (event) => resolve(event.data));
      });

      await cell.send("f.a", 1, { until: "handled" });

      expect(await dead).to.include({ channel: "f.a", attempts: 5 });
      expect(caught.stdout).to.deep.equal([]);
    });

    it("lets the event that it works on finish when it is to end", async () => {
      const command = "echo begun; sleep 0.5; echo done";
      const caught = await start(["catch", "t.a", "-s", "s", "--exec", command, "--shell"]);
      const sending = cell.send("t.a", 1, { until: "handled" });
      await caught.waitForLine(/^begun$/);

      caught.kill("SIGTERM");

      expect(await caught.exit).to.deep.equal({ code: 143, signal: null });
      expect(caught.stdout).to.deep.equal(["begun", "done"]);
      await sending;
    });
  });

  describe("ask and answer", () => {
    it("answers with a body, an echo or what a command prints", async () => {
      const [body] = await Promise.all([
        start(["answer", "q.body", '{"price":7}']),
        start(["answer", "q.echo", "--echo"]),
        start(["answer", "q.exec", "-s", "upper", "--exec", "tr a-z A-Z"]),
      ]);

      expect(await run(["ask", "q.body"])).to.deep.include({ code: 0, stdout: ['{"price":7}'] });
      expect((await run(["ask", "q.echo", "[1]"])).stdout).to.deep.equal(["[1]"]);
      const exec = await run(["ask", "q.exec", "abc", "--json"]);
      expect(JSON.parse(exec.stdout[0] ?? "")).to.include({ channel: "q.exec", data: "ABC" });
      expect(body.stdout).to.deep.equal(["q.body null"]);
    });

    it("ends with 4 if nobody listens, 3 if nobody answers in time, 1 or 5 if it fails", async () => {
      const catches = await Promise.all([
        cell.anycatch("q.slow", () => new Promise(() => {})),
        cell.anycatch("q.fails", () => Promise.reject(new Error("no"))),
        cell.anycatch("q.rejects", (_, ctx) => ctx.reject("never")),
      ]);

      const ends = await Promise.all([
        run(["ask", "q.nobody"]),
        run(["ask", "q.slow", "--timeout", "200ms"]),
        run(["ask", "q.fails"]),
        run(["ask", "q.rejects"]),
      ]);

      expect(ends.map(({ code }) => code)).to.deep.equal([4, 3, 1, 5]);
      expect(ends.map(({ stderr }) => stderr.length)).to.deep.equal([1, 1, 1, 1]);
      for (const it of catches) void it.release();
    });

    it("asks every cell that watches with --replies", async () => {
      const other = await connect({ service: "other", transmitters: transmitter.command });
      await cell.multicatch("q.all", () => ({ n: 1 }));
      await other.multicatch("q.all", () => ({ n: 2 }));

      const all = await run(["ask", "q.all", "--replies", "--json"]);
      const one = await run(["ask", "q.all", "--replies", "-n", "1"]);
      const more = await run(["ask", "q.all", "--replies", "-n", "3"]);
      const nobody = await run(["ask", "q.none", "--replies"]);
      await other.close();

      expect(all.code).to.equal(0);
      const replies = all.stdout.map((line) => JSON.parse(line) as { from: { service: string } });
      expect(replies.map(({ from }) => from.service).sort()).to.deep.equal(["other", "tester"]);
      expect([one.code, more.code, nobody.code]).to.deep.equal([0, 3, 4]);
    });
  });

  it("events prints who comes and goes", async () => {
    const events = await start(["events", "$mesh.cell.*", "--json", "-n", "2"]);

    const other = await connect({ service: "guest", transmitters: transmitter.command });
    await other.close();

    expect(await events.exit).to.include({ code: 0 });
    expect(jsonLines(events).map(pick("channel", "data"))).to.deep.equal([
      { channel: "$mesh.cell.joined", data: { id: other.id, service: "guest" } },
      { channel: "$mesh.cell.left", data: { id: other.id, service: "guest" } },
    ]);
  });
});

function jsonLines({ stdout }: Pick<RunEnd, "stdout">): Record<string, unknown>[] {
  return stdout.map((line) => JSON.parse(line) as Record<string, unknown>);
}

function pick(...names: readonly string[]) {
  return (row: Record<string, unknown>) =>
    Object.fromEntries(names.map((name) => [name, row[name]]));
}
