import { readFileSync } from "node:fs";

/** Resident memory of a process during a run, in MiB. */
export interface Memory {
  /** The largest that was sampled. */
  readonly rssMb: number;
  /** The largest since the process started, as the kernel knows it. */
  readonly peakMb: number;
}

const SAMPLE_MS = 50;

/** A look at a process's memory that repeats itself. */
export interface MemoryWatch {
  pause(): void;
  /** What was seen so far; nothing on systems without /proc. */
  read(): Memory | undefined;
}

/** Samples the memory of a process from now on. */
export function watchMemory(pid: number): MemoryWatch {
  let seen: Memory | undefined;
  const look = (): void => {
    const now = readMemory(pid);
    if (now !== undefined) seen = { ...now, rssMb: Math.max(now.rssMb, seen?.rssMb ?? 0) };
  };
  look();
  const timer = setInterval(look, SAMPLE_MS);
  return {
    pause() {
      clearInterval(timer);
      look();
    },
    read: () => seen,
  };
}

function readMemory(pid: number): Memory | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    const rss = /VmRSS:\s*(\d+) kB/.exec(status)?.[1];
    const peak = /VmHWM:\s*(\d+) kB/.exec(status)?.[1];
    if (rss === undefined || peak === undefined) return undefined;
    return { rssMb: Number(rss) / 1024, peakMb: Number(peak) / 1024 };
  } catch {
    return undefined;
  }
}
