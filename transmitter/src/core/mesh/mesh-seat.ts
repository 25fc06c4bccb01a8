import { MeshError, type Thid } from "@thynapse/protocol";
import type { Counters } from "../counters.js";
import type { CoreLimits, CoreOptions, Effect, Random } from "../effects.js";
import type { LinkHello, Prove } from "./hello.js";
import type { Member } from "./members.js";
import type { MemberState } from "./member-state.js";
import { Mesh } from "./mesh.js";
import { deaf, type MeshListener } from "./mesh-listener.js";
import { MeshNews } from "./mesh-news.js";
import type { MeshHandlers, MeshLimits } from "./mesh-parts.js";
import { helloPrefix, writeHello } from "./hello.js";
import { RefusalLog } from "./refusal-log.js";

/** What a seat needs of the transmitter around it. */
export interface MeshSeatParts {
  readonly options: CoreOptions;
  readonly limits: CoreLimits;
  readonly random: Random;
  readonly counters: Counters;
  readonly effects: () => Effect[];
  /** Sends a system event to whoever catches it. */
  readonly tell: (channel: string, data: Record<string, unknown>, nowMs: number) => void;
  /** Takes a word about system requests; tells whether it was one. @throws {MeshError} */
  readonly takeQuery: (from: Thid, part: Buffer, nowMs: number) => boolean;
}

/** How a transmitter joins a mesh. */
export interface JoinTerms {
  /** How many seeds the shell knocks at; without any it is ready at once. */
  readonly seedCount: number;
  readonly prove: Prove;
}

/** How improbable a silence must be for a death: one in 10^8. */
const threshold = 8;
/**
 * The place of a transmitter in its mesh: turns what the mesh wants into effects, and what it finds
 * into lines of the log.
 *
 * Until `join`, and in a core that nobody has join, there is no mesh, and nothing here costs.
 */
export class MeshSeat {
  private readonly parts: MeshSeatParts;
  private readonly refusals: RefusalLog;
  /** What cells are told of others. */
  readonly news: MeshNews;
  private listener: MeshListener = deaf;
  private joined: Mesh | undefined;
  private standing: "apart" | "joining" | "joined" | "degraded" = "apart";
  private nowMs = 0;
  /** Peers whose connection was lost. */
  private readonly cut = new Set<Thid>();

  constructor(parts: MeshSeatParts) {
    this.parts = parts;
    this.refusals = new RefusalLog(parts.counters, parts.effects);
    const { counters, tell, options } = parts;
    this.news = new MeshNews({ by: options.id, counters, tell });
  }

  /** Whether it waits for its seeds, stands in the mesh, or has gone on without. */
  get state(): "apart" | "joining" | "joined" | "degraded" {
    return this.standing;
  }

  /** The mesh, once it was joined. */
  get mesh(): Mesh | undefined {
    return this.joined;
  }
  get deadlineMs(): number {
    const { joined } = this;
    if (joined === undefined) return Number.POSITIVE_INFINITY;
    const { peering, members, telling, joining } = joined;
    if (peering.all.length > 0 || members.all.length > 0) return joined.deadlineMs;
    // Heartbeats that nobody hears wait until the transmitter wakes up for something else.
    return Math.min(peering.deadlineMs, telling.deadlineMs, joining.deadlineMs);
  }

  /** Command addresses of the live transmitters, this one first. */
  get commandAddresses(): readonly string[] {
    const { joined, parts } = this;
    const found = (joined?.liveMembers() ?? []).map(({ id }) =>
      joined?.directory.get(id, "command"),
    );
    return [parts.options.command(), ...found.filter((it) => typeof it === "string")];
  }

  /** Tells somebody of others from now on. */
  listen(listener: MeshListener): void {
    this.listener = listener;
  }

  /** Becomes a member; once, when the addresses are bound. */
  join({ seedCount, prove }: JoinTerms, nowMs: number): void {
    if (this.joined !== undefined) throw new MeshError("INTERNAL", "joined already");
    this.nowMs = nowMs;
    const { options, limits, random } = this.parts;
    const me: LinkHello = {
      id: options.id,
      incarnation: options.incarnation,
      mesh: options.mesh,
      pub: options.pub(),
      command: options.command(),
      nonce: random.hex(128),
    };
    this.joined = new Mesh(
      me,
      {
        ...{ prove, limits: meshLimits(limits) },
        ...{ actions: this.actions(), handlers: this.handlers() },
      },
      nowMs,
    );
    this.standing = "joining";
    this.push({ kind: "knock", hello: writeHello(me, prove) });
    this.joined.start(seedCount, nowMs);
  }

  /** A subscription was offered. True admits it; `undefined`: it is none of the mesh. */
  subscribed(topic: string, nowMs: number): boolean | undefined {
    this.nowMs = nowMs;
    return this.joined?.subscribed(topic, nowMs);
  }

  /**
   * A subscription was offered while none could be admitted. A hello never is, and a connection
   * shows it only once; all others are shown again when they are missed.
   */
  passedOver(topic: Buffer, nowMs: number): void {
    const text = topic.toString("latin1");
    if (text.startsWith(helloPrefix)) this.subscribed(text, nowMs);
  }

  unsubscribed(topic: string, nowMs: number): void {
    this.nowMs = nowMs;
    this.joined?.unsubscribed(topic, nowMs);
  }

  received(topic: string, head: string, part: Buffer, nowMs: number): void {
    this.nowMs = nowMs;
    this.joined?.received(topic, head, part, nowMs);
  }

  /** @see Mesh.tick */
  tick(nowMs: number): boolean {
    this.nowMs = nowMs;
    this.news.drops(nowMs);
    return this.joined?.tick(nowMs) === true;
  }

  /** Tells all others that this transmitter ends: nobody has to find it dead. */
  leave(nowMs: number): void {
    this.joined?.leave(nowMs);
  }

  /** Tells which links are cut by now. At the end of each turn, before anything else. */
  cutOff(): void {
    this.joined?.peering.cutOff(this.nowMs);
  }

  /** At the end of each turn. */
  flush(): void {
    this.joined?.flush();
  }

  private actions() {
    return {
      dial: (address: string) => this.push({ kind: "dial", address }),
      hangUp: (address: string) => this.push({ kind: "hangUp", address }),
      subscribe: (topic: string) => this.push({ kind: "linkSubscribe", topic }),
      unsubscribe: (topic: string) => this.push({ kind: "linkUnsubscribe", topic }),
      publish: (head: Buffer, part: Buffer) => this.push({ kind: "publish", head, part }),
    };
  }

  private handlers(): MeshHandlers {
    return {
      member: (member, before) => this.member(member, before),
      changed: (id, change) => this.listener.changed(id, change, this.nowMs),
      renewed: (id, incarnation) => this.listener.renewed(id, incarnation, this.nowMs),
      linked: (id) => {
        if (this.cut.delete(id)) this.parts.counters.add("linksResumed");
        this.news.link(id, "up", this.nowMs);
        this.listener.linked(id, this.nowMs);
      },
      cut: (id) => {
        this.parts.counters.add("linksCut");
        this.cut.add(id);
        this.news.link(id, "cut", this.nowMs);
      },
      word: (from, part, nowMs) => {
        if (this.parts.takeQuery(from, part, nowMs)) return;
        this.listener.word(from, part, nowMs);
      },
      begunAnew: (id) => {
        this.parts.counters.add("linksRenewed");
        this.cut.delete(id);
        this.news.link(id, "anew", this.nowMs);
        this.listener.begunAnew(id, this.nowMs);
      },
      joined: (isDegraded) => this.enter(isDegraded),
      away: (awayMs) => this.log("warn", "was away: others may have held it for dead", { awayMs }),
      livedOn: (id) => {
        this.log("warn", "a transmitter that is gone had lived on without us", { id });
        this.listener.livedOn(id);
      },
      forgotten: (id) => this.listener.forgotten(id),
      twin: (other) => this.twin(other),
      refused: (error) => this.refusals.add(error, this.nowMs),
    };
  }

  private enter(isDegraded: boolean): void {
    this.standing = isDegraded ? "degraded" : "joined";
    this.push({ kind: "joined", isDegraded });
    if (!isDegraded) return;
    this.log("warn", "goes on without its seeds", {
      hint: "is there a transmitter at each --link, of the same --mesh and --mesh-secret?",
    });
  }

  private member(member: Member, before: MemberState | undefined): void {
    const { counters } = this.parts;
    const { id, incarnation, state } = member;
    if (state === "alive" && before !== "suspect") {
      counters.add("membersJoined");
      this.log("info", "a transmitter has joined", { id, incarnation });
      if (this.standing === "degraded") this.standing = "joined";
    } else if (state === "alive") {
      this.log("info", "a transmitter is heard again", { id });
    } else if (state === "suspect") {
      counters.add("membersSuspected");
      this.log("info", "a transmitter is not heard", { id });
    } else if (state === "dead" && before !== "heard-of") {
      counters.add("membersDead");
      this.log("warn", "a transmitter is dead", { id, incarnation });
    } else if (state === "left") {
      counters.add("membersLeft");
      this.log("info", "a transmitter has left", { id, incarnation });
    }
    this.news.member(member, before, this.nowMs);
    this.listener.member(member, before, this.nowMs);
  }

  private twin(other: LinkHello): void {
    const text = `transmitter ${other.id} runs already, at ${other.command}`;
    const error = new MeshError("ID_TAKEN", text, { hint: "give each its own --id, or none" });
    this.push({ kind: "ended", error });
  }

  private push(effect: Effect): void {
    this.parts.effects().push(effect);
  }

  private log(
    level: "info" | "warn",
    message: string,
    fields: Readonly<Record<string, unknown>>,
  ): void {
    this.push({ kind: "log", level, message, fields });
  }
}

/** The limits of the mesh among those of the core, under the names that it has for them. */
function meshLimits(limits: CoreLimits): MeshLimits {
  const { heartbeatMs, joinTimeoutMs, linkWindow, linkBytesMax } = limits;
  const acceptablePauseMs = limits.linkPauseMs;
  const [cutMs, forgetMs] = [limits.linkCutMs, limits.linkForgetMs];
  return {
    ...{ heartbeatMs, joinTimeoutMs, linkWindow, linkBytesMax },
    ...{ acceptablePauseMs, threshold, cutMs, forgetMs },
  };
}
