import { expect } from "chai";

import type { Thid } from "../../../protocol/src/thid.js";
import { Directory } from "../../../transmitter/src/core/mesh/directory.js";
import type { Delta } from "../../../transmitter/src/core/mesh/mesh-record.js";
import { SeededRandom } from "../../simulation/random.js";

const idOf = (n: number): Thid => n.toString(16).padStart(40, "0") as Thid;

interface Member {
  readonly id: Thid;
  readonly directory: Directory;
  /** What was told of the others, put together. */
  readonly view: Map<string, unknown>;
}

function member(n: number, incarnation = 1): Member {
  const view = new Map<string, unknown>();
  const id = idOf(n);
  const directory = new Directory(
    { id, incarnation },
    {
      changed: (of, { key, value }) => {
        if (value === undefined) view.delete(`${of} ${key}`);
        else view.set(`${of} ${key}`, value);
      },
      renewed: (of) => {
        for (const key of view.keys()) if (key.startsWith(of)) view.delete(key);
      },
    },
  );
  return { id, directory, view };
}

/** One asks the other what it lacks, and gets it. */
function fetch(to: Member, from: Member): void {
  const wanted = to.directory.behind(from.directory.digest());
  for (const delta of from.directory.deltasFor(wanted)) to.directory.apply(delta);
}

/** Sets a value; returns what to tell others of it. */
function set({ id, directory }: Member, key: string, value?: unknown): Delta | undefined {
  const { incarnation = 0, version = 0 } = directory.known(id) ?? {};
  return directory.set(key, value)
    ? directory.deltasFor([{ id, incarnation, version }])[0]
    : undefined;
}

function changes(count: number, to: Member): Delta[] {
  return Array.from({ length: count }, (_, at) => set(to, `key ${at}`, at) as Delta);
}

describe("directory", () => {
  it("learns what others set, change and delete", () => {
    const [a, b] = [member(1), member(2)];
    const deltas = [set(b, "x", 1), set(b, "y", 2), set(b, "x", 3), set(b, "y")];
    for (const delta of deltas) expect(a.directory.apply(delta as Delta)).to.equal(true);

    expect(a.directory.entriesOf(b.id)).to.deep.equal([["x", 3]]);
    expect([...a.view]).to.deep.equal([[`${b.id} x`, 3]]);
    expect(a.directory.behind(b.directory.digest())).to.deep.equal([]);
  });

  it("says nothing of what is set as it was", () => {
    const a = member(1);
    expect(a.directory.set("x", [1, { y: 2 }])).to.equal(true);
    expect(a.directory.set("x", [1, { y: 2 }])).to.equal(false);
    expect(a.directory.set("y", undefined)).to.equal(false);
    expect(a.directory.digest()[0]).to.include({ version: 1 });
  });

  it("puts a change aside whose forerunner it lacks, and fetches both", () => {
    const [a, b] = [member(1), member(2)];
    const [, second] = changes(2, b);
    expect(a.directory.apply(second as Delta)).to.equal(false);
    expect(a.directory.get(b.id, "key 1")).to.equal(undefined);

    fetch(a, b);
    expect(a.directory.entriesOf(b.id)).to.deep.equal([
      ["key 0", 0],
      ["key 1", 1],
    ]);
  });

  it("fetches from whoever knows, and only what it lacks", () => {
    const [a, b, c] = [member(1), member(2), member(3)];
    for (const delta of changes(100, b)) c.directory.apply(delta);
    fetch(a, c);
    b.directory.set("key 5", "new");
    fetch(c, b);

    const wanted = a.directory.behind(c.directory.digest());
    expect(wanted.filter(({ id }) => id === b.id)).to.deep.equal([
      { id: b.id, incarnation: 1, version: 100 },
    ]);
    const [delta] = c.directory.deltasFor(wanted.filter(({ id }) => id === b.id));
    expect(delta?.entries.map(([key, version]) => [key, version])).to.deep.equal([["key 5", 101]]);
    expect(a.directory.apply(delta as Delta)).to.equal(true);
    expect(a.directory.get(b.id, "key 5")).to.equal("new");
  });

  it("has the whole record for one who is too far behind to be told what was deleted", () => {
    const [a, b] = [member(1), member(2)];
    b.directory.set("stays", true);
    changes(3000, b);
    fetch(a, b);
    for (let at = 0; at < 3000; at++) b.directory.set(`key ${at}`, undefined);
    const [delta] = b.directory.deltasFor(a.directory.behind(b.directory.digest()));
    expect(delta?.from).to.equal(0);

    fetch(a, b);
    expect(a.directory.entriesOf(b.id)).to.deep.equal([["stays", true]]);
    expect([...a.view.values()]).to.deep.equal([true]);
  });

  it("tells of a value that was another one in between", () => {
    const [a, b] = [member(1), member(2)];
    b.directory.set("x", true);
    fetch(a, b);
    a.view.clear();
    b.directory.set("x", undefined);
    b.directory.set("x", true);

    fetch(a, b);
    expect([...a.view]).to.deep.equal([[`${b.id} x`, true]]);
  });

  it("takes a start anew for a record anew, and what the old one said for nothing", () => {
    const a = member(1);
    const old = member(2);
    const said = changes(3, old);
    for (const delta of said) a.directory.apply(delta);
    const again = member(2, 2);
    again.directory.set("x", 1);
    fetch(a, again);
    expect(a.directory.entriesOf(again.id)).to.deep.equal([["x", 1]]);
    expect([...a.view]).to.deep.equal([[`${again.id} x`, 1]]);

    for (const delta of said) expect(a.directory.apply(delta)).to.equal(true);
    fetch(a, old);
    expect(a.directory.entriesOf(again.id)).to.deep.equal([["x", 1]]);
  });

  it("lets nobody else change what is its own", () => {
    const a = member(1);
    a.directory.set("x", 1);
    const forged = {
      id: a.id,
      incarnation: 9,
      version: 9,
      from: 0,
      entries: [["x", 9, Buffer.from([2])] as const],
    };
    a.directory.apply(forged);
    expect(a.directory.get(a.id, "x")).to.equal(1);
    expect(a.directory.behind([{ id: a.id, incarnation: 9, version: 9 }])).to.deep.equal([]);
  });

  for (let seed = 1; seed <= 100; seed++) {
    it(`ends with equal views, whatever is lost, doubled and swapped, seed ${seed}`, () => {
      const random = new SeededRandom(seed);
      const draw = (below: number): number => Math.floor(random.float() * below);
      const members = [1, 2, 3, 4, 5].map((n) => member(n));
      const flying: { readonly to: Member; readonly delta: Delta }[] = [];
      for (let step = 0; step < 2000; step++) {
        const one = members[draw(5)] as Member;
        const other = members[draw(5)] as Member;
        const kind = random.float();
        if (kind < 0.4) {
          const value = random.float() < 0.3 ? undefined : draw(1000);
          const delta = set(one, `k${draw(20)}`, value);
          if (delta === undefined) continue;
          for (const to of members) if (random.float() < 0.8) flying.push({ to, delta });
        } else if (kind < 0.9) {
          const at = draw(flying.length);
          const { to, delta } = flying[at] ?? {};
          if (delta !== undefined) to?.directory.apply(delta);
          if (random.float() < 0.9) flying.splice(at, 1);
        } else if (one !== other) fetch(one, other);
      }
      for (const one of members) for (const other of members) if (one !== other) fetch(one, other);

      for (const one of members) {
        for (const other of members) {
          const theirs = other.directory.entriesOf(other.id).toSorted();
          expect(one.directory.entriesOf(other.id).toSorted()).to.deep.equal(theirs);
          if (one === other) continue;
          const told = [...one.view].filter(([key]) => key.startsWith(other.id));
          const shown = told.map(([key, value]) => [key.slice(41), value]).toSorted();
          expect(shown).to.deep.equal(theirs);
        }
      }
    });
  }
});
