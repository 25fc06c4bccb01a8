import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

import { roleScript } from "../../support/roles.js";
import type { Mischief, MischiefCounts, ProxyAddresses } from "./link-proxy.js";
import type { Place } from "./place.js";

/** A process of its own that stands before an event socket. */
export class ProxyProcess {
  private readonly child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.child = child;
  }

  static async start(
    { enter }: Place,
    given: { readonly addresses: ProxyAddresses; readonly seed: number },
  ): Promise<ProxyProcess> {
    const script = await roleScript("mesh/faults/roles/link-proxy");
    const [file, ...argv] = [...enter, process.execPath];
    const child = fork(script, [JSON.stringify(given)], { execPath: file, execArgv: argv });
    await once(child, "message");
    return new ProxyProcess(child);
  }

  /** Sets what it does from now on. @returns how much it has done before. */
  async set(mischief: Mischief): Promise<MischiefCounts> {
    const answer = once(this.child, "message") as Promise<[MischiefCounts]>;
    this.child.send(mischief);
    return (await answer)[0];
  }

  end(): void {
    this.child.kill("SIGKILL");
  }
}
