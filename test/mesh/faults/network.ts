import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { promisify } from "node:util";

import type { Place } from "./place.js";
import { isRunning } from "../../support/is-running.js";

const run = promisify(execFile);
const prefix = "thynapse-test-";
/** Of a hundred packets on a lossy way, so many are lost. */
const lossPercent = 10;
const setNames = ["cut", "lossy"] as const;

/** A way from one machine to another; the way back is another one. */
export type Way = readonly [from: string, to: string];

/**
 * Machines of this test alone: a network namespace for each, and one that routes between them, where
 * ways can be cut. Nothing of the machine itself is touched. Needs root, `ip` and `nft`.
 */
export class Network implements AsyncDisposable {
  private readonly names: readonly string[];
  private readonly stem: string;
  /** The ways in each set, as `nft` writes them. */
  private readonly bad = { cut: new Set<string>(), lossy: new Set<string>() };

  private constructor(names: readonly string[]) {
    this.names = names;
    this.stem = `${prefix}${process.pid}-${made++}`;
  }

  /**
   * Makes a machine for each name.
   *
   * @throws an error that says what is missing, where this process may not make any.
   */
  static async make(names: readonly string[]): Promise<Network> {
    const network = new Network(names);
    try {
      await sweep();
      await network.build();
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw new Error(`no network namespaces: ${whyOf(error)}`, { cause: error });
    }
    return network;
  }

  /** Where processes of that machine run. */
  place(name: string): Place {
    return { enter: ["nsenter", `--net=/run/netns/${this.nameOf(name)}`], host: this.host(name) };
  }

  /** Drops everything on these ways, until `heal`. */
  cut(...ways: readonly Way[]): Promise<void> {
    return this.change(
      "add",
      "cut",
      ways.map((way) => this.pair(way)),
    );
  }

  /** Drops some packets on these ways, until `heal`. */
  lose(...ways: readonly Way[]): Promise<void> {
    return this.change(
      "add",
      "lossy",
      ways.map((way) => this.pair(way)),
    );
  }

  /** Lets everything through on these ways; by default on all. */
  async heal(...ways: readonly Way[]): Promise<void> {
    for (const set of setNames) {
      const pairs = ways.length === 0 ? [...this.bad[set]] : ways.map((way) => this.pair(way));
      await this.change(
        "delete",
        set,
        pairs.filter((pair) => this.bad[set].has(pair)),
      );
    }
  }

  /** Sends what comes to a port of a machine, from other ones, to another port of it. */
  async divert(name: string, { from, port, to }: Diversion): Promise<void> {
    const sources = from.map((other) => this.host(other)).join(", ");
    await this.nft(
      `table ip proxies {
         chain before {
           type nat hook prerouting priority -100
           ip saddr { ${sources} } tcp dport ${port} redirect to :${to}
         }
       }`,
      this.nameOf(name),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [...this.names.map((each) => this.nameOf(each)), this.hub]) {
      await run("ip", ["netns", "delete", name]).catch(() => {});
    }
  }

  private async build(): Promise<void> {
    await run("ip", ["netns", "add", this.hub]);
    await inside(this.hub, ["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]);
    for (const [at, name] of this.names.entries()) await this.join(name, at);
    await this.nft(
      `table ip faults {
         set cut { type ipv4_addr . ipv4_addr; }
         set lossy { type ipv4_addr . ipv4_addr; }
         chain between {
           type filter hook forward priority 0
           ip saddr . ip daddr @cut drop
           ip saddr . ip daddr @lossy numgen random mod 100 < ${lossPercent} drop
         }
       }`,
    );
  }

  private async join(name: string, at: number): Promise<void> {
    const [space, door] = [this.nameOf(name), `to-${at}`];
    await run("ip", ["netns", "add", space]);
    const pair = ["type", "veth", "peer", "name", "out", "netns", space];
    await run("ip", ["-n", this.hub, "link", "add", door, ...pair]);
    await inHouse(this.hub, [`address add 10.77.${at}.1/24 dev ${door}`, `link set ${door} up`]);
    await inHouse(space, [
      `address add ${this.host(name)}/24 dev out`,
      "link set out up",
      "link set lo up",
      `route add default via 10.77.${at}.1`,
    ]);
  }

  private async change(
    verb: "add" | "delete",
    set: (typeof setNames)[number],
    pairs: readonly string[],
  ): Promise<void> {
    if (pairs.length === 0) return;
    for (const pair of pairs) this.bad[set][verb](pair);
    await this.nft(`${verb} element ip faults ${set} { ${pairs.join(", ")} }`);
  }

  private pair([from, to]: Way): string {
    return `${this.host(from)} . ${this.host(to)}`;
  }

  private host(name: string): string {
    return `10.77.${this.names.indexOf(name)}.2`;
  }

  private get hub(): string {
    return `${this.stem}-hub`;
  }

  private nameOf(name: string): string {
    return `${this.stem}-${name}`;
  }

  private async nft(rules: string, space: string = this.hub): Promise<string> {
    return inside(space, ["nft", "-f", "-"], rules);
  }
}

/** What is sent elsewhere. */
export interface Diversion {
  /** The machines from which it comes. */
  readonly from: readonly string[];
  readonly port: number;
  readonly to: number;
}

let made = 0;

/** Both directions between two machines. */
export function bothWays(one: string, other: string): Way[] {
  return [
    [one, other],
    [other, one],
  ];
}

/** Deletes what processes that were killed have left. */
async function sweep(): Promise<void> {
  for (const name of spaces()) {
    const pid = Number(name.slice(prefix.length).split("-")[0]);
    if (isRunning(pid)) continue;
    await run("ip", ["netns", "delete", name]).catch(() => {});
  }
}

function spaces(): string[] {
  try {
    return readdirSync("/run/netns").filter((name) => name.startsWith(prefix));
  } catch {
    return [];
  }
}

function inHouse(space: string, commands: readonly string[]): Promise<string> {
  return withInput(["ip", "-n", space, "-batch", "-"], commands.join("\n"));
}

function inside(space: string, argv: readonly string[], input = ""): Promise<string> {
  return withInput(["nsenter", `--net=/run/netns/${space}`, ...argv], input);
}

async function withInput([file = "", ...argv]: readonly string[], input: string) {
  const running = run(file, argv);
  // A command may end before it reads its input; its exit says so, not a broken pipe here.
  running.child.stdin?.on("error", () => {}).end(input);
  return (await running).stdout;
}

function whyOf(error: unknown): string {
  const { code, stderr, message } = error as Error & { code?: string; stderr?: string };
  if (code === "ENOENT") return `${message}: install iproute2, nftables and util-linux`;
  const text = stderr?.trim() || message;
  return process.getuid?.() === 0 ? text : `${text}: this needs root`;
}
