import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const run = promisify(execFile);

/** An earlier state of this repository, built. */
export interface Release {
  readonly ref: string;
  /** Its `thynapse` command. */
  readonly bin: string;
}

const folders = new Set<string>();

/** The newest tag before this commit; where there is none, the commit before it. */
export async function previousRef(): Promise<string> {
  const named = process.env["PREVIOUS"];
  if (named !== undefined) return named;
  const describe = ["describe", "--tags", "--abbrev=0", "HEAD^"];
  return git(describe).catch(() => git(["rev-parse", "--short", "HEAD^"]));
}

/**
 * Builds a state of this repository in a working tree of its own, with the libraries of this one. `removeReleases` takes
 * it away.
 */
export async function releaseOf(ref: string): Promise<Release> {
  const folder = mkdtempSync(join(tmpdir(), "thynapse-release-"));
  folders.add(folder);
  await git(["worktree", "add", "--detach", folder, ref]);
  linkLibraries(folder);
  const tsc = join(folder, "node_modules", "typescript", "bin", "tsc");
  await run(process.execPath, [tsc, "-b"], { cwd: folder });
  return { ref, bin: join(folder, "transmitter", "bin", "thynapse.js") };
}

/** Takes away every working tree that was made here. */
export async function removeReleases(): Promise<void> {
  for (const folder of folders) {
    folders.delete(folder);
    await git(["worktree", "remove", "--force", folder]).catch(() => {});
    rmSync(folder, { recursive: true, force: true });
  }
}

/** All libraries but our own packages, which are those of the folder. */
function linkLibraries(folder: string): void {
  const [from, to] = [join(root, "node_modules"), join(folder, "node_modules")];
  mkdirSync(join(to, "@thynapse"), { recursive: true });
  for (const name of readdirSync(from)) {
    if (name !== "@thynapse" && name !== ".cache") symlinkSync(join(from, name), join(to, name));
  }
  for (const name of ["protocol", "cell-sdk", "transmitter"]) {
    symlinkSync(join(folder, name), join(to, "@thynapse", name));
  }
}

async function git(argv: readonly string[]): Promise<string> {
  return (await run("git", argv, { cwd: root })).stdout.trim();
}
