import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

import { eventually } from "../../support/eventually.js";
import { roleScript } from "../../support/roles.js";

/** What a process of a crowd is told when it is started. */
export interface CrowdSeat {
  readonly service: string;
  readonly command: string;
  readonly count: number;
}

/** When a cell was welcomed last, and by whom. */
export interface Welcome {
  readonly home: string;
  /** On the clock of all logs. */
  readonly timeMs: number;
}

/** Many cells in few processes, that catch and do nothing else. */
export class Crowd {
  private readonly children: readonly ChildProcess[];
  private readonly count: number;

  private constructor(children: readonly ChildProcess[], count: number) {
    this.children = children;
    this.count = count;
  }

  /** Resolves when all are welcome; the processes are attached to the transmitters in turn. */
  static async join(
    commands: readonly string[],
    { cells, processes }: { readonly cells: number; readonly processes: number },
  ): Promise<Crowd> {
    const script = await roleScript("mesh/faults/roles/crowd");
    const children = Array.from({ length: processes }, (_, at) => {
      const command = commands[at % commands.length] ?? "";
      const seat: CrowdSeat = { service: "crowd", command, count: cells / processes };
      return fork(script, [JSON.stringify(seat)], { serialization: "advanced", execArgv: [] });
    });
    await Promise.all(children.map((child) => once(child, "message")));
    return new Crowd(children, cells);
  }

  /** When each cell was welcomed last, and where. */
  async welcomes(): Promise<Welcome[]> {
    const answers = await Promise.all(
      this.children.map(async (child) => {
        const answer = once(child, "message") as Promise<[Welcome[]]>;
        child.send("welcomes");
        return (await answer)[0];
      }),
    );
    return answers.flat();
  }

  /** Waits until all are welcome at one of these homes. @returns when the last one was. */
  async allAt(homes: readonly string[], withinMs = 60_000): Promise<number> {
    return eventually(
      async () => {
        const there = (await this.welcomes()).filter(({ home }) => homes.includes(home));
        if (there.length < this.count)
          throw new Error(`${there.length} of ${this.count} are there`);
        return Math.max(...there.map(({ timeMs }) => timeMs));
      },
      { withinMs },
    );
  }

  end(): void {
    for (const child of this.children) child.kill("SIGKILL");
  }
}
