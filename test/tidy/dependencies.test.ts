import { expect } from "chai";

import { importsOf, publishedFiles, readRepositoryFile } from "./source.js";

type Versions = Readonly<Record<string, string>>;

interface Manifest {
  readonly dependencies?: Versions;
  readonly devDependencies?: Versions;
  readonly optionalDependencies?: Versions;
  readonly peerDependencies?: Versions;
  readonly overrides?: Versions;
}

interface LockEntry extends Manifest {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
}

interface Lock {
  readonly packages: Readonly<Record<string, LockEntry>>;
}

const page = "protocol/decisions/0001-dependencies.md";
const packages = ["protocol", "cell-sdk", "transmitter"];
const exact = /^\d+\.\d+\.\d+$/;

describe("tidy: dependencies", () => {
  const lock = readJson<Lock>("package-lock.json");
  const named = namedDependencies();

  it("have exact versions", () => {
    expect(named.filter(({ version }) => !exact.test(version))).to.deep.equal([]);
  });

  it("stand in the table of the decision with their version and place, and nothing else does", () => {
    const rows = rowsOf(readRepositoryFile(page));

    expect(rows).to.have.members(
      named.map(({ name, version, place }) => row(name, version, place)),
    );
  });

  it("are in the lock in the version that is named", () => {
    const locked = named.map(({ name, place }) => {
      const own = lock.packages[`${place}/node_modules/${name}`];
      return `${name} ${(own ?? lock.packages[`node_modules/${name}`])?.version}`;
    });

    expect(locked).to.deep.equal(named.map(({ name, version }) => `${name} ${version}`));
  });

  it("are the only ones that the lock takes from the manifests", () => {
    const manifests = ["", ...packages].flatMap((place) =>
      ownDependencies(lock.packages[place] ?? {}, place === "" ? "root" : place),
    );

    expect(manifests).to.have.deep.members(named.filter(({ place }) => place !== "overrides"));
  });

  it("are in the lock for all platforms, since npm ci refuses a lock with holes", () => {
    const holes = Object.entries(lock.packages).flatMap(([path, entry]) =>
      Object.keys(entry.optionalDependencies ?? {})
        .filter((name) => lock.packages[`node_modules/${name}`] === undefined)
        .filter((name) => lock.packages[`${path}/node_modules/${name}`] === undefined),
    );

    expect(holes).to.deep.equal([]);
  });

  it("are locked by their hash and not by the address of one registry", () => {
    const entries = Object.entries(lock.packages).filter(([path]) =>
      path.includes("node_modules/"),
    );
    const addressed = entries.filter(([, { resolved }]) => resolved?.startsWith("http"));
    const unhashed = entries.filter(([, { integrity, link }]) => !integrity && !link);

    expect(addressed.map(([path]) => path)).to.deep.equal([]);
    expect(unhashed.map(([path]) => path)).to.deep.equal([]);
  });

  it("are named by the package that imports them", () => {
    const missing = publishedFiles().flatMap((file) => {
      const manifest = readJson<Manifest>(`${file.path.split("/", 1)[0]}/package.json`);
      const known = { ...manifest.dependencies, ...manifest.peerDependencies };
      return importsOf(file)
        .filter(({ from }) => !/^(?:\.|node:)/.test(from))
        .filter(({ from }) => !(packageOf(from) in known))
        .map(({ from, line }) => `${file.path}:${line} imports ${from}`);
    });

    expect(missing).to.deep.equal([]);
  });
});

interface Dependency {
  readonly name: string;
  readonly version: string;
  /** The package that names it, `root`, or `overrides`. */
  readonly place: string;
}

function namedDependencies(): Dependency[] {
  const root = readJson<Manifest>("package.json");
  return [
    ...ownDependencies(root, "root"),
    ...packages.flatMap((place) =>
      ownDependencies(readJson<Manifest>(`${place}/package.json`), place),
    ),
    ...dependencies(root.overrides, "overrides"),
  ];
}

function ownDependencies(manifest: Manifest, place: string): Dependency[] {
  return [
    manifest.dependencies,
    manifest.devDependencies,
    manifest.optionalDependencies,
    manifest.peerDependencies,
  ].flatMap((versions) => dependencies(versions, place));
}

function dependencies(versions: Versions | undefined, place: string): Dependency[] {
  return Object.entries(versions ?? {})
    .filter(([name]) => !name.startsWith("@thynapse/"))
    .map(([name, version]) => ({ name, version, place }));
}

/** The rows of all tables of the page, one for each place that a row names. */
function rowsOf(text: string): string[] {
  return [...text.matchAll(/^\| `([^`]+)` \| (\S+) \| ([^|]+) \| [^|]{10,} \|$/gm)].flatMap(
    ([, name = "", version = "", places = ""]) =>
      places.split(", ").map((place) => row(name, version, place)),
  );
}

function row(name: string, version: string, place: string): string {
  return `${name} ${version} in ${place}`;
}

function packageOf(from: string): string {
  return from
    .split("/")
    .slice(0, from.startsWith("@") ? 2 : 1)
    .join("/");
}

function readJson<T>(path: string): T {
  return JSON.parse(readRepositoryFile(path)) as T;
}
