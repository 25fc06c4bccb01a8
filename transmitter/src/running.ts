import type { Clock } from "@thynapse/cell-sdk";
import { MeshError, type Thid } from "@thynapse/protocol";
import type { Logger } from "pino";
import { systemRandom } from "./clock.js";
import { limitsOf, version } from "./options/core-options.js";
import { adjustLimits } from "./core/core-limits.js";
import type { Rest } from "./core/effects.js";
import { TransmitterCore } from "./core/transmitter-core.js";
import { bindError, endpoint, hostOf, isWildcard, portOf } from "./options/endpoints.js";
import { HandshakeLog } from "./handshake-log.js";
import { InProcessHub } from "./in-process.js";
import { Joining } from "./links/joining.js";
import { listenerHandlers } from "./listener-handlers.js";
import { Metrics } from "./metrics.js";
import { startMetricsServer, type MetricsServer } from "./metrics-server.js";
import { OpenFilesGuard, processFiles } from "./open-files.js";
import type { RunningOptions, TransmitterOptions } from "./options/options.js";
import { type Reloaded, Settings } from "./options/settings.js";
import { OutwardLinks } from "./links/outward-links.js";
import { Undiallable } from "./links/undiallable.js";
import { Listener, type Which } from "./sockets/listener.js";
import { LocalHosts } from "./sockets/local-hosts.js";
import type { Ending, Transmitter } from "./transmitter.js";
import { Turns } from "./turns.js";
import { residentBytes, Watchdog } from "./watchdog.js";

/** How long ZeroMQ may go on sending after a drain, in ms: farewells and last confirms. */
const drainLingerMs = 500;

type State = "starting" | "running" | "draining" | "ended";

/** A transmitter between its sockets and its core: it moves messages, and decides nothing. */
export class RunningTransmitter implements Transmitter {
  readonly pid = process.pid;
  readonly closed: Promise<Ending>;
  readonly inProcess: InProcessHub;
  private readonly options: RunningOptions;
  private readonly settings: Settings;
  private readonly log: Logger;
  private readonly clock: Clock;
  private readonly core: TransmitterCore;
  private readonly listener: Listener;
  private readonly turns: Turns;
  private readonly joining: Joining;
  private readonly measured: Metrics;
  private readonly watchdog: Watchdog;
  private readonly openFiles: OpenFilesGuard;
  private readonly hosts = new LocalHosts();
  private readonly handshakes: HandshakeLog;
  private readonly undiallable: Undiallable;
  private server: MetricsServer | undefined;
  private commandBound = "";
  private pubBound = "";
  private state: State = "starting";
  private resolveClosed: (ending: Ending) => void = () => {};

  constructor(options: RunningOptions, log: Logger, clock: Clock) {
    this.options = options;
    this.settings = new Settings(options);
    this.log = log;
    this.clock = clock;
    this.closed = new Promise((resolve) => {
      this.resolveClosed = resolve;
    });
    this.handshakes = new HandshakeLog(log);
    this.undiallable = new Undiallable(log);
    this.core = this.makeCore();
    this.inProcess = new InProcessHub(this.core, clock, () => this.turns.soon());
    this.listener = new Listener(
      { ...options, ipv6: options.address.includes(":") },
      listenerHandlers({
        ...{ log, clock, core: this.core, hosts: this.hosts, handshakes: this.handshakes },
        undiallable: this.undiallable,
        needsHosts: this.needsHosts,
        openFiles: () => this.openFiles,
        turns: () => this.turns,
      }),
    );
    this.turns = new Turns({
      core: this.core,
      clock,
      log,
      local: this.inProcess,
      command: this.listener.command,
      events: this.listener.events,
      links: new OutwardLinks(this.listener.links, () => this.pub, log),
      onDrainAsked: () => void this.drain(),
      onStopped: (rest) => void this.stopped(rest),
      onJoined: (isDegraded) => this.joining.done(isDegraded),
      onEnded: (error) => void this.ended(error),
    });
    const knocker = this.listener.links;
    this.joining = new Joining({
      ...{ options, clock, knocker, log, core: this.core },
      pub: () => this.pub,
    });
    this.measured = new Metrics(
      this.core,
      () => clock.nowMs(),
      () => this.gauges(),
    );
    this.watchdog = new Watchdog(options.memoryBytesMax, log, (on) => this.core.shed(on));
    this.openFiles = new OpenFilesGuard(this.listener, log);
  }

  get id(): Thid {
    return this.options.id;
  }

  get command(): string {
    return this.reachable(this.commandBound);
  }

  get pub(): string {
    return this.reachable(this.pubBound);
  }

  get metrics(): string | undefined {
    return this.server?.url;
  }

  /** Binds both sockets. @throws {MeshError} `ADDRESS_IN_USE`, `DENIED`, `BAD_OPTION`. */
  async bind(): Promise<void> {
    const { port, pubPort } = this.options;
    const bindEvents = async (): Promise<void> => {
      this.pubBound = await this.bindOne("events", pubPort, "pub-port");
    };
    // The command socket names the port of the other one, which may still have to be found; but
    // where both are taken, it is the first one that is to be changed.
    if (pubPort === 0) await bindEvents();
    this.listener.command.tellEventPort(pubPort === 0 ? portOf(this.pubBound) : pubPort);
    this.commandBound = await this.bindOne("command", port, "port");
    if (pubPort !== 0) await bindEvents();
  }

  /** Begins to serve. @throws {MeshError} `ADDRESS_IN_USE` for the port of the metrics. */
  async start(): Promise<void> {
    const { metricsPort } = this.options;
    if (metricsPort !== undefined) {
      const ready = (): boolean => this.state === "running";
      this.server = await startMetricsServer(metricsPort, this.measured, ready);
    }
    this.watchdog.start();
    this.listener.start();
    this.joining.begin();
    await this.turns.run();
    const isDegraded = await this.joining.joined;
    this.listener.open();
    this.state = "running";
    const { id, command, pub, pid } = this;
    const { mesh } = this.options;
    this.log.info({ id, command, pub, pid, mesh, isDegraded }, "transmitter ready");
  }

  /** Gives up a start that waits for its mesh. */
  cancel(): void {
    this.joining.failed(new MeshError("ABORTED", "the start was called off"));
  }

  drain(): Promise<Ending> {
    if (this.state === "running") {
      this.state = "draining";
      this.core.drain(this.clock.nowMs());
      this.turns.soon();
    }
    return this.closed;
  }

  async close(): Promise<void> {
    await this.end({ unconfirmed: 0, lingerMs: 0 });
    await this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }

  reload(input: TransmitterOptions): Reloaded {
    const reloaded = this.settings.reload(input);
    const { logLevel, links } = this.settings.current;
    if (reloaded.changed.includes("logLevel")) this.log.level = logLevel;
    if (reloaded.changed.includes("links")) this.joining.relink(links);
    adjustLimits(this.core.limits, limitsOf(this.settings.current));
    return reloaded;
  }

  status(): Readonly<Record<string, unknown>> {
    return this.core.statusOf(this.clock.nowMs());
  }

  prometheus(): string {
    return this.measured.render();
  }

  private async bindOne(which: Which, port: number, option: "port" | "pub-port"): Promise<string> {
    const address = this.options.address;
    try {
      return await this.listener.bind(which, endpoint(address, port));
    } catch (error) {
      throw await bindError({ address, port, option }, error);
    }
  }

  private makeCore(): TransmitterCore {
    const { options, clock } = this;
    return new TransmitterCore(
      {
        ...limitsOf(options),
        id: options.id,
        mesh: options.mesh,
        incarnation: clock.wallMs(),
        version,
        pid: this.pid,
        advertise: (connection) => this.pubFor(connection),
        transmitters: () => this.core.seat.commandAddresses,
        command: () => this.command,
        pub: () => this.pub,
        wallMs: () => clock.wallMs(),
        rssBytes: residentBytes,
        facts: () => this.facts(),
        prometheus: () => this.prometheus(),
      },
      systemRandom,
      clock.nowMs(),
    );
  }

  /** Whether a cell must be told the address that it came to, since there is no other one. */
  private get needsHosts(): boolean {
    return this.options.advertise === undefined && isWildcard(this.options.address);
  }

  /** The address of the event socket that the cell behind a connection can reach. */
  private pubFor(connection: string): string {
    if (!this.needsHosts) return this.pub;
    const host = this.hosts.hostOf(connection);
    return host === undefined ? this.pub : endpoint(host, portOf(this.pubBound));
  }

  /** An address of ours as others are told it. */
  private reachable(bound: string): string {
    const { advertise } = this.options;
    const host = advertise ?? hostOf(bound);
    const told = isWildcard(host) ? (host === "::" ? "::1" : "127.0.0.1") : host;
    return endpoint(told, portOf(bound));
  }

  private facts(): Readonly<Record<string, unknown>> {
    return {
      memoryBytesMax: this.options.memoryBytesMax,
      filesOpen: processFiles.open(),
      filesMax: this.openFiles.limit,
      seedsMissing: this.joining.missing,
    };
  }

  private gauges(): Readonly<Record<string, number>> {
    return {
      waitingBytes: this.listener.command.waitingBytes,
      foreignNotices: this.listener.events.foreignCount,
      subscriptionsPassedOver: this.listener.events.shiftedCount,
      chosenRoutingIds: this.listener.command.chosenCount,
      latenessMs: this.turns.takeLatenessMs(),
      handshakesFailed: this.handshakes.failures,
      beaconsRefused: this.joining.beaconsRefused,
      addressesRefused: this.undiallable.count,
    };
  }

  private async stopped({ unconfirmed, left, successor }: Rest): Promise<void> {
    const level = unconfirmed > 0 ? "warn" : "info";
    const taken = left > 0 && successor !== undefined ? { left, successor } : {};
    this.log[level]({ unconfirmed, ...taken }, "transmitter drained");
    // The effects of this turn, farewells among them, are written first.
    await this.turns.written();
    await this.end({ unconfirmed, ...taken, lingerMs: drainLingerMs });
  }

  private async ended(error: MeshError): Promise<void> {
    this.log.error({ code: error.code, hint: error.hint }, error.message);
    this.joining.failed(error);
    await this.end({ unconfirmed: 0, error, lingerMs: 0 });
  }

  /** Ends everything. May be called in any state. */
  async end({ lingerMs, ...ending }: Ending & { readonly lingerMs: number }): Promise<void> {
    if (this.state === "ended") return;
    this.state = "ended";
    this.joining.close();
    this.watchdog.stop();
    this.openFiles.stop();
    this.turns.end();
    this.inProcess.closeAll("the transmitter has ended");
    await this.listener.close(lingerMs);
    await this.server?.close();
    this.resolveClosed(ending);
  }
}
