import { startTransmitter, type Transmitter } from "@thynapse/transmitter";
import { expect } from "chai";

import { activityLines } from "../../transmitter/src/cli/activity-lines.js";
import type { Activity } from "../../transmitter/src/cli/sample.js";
import { startThynapse } from "./thynapse.js";
import { runVerb } from "./verb-runner.js";

const rates = { accepted: 12_345, published: 4512, delivered: 12_345, acked: 12_345, refused: 0 };

/** What was seen of two transmitters under load, of which a third one says nothing. */
const busy: Activity = {
  status: { mesh: "default", command: "tcp://10.0.0.1:5454" },
  rates,
  transmitters: ["a", "b"].map((letter, at) => ({
    ...{ id: letter.repeat(40), command: `tcp://10.0.0.${at}:5454`, state: "running" },
    ...{ uptimeMs: 5000, rssBytes: 1e8, cells: 3, backlog: 0, deadLetters: 0, rates },
  })),
  groups: [],
  cells: [],
  missing: ["c".repeat(40)],
};

describe("cli: top", () => {
  it("says first who does not answer", () => {
    expect(activityLines(busy, 80)[0]).to.match(/^no answer from cccccccc, mesh default, /);
  });

  it("shows every rate of each transmitter in 80 columns, and no address there", () => {
    const [title = "", first = ""] = activityLines(busy, 80)
      .slice(3)
      .map((line) => line.slice(0, 80));

    expect(title).to.match(
      /^TRANSMITTER +ACCEPTED\/S +PUBLISHED\/S +DELIVERED\/S +ACKED\/S +REFUSED\/S +STATE/,
    );
    expect(title).to.not.include("COMMAND");
    expect(first).to.match(/^aaaaaaaa +12 345 +4 512 +12 345 +12 345 +0 +running/);
  });

  it("shows the addresses where there is room for them", () => {
    expect(activityLines(busy, 200)[4]).to.match(/ tcp:\/\/10\.0\.0\.0:5454$/);
  });

  describe("of a transmitter that is idle", () => {
    let transmitter: Transmitter;

    before(async () => {
      transmitter = await startTransmitter({ port: 0, logLevel: "silent" });
    });

    after(async () => await transmitter.close());

    it("counts no question of its own", async () => {
      const flags = ["-t", transmitter.command, "-n", "2", "--interval", "100ms"];
      const { stdout } = await runVerb(["top", "--json", ...flags]);

      const { rates: shown } = JSON.parse(stdout[1] ?? "") as Activity;
      expect(shown).to.include({ accepted: 0, handled: 0 });
    });

    it("says how many lines a terminal has no room for", async () => {
      const terminal = "process.stdout.isTTY=true;process.stdout.rows=6";
      const words = ["top", "-t", transmitter.command, "-n", "1", "--interval", "100ms"];
      const top = startThynapse(words, { node: ["--import", `data:text/javascript,${terminal}`] });

      expect((await top.exit).code).to.equal(0);
      const shown = top.stdout.filter((line) => line.endsWith("\u001b[K"));
      expect(shown).to.have.length(5);
      expect(shown[4]).to.match(/^… \d+ more lines/);
    });
  });
});
