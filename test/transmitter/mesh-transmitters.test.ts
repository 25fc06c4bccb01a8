import { expect } from "chai";

import type { Answer } from "../../transmitter/src/core/requests/mesh-queries.js";
import { idOf, type Own, QueryMesh } from "./query-mesh.js";

describe("mesh requests for transmitters", () => {
  it("name every member, also those that are dead or silent (§14)", () => {
    const mesh = transmitters();
    mesh.node("a").states.set(idOf("d"), "dead");
    mesh.cut.add(idOf("c"));

    const answers = mesh.ask("a", "$mesh.transmitters");
    mesh.deliver();
    mesh.pass(1000);

    const of = (name: string) => ({
      ...{ id: idOf(name), transmitter: idOf(name), sinceMs: 5 },
      ...{ command: `tcp://${name}`, pub: `tcp://${name}-pub` },
    });
    expect(results(answers)[0]).to.deep.equal([
      { state: "alive", cells: 1, sinceMs: 7, transmitter: idOf("a") },
      { state: "draining", cells: 2, sinceMs: 3, transmitter: idOf("b") },
      { ...of("c"), state: "alive", missing: true },
      { ...of("d"), state: "dead" },
    ]);
  });

  it("name the state of the one transmitter that is asked for as in the list of all (§14.5)", () => {
    const mesh = transmitters();
    mesh.node("a").states.set(idOf("c"), "suspect");

    const rows = ["a", "b", "c"].map((name) => {
      const answers = mesh.ask("a", "$mesh.transmitters", { transmitter: idOf(name) });
      mesh.deliver();
      return results(answers);
    });

    expect(rows).to.deep.equal([
      [[{ state: "alive", cells: 1, sinceMs: 7, transmitter: idOf("a") }]],
      [[{ state: "draining", cells: 2, sinceMs: 3, transmitter: idOf("b") }]],
      [[{ state: "suspect", cells: 1, sinceMs: 5, transmitter: idOf("c") }]],
    ]);
  });
});

/** Four that say of themselves how they are: one drains. */
function transmitters(): QueryMesh {
  const alive: Own = () => [{ state: "alive", cells: 1, sinceMs: 7 }];
  const draining: Own = () => [{ state: "draining", cells: 2, sinceMs: 3 }];
  return new QueryMesh({ a: alive, b: draining, c: alive, d: alive });
}

function results(answers: readonly Answer[]): unknown[] {
  return answers.map((answer) => (answer.error === undefined ? answer.result : undefined));
}
