import { isLive } from "./mesh-list.js";
import type { Row } from "./system.js";
import { ageText, bytesText } from "./table.js";

/** One thing that was looked at. */
export interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly what: string;
  /** What to do about it, where something is wrong. */
  readonly fix?: string;
}

/** What was seen of a mesh. */
export interface Observations {
  /** Version of this command. */
  readonly version: string;
  /** Statuses of the transmitters, and the wall clock of this machine around the question. */
  readonly statuses: readonly Row[];
  readonly askedMs: number;
  readonly answeredMs: number;
  readonly transmitters: readonly Row[];
  readonly links: readonly Row[];
  /** Transmitters that did not answer. */
  readonly missing: readonly string[];
}

/** Clocks may differ by so much: times of events are shown, and never compared. */
const clockMsMax = 1000;
/** Share of a limit from which on it is near. */
const nearShare = 0.8;
/** Files that a transmitter with some hundred cells needs. */
const filesMin = 1024;
/** Bytes without an ack from which on a link lags. */
const lagBytes = 1 << 20;

/** Judges what was seen of a mesh: every check has at least one finding. */
export function findingsOf(seen: Observations): Finding[] {
  return [
    ...checked("answers", "every live transmitter answers", silences(seen)),
    ...checked("members", "no transmitter is suspect or dead", absences(seen)),
    ...checked("links", linksText(seen), linkFaults(seen)),
    ...checked("seeds", "every seed is a member, and no member is degraded", seedFaults(seen)),
    ...checked("versions", `all run ${seen.version}`, versionFaults(seen)),
    ...checked("clocks", `they differ by ${clockMsMax} ms at most`, clockFaults(seen)),
    ...checked("files", "no transmitter is short of file descriptors", fileFaults(seen)),
    ...checked("memory", "no transmitter is near its limit", memoryFaults(seen)),
  ];
}

type Fault = Omit<Finding, "check" | "ok">;

function checked(check: string, what: string, faults: readonly Fault[]): Finding[] {
  if (faults.length === 0) return [{ check, ok: true, what }];
  return faults.map((fault) => ({ check, ok: false, ...fault }));
}

function silences({ missing }: Observations): Fault[] {
  return missing.map((id) => ({
    what: `transmitter ${id} is taken for alive and does not answer`,
    fix: "look whether its process runs and has time to; thynapse ls links shows the way there",
  }));
}

function absences({ transmitters }: Observations): Fault[] {
  const taken = new Set(transmitters.filter(isLive).map(({ command }) => command));
  return transmitters.flatMap(({ id, state, sinceMs, command }) => {
    if (state === "alive" || state === "draining" || state === "left") return [];
    // Started again it has another id.
    if (state === "dead" && taken.has(command)) return [];
    const since = `${String(state)} for ${ageText(sinceMs)}`;
    const fix =
      state === "dead"
        ? "start it again; one that stays dead is forgotten after a while"
        : "look at the network between the machines, and at the load of that one";
    return [{ what: `transmitter ${String(id)} at ${String(command)}: ${since}`, fix }];
  });
}

function linksText({ transmitters }: Observations): string {
  const live = transmitters.filter(isLive).length;
  return live < 2 ? "there is one transmitter, and no link" : "all are up, both ways";
}

/** Each of two live transmitters must hold the link to the other one for up. */
function linkFaults({ transmitters, links, missing }: Observations): Fault[] {
  const live = transmitters.filter(isLive).map(({ id }) => String(id));
  const faults: Fault[] = [];
  for (const from of live) {
    if (missing.includes(from)) continue;
    for (const to of live) {
      if (from === to) continue;
      const link = links.find(({ transmitter, peer }) => transmitter === from && peer === to);
      const state = link === undefined ? "missing" : String(link["state"]);
      const way = `${from} → ${to}`;
      if (state !== "up") {
        const fix =
          "can each reach the event socket (pub) of the other? a firewall, or --advertise";
        faults.push({ what: `the link ${way} is ${state}`, fix });
      } else if (Number(link?.["unackedBytes"]) > lagBytes) {
        const waiting = bytesText(link?.["unackedBytes"]);
        const fix = "the network or the other transmitter is too slow for the load";
        faults.push({ what: `the link ${way} lags: ${waiting} without an ack`, fix });
      }
    }
  }
  return faults;
}

function seedFaults({ statuses, transmitters }: Observations): Fault[] {
  const isAlone = transmitters.filter(isLive).length < 2;
  return statuses.flatMap(({ transmitter, state, seedsMissing }) => {
    const faults: Fault[] = [];
    const seeds = Array.isArray(seedsMissing) ? (seedsMissing as readonly unknown[]) : [];
    for (const seed of seeds) {
      const fix = "start a transmitter there, or leave out that --link";
      faults.push({
        what: `nobody answers ${String(transmitter)} at its seed ${String(seed)}`,
        fix,
      });
    }
    if (state === "degraded") {
      const what = `transmitter ${String(transmitter)} started without some of its mesh`;
      const fix =
        isAlone && Array.isArray(seedsMissing) && seeds.length === 0
          ? "its seeds answer and refuse it: give all the same --mesh and --mesh-secret; " +
            "their logs say which"
          : "catches may be armed late there until all links are up";
      faults.push({ what, fix });
    }
    return faults;
  });
}

function versionFaults({ statuses, version }: Observations): Fault[] {
  return statuses
    .filter((status) => status["version"] !== version)
    .map((status) => ({
      what: `transmitter ${String(status["transmitter"])} runs ${String(status["version"])}`,
      fix: `this command is ${version}: bring all to one version`,
    }));
}

/** The answer was written at some moment between the question and its arrival. */
function clockFaults({ statuses, askedMs, answeredMs }: Observations): Fault[] {
  return statuses.flatMap(({ transmitter, clockMs }) => {
    if (typeof clockMs !== "number") return [];
    const early = askedMs - clockMs;
    const late = clockMs - answeredMs;
    if (Math.max(early, late) <= clockMsMax) return [];
    const by = early > late ? `${Math.round(early)} ms behind` : `${Math.round(late)} ms ahead`;
    return [
      {
        what: `the clock of transmitter ${String(transmitter)} is ${by}`,
        fix: "run NTP; only the times that are shown suffer, nothing expires by it",
      },
    ];
  });
}

function fileFaults({ statuses }: Observations): Fault[] {
  return statuses.flatMap(({ transmitter, filesOpen, filesMax }) => {
    if (typeof filesMax !== "number" || typeof filesOpen !== "number") return [];
    const fix = "raise `ulimit -n`, in the unit of systemd LimitNOFILE=";
    const who = `transmitter ${String(transmitter)}`;
    if (filesOpen > nearShare * filesMax) {
      return [{ what: `${who} has ${filesOpen} of ${filesMax} files open`, fix }];
    }
    if (filesMax < filesMin) return [{ what: `${who} may open ${filesMax} files only`, fix }];
    return [];
  });
}

function memoryFaults({ statuses }: Observations): Fault[] {
  return statuses.flatMap(({ transmitter, rssBytes, memoryBytesMax }) => {
    if (typeof memoryBytesMax !== "number" || memoryBytesMax === 0) return [];
    if (Number(rssBytes) < nearShare * memoryBytesMax) return [];
    const used = `${bytesText(rssBytes)} of ${bytesText(memoryBytesMax)}`;
    return [
      {
        what: `transmitter ${String(transmitter)} has ${used}, and sheds load at that`,
        fix: "thynapse ls groups shows what waits; raise --memory if the machine has more",
      },
    ];
  });
}
