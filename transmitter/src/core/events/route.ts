import { checkChannel, isSystemChannel, type Pattern } from "@thynapse/protocol";
import type { Group } from "../groups/group.js";
import { InterestTrie } from "./interest.js";
import type { Site, SitePattern, SiteShare } from "../sites/site.js";
import type { Stream } from "../streams/streams.js";

/**
 * Where the events of a channel go: every stream, every group and every transmitter with
 * multicatches whose pattern matches.
 */
export interface Route {
  readonly streams: readonly Stream[];
  readonly groups: readonly Group[];
  readonly sites: readonly SiteShare[];
  /** Whether it is that of a system channel, on which cells do not send. */
  readonly system: boolean;
}

/**
 * Resolves channels to routes. Hot path: guarded by `bench/micro/core`.
 *
 * Answers are cached up to a bound and all forgotten when interest changes, which the generation
 * number shows. Channels with equal routes share one object, so that a run can be compared by
 * identity.
 */
export class RouteTable {
  generation = 0;
  private readonly streams = new InterestTrie<Stream>();
  private readonly groups = new InterestTrie<Group>();
  private readonly sites = new InterestTrie<SitePattern>();
  private readonly byChannel = new Map<string, Route>();
  private readonly byTargets = new Map<string, Route>();
  private readonly routesMax: number;

  /** @param routesMax channels to remember; 0 turns the cache off. */
  constructor(routesMax: number) {
    this.routesMax = routesMax;
  }

  addStream(pattern: Pattern, stream: Stream): void {
    this.streams.add(pattern, stream);
    this.forget();
  }

  removeStream(pattern: Pattern, stream: Stream): void {
    this.streams.remove(pattern, stream);
    this.forget();
  }

  addGroup(pattern: Pattern, group: Group): void {
    this.groups.add(pattern, group);
    this.forget();
  }

  removeGroup(pattern: Pattern, group: Group): void {
    this.groups.remove(pattern, group);
    this.forget();
  }

  addSite(known: SitePattern): void {
    this.sites.add(known.pattern, known);
    this.forget();
  }

  removeSite(known: SitePattern): void {
    this.sites.remove(known.pattern, known);
    this.forget();
  }

  /** @throws {MeshError} `BAD_CHANNEL`; what is known was checked. */
  resolve(channel: string): Route {
    const known = this.byChannel.get(channel);
    if (known !== undefined) return known;
    const route = this.lookUp(checkChannel(channel, { system: true }));
    if (this.routesMax > 0) {
      if (this.byChannel.size >= this.routesMax) this.byChannel.clear();
      this.byChannel.set(channel, route);
    }
    return route;
  }

  private lookUp(channel: string): Route {
    const streams = this.streams.match(channel);
    const groups = this.groups.match(channel);
    const patterns = this.sites.match(channel);
    const system = isSystemChannel(channel);
    const targets = [
      ...streams.map((it) => `s${it.number}`),
      ...groups.map((it) => `g${it.number}`),
      ...patterns.map((it) => `t${it.number}`),
    ];
    const key = `${system} ${targets.sort().join()}`;
    let route = this.byTargets.get(key);
    if (route === undefined) {
      if (this.byTargets.size >= this.routesMax) this.byTargets.clear();
      route = { streams, groups, sites: shares(patterns), system };
      this.byTargets.set(key, route);
    }
    return route;
  }

  private forget(): void {
    this.generation++;
    this.byChannel.clear();
    this.byTargets.clear();
  }
}

/** Each transmitter once, with its patterns that match. */
function shares(patterns: readonly SitePattern[]): SiteShare[] {
  const bySite = new Map<Site, SitePattern[]>();
  for (const each of patterns) bySite.set(each.site, [...(bySite.get(each.site) ?? []), each]);
  return [...bySite].map(([site, matching]) => ({ site, patterns: matching }));
}
