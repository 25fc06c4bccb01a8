import { expect } from "chai";

import { HandshakeLog } from "../../transmitter/src/handshake-log.js";
import { Undiallable } from "../../transmitter/src/links/undiallable.js";
import { type FileCounts, OpenFilesGuard, processFiles } from "../../transmitter/src/open-files.js";
import { LocalHosts } from "../../transmitter/src/sockets/local-hosts.js";
import { Watchdog } from "../../transmitter/src/watchdog.js";
import { eventually } from "../support/eventually.js";
import { FakeLogger } from "../mesh/fake-logger.js";

describe("watchdog", () => {
  it("has load refused above 85 % of the limit, and taken below 75 %, and says each once", () => {
    const log = new FakeLogger();
    const asked: boolean[] = [];
    let rssBytes = 0;
    const watchdog = new Watchdog(
      1000,
      log.asLogger,
      (on) => void asked.push(on),
      () => rssBytes,
    );

    for (rssBytes of [100, 850, 851, 900, 800, 750, 749, 100, 840]) watchdog.look();

    expect(asked).to.deep.equal([true, false]);
    expect(log.lines("warn")).to.have.length(1);
    expect(log.lines("info")).to.have.length(1);
  });
});

describe("open files guard", () => {
  it("closes the gate at 90 % of the limit and opens it again below 80 %", async () => {
    const { guard, files, moves } = guarded(100);
    files.open = 89;
    guard.accepted();
    expect(moves).to.deep.equal([]);

    files.open = 90;
    guard.accepted();
    await eventually(() => expect(moves).to.deep.equal(["unbind"]));
    files.open = 79;
    await eventually(() => expect(moves).to.deep.equal(["unbind", "rebind"]));
    guard.stop();
  });

  it("warns at 80 % of the limit, once each time that it is crossed from below 70 %", () => {
    const { guard, files, moves, log } = guarded(100);
    const warnings = (): readonly string[] => log.lines("warn");
    const pass = (...counts: readonly number[]): void => {
      // As many come and go as may have come to reach the count: it is looked at once more.
      for (files.open of counts) for (let come = 0; come < 80; come++) guard.accepted();
    };

    pass(10, 79);
    expect(warnings()).to.have.length(0);
    pass(80, 85, 79, 80, 89);
    expect(warnings()).to.have.length(1);
    expect(warnings()[0]).to.include('"open":80,"limit":100');
    expect(warnings()[0]).to.include("ulimit -n").and.to.include("LimitNOFILE=");

    pass(70, 81, 69, 82);
    expect(warnings()).to.have.length(2);
    expect(warnings()[1]).to.include('"open":82,"limit":100');
    expect(moves).to.deep.equal([]);
  });

  it("says one thing only where 80 % and 90 % are crossed at once", async () => {
    const { guard, files, moves, log } = guarded(100);
    files.open = 95;
    guard.accepted();
    await eventually(() => expect(moves).to.deep.equal(["unbind"]));

    files.open = 79;
    await eventually(() => expect(moves).to.deep.equal(["unbind", "rebind"]));
    files.open = 85;
    guard.accepted();

    expect(log.lines("warn")).to.have.length(1);
    expect(log.lines("warn")[0]).to.include("connections are cut and refused");
    guard.stop();
  });

  it("opens one port after the other, and none when the first was rushed to", async () => {
    const { guard, files, moves } = guarded(100, 2);
    guard.exhausted();
    await eventually(() => expect(moves).to.deep.equal(["unbind", "rebind"]));

    files.open = 91;
    await eventually(() => expect(moves).to.deep.equal(["unbind", "rebind", "unbind"]));
    files.open = 10;
    await eventually(() => expect(moves.slice(3)).to.deep.equal(["rebind", "rebind"]));
    guard.stop();
  });

  it("keeps the gate closed while the files stay open", async () => {
    const { guard, files, moves, counted } = guarded(100);
    files.open = 95;

    guard.accepted();
    const before = counted();
    await eventually(() => expect(counted()).to.be.greaterThan(before + 1));

    expect(moves).to.deep.equal(["unbind"]);
    guard.stop();
  });

  it("closes the gate when a connection could not be taken, and says so once", async () => {
    const { guard, moves, log } = guarded(100);

    guard.exhausted();
    guard.exhausted();
    await eventually(() => expect(moves).to.deep.equal(["unbind", "rebind"]));
    guard.exhausted();
    await eventually(() => expect(moves).to.have.length(4));

    expect(log.lines("warn")).to.have.length(1);
    guard.stop();
  });

  it("does not count far below the limit", () => {
    const { guard, files, counted } = guarded(10_000);
    files.open = 50;
    guard.accepted();
    const before = counted();

    for (let count = 0; count < 1000; count++) guard.accepted();

    expect(counted()).to.equal(before);
  });

  it("counts a process that has no file left to count with as full", async () => {
    const { guard, files, moves } = guarded(100);
    files.open = undefined;

    guard.accepted();

    await eventually(() => expect(moves).to.include("unbind"));
    guard.stop();
  });

  it("tries again when the gate does not move", async () => {
    const { guard, moves, log, refuse } = guarded(100);
    refuse.count = 1;

    await eventually(() => {
      guard.exhausted();
      expect(moves.slice(0, 2)).to.deep.equal(["unbind", "rebind"]);
    });

    expect(log.lines("error")).to.have.length(1);
    guard.stop();
  });

  it("knows how many files this process has open, and may have", () => {
    expect(processFiles.limit()).to.be.greaterThan(process.platform === "win32" ? -1 : 3);
    expect(processFiles.open()).to.be.greaterThan(process.platform === "win32" ? -1 : 3);
  });
});

describe("handshake log", () => {
  it("says each kind of each socket once, and counts all", () => {
    const log = new FakeLogger();
    const handshakes = new HandshakeLog(log.asLogger);

    for (const kind of ["not ZMTP 3", "EPIPE", "not ZMTP 3"]) handshakes.failed("command", kind);
    handshakes.failed("event", "EPIPE");

    expect(handshakes.failures).to.equal(4);
    expect(log.lines("warn")).to.have.length(3);
  });

  it("says what a wrong security mechanism means", () => {
    const log = new FakeLogger();

    new HandshakeLog(log.asLogger).failed("command", "ERR_ZMTP_MECHANISM_MISMATCH");

    expect(log.lines("warn")[0]).to.include("another security mechanism");
  });
});

describe("log of addresses that cannot be connected to", () => {
  it("names one at most a minute, and counts all", () => {
    const log = new FakeLogger();
    const undiallable = new Undiallable(log.asLogger);

    for (const address of ["tcp://-a:1", "tcp://-b:1", "tcp://-a:1"]) undiallable.add(address);

    expect(undiallable.count).to.equal(3);
    expect(log.lines("warn")).to.have.length(1);
    expect(log.lines("warn")[0]).to.include("tcp://-a:1");
  });
});

describe("local hosts", () => {
  it("know nothing before the first handshake", () => {
    expect(new LocalHosts().hostOf(connection(7))).to.equal(undefined);
  });

  it("tell the one address by which all came", () => {
    const hosts = new LocalHosts();
    hosts.shook("10.0.0.1");
    hosts.shook("10.0.0.1");

    expect(hosts.hostOf(connection(900))).to.equal("10.0.0.1");
  });

  it("tell them apart by the order of the handshakes", () => {
    const hosts = new LocalHosts();
    hosts.shook("10.0.0.1");
    hosts.shook("127.0.0.1");
    expect(hosts.hostOf(connection(8))).to.equal("127.0.0.1");
    hosts.shook("10.0.0.1");
    hosts.shook("10.0.0.2");

    expect(hosts.hostOf(connection(7))).to.equal("10.0.0.1");
    expect(hosts.hostOf(connection(10))).to.equal("10.0.0.2");
    expect(hosts.hostOf(connection(9))).to.equal("10.0.0.1");
  });

  it("count on over the end of 32 bits", () => {
    const hosts = new LocalHosts();
    hosts.shook("10.0.0.1");
    hosts.shook("10.0.0.2");
    expect(hosts.hostOf(connection(0xffff_ffff))).to.equal("10.0.0.2");
    hosts.shook("10.0.0.3");

    expect(hosts.hostOf(connection(0))).to.equal("10.0.0.3");
  });

  it("forget the oldest, and then say the nearest that they know", () => {
    const hosts = new LocalHosts();
    hosts.shook("10.0.0.1");
    for (let count = 0; count < 4095; count++) hosts.shook("10.0.0.2");
    hosts.shook("10.0.0.3");
    expect(hosts.hostOf(connection(5000))).to.equal("10.0.0.3");

    expect(hosts.hostOf(connection(5000 - 4096))).to.equal("10.0.0.2");
  });
});

function connection(number: number): string {
  const id = Buffer.alloc(5);
  id.writeUInt32BE(number, 1);
  return id.toString("latin1");
}

function guarded(limit: number, ports = 1) {
  const files: { open: number | undefined } = { open: 10 };
  const refuse = { count: 0 };
  const moves: string[] = [];
  const log = new FakeLogger();
  let counts = 0;
  const counting: FileCounts = {
    open() {
      counts++;
      return files.open;
    },
    limit: () => limit,
  };
  const move = (name: string): void => {
    if (refuse.count-- > 0) throw new Error("busy");
    moves.push(name);
  };
  let closed = 0;
  const gate = {
    unbind: async (): Promise<void> => {
      move("unbind");
      closed = ports;
    },
    rebindNext: (): boolean => {
      move("rebind");
      closed--;
      return closed === 0;
    },
  };
  const guard = new OpenFilesGuard(gate, log.asLogger, counting);
  return { guard, files, moves, log, refuse, counted: () => counts };
}
