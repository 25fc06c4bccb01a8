import { spawn } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const workspaces = ["protocol", "cell-sdk", "transmitter"];
const copied = [...workspaces, "test", ".config", "package.json", "tsconfig.json"];
const scope = "@thynapse";

/** How a command ended. */
export interface Ending {
  readonly passed: boolean;
  readonly ms: number;
  /** Its last lines. */
  readonly said: string;
}

/**
 * A copy of the repository, built, in which files may be changed: the working tree is never
 * touched.
 */
export class Scratch {
  readonly folder: string;

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "thynapse-mutants-"));
    for (const name of copied) {
      cpSync(join(root, name), join(this.folder, name), {
        recursive: true,
        preserveTimestamps: true,
        filter: (from) => basename(from) !== "node_modules",
      });
    }
    this.linkPackages();
  }

  /** The text of a file of the repository. */
  read(file: string): string {
    return readFileSync(join(this.folder, file), "utf8");
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.folder, file), text);
  }

  /** Runs Node in the copy; a command that takes too long has failed. */
  run(args: readonly string[], withinMs: number): Promise<Ending> {
    const begunMs = performance.now();
    const child = spawn(process.execPath, args, {
      cwd: this.folder,
      timeout: withinMs,
      killSignal: "SIGKILL",
    });
    let said = "";
    const note = (chunk: Buffer): void => {
      said = (said + chunk.toString("utf8")).slice(-2000);
    };
    child.stdout.on("data", note);
    child.stderr.on("data", note);
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) =>
        resolve({ passed: code === 0, ms: performance.now() - begunMs, said }),
      );
    });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Installed packages are shared; those of the repository are the copies. */
  private linkPackages(): void {
    const modules = join(this.folder, "node_modules");
    mkdirSync(join(modules, scope), { recursive: true });
    for (const name of readdirSync(join(root, "node_modules"))) {
      if (name !== scope) symlinkSync(join(root, "node_modules", name), join(modules, name));
    }
    for (const name of workspaces) {
      symlinkSync(join(this.folder, name), join(modules, scope, name));
    }
  }
}
