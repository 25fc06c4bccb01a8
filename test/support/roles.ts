import { execFile } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../../", import.meta.url));
/** Below `node_modules`, where the packages of this repository are found, and nothing of it is published. */
const folder = join(root, "node_modules", ".cache", `thynapse-roles-${process.pid}`);

let compiling: Promise<string> | undefined;

/**
 * Compiles the scripts that tests and the bench start as processes of their own, once. A process that compiles its
 * own takes half a second of a core before it says hello, and a run of faults starts a hundred of them.
 *
 * @param name below `test/`, without its ending: `mesh/faults/roles/cell`.
 * @returns the path of the script.
 */
export async function roleScript(name: string): Promise<string> {
  return join(await (compiling ??= compile()), `${name}.js`);
}

async function compile(): Promise<string> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const manifest = createRequire(import.meta.url).resolve("typescript/package.json");
  const project = join(root, ".config", "tsconfig.roles.json");
  const tsc = join(dirname(manifest), "bin", "tsc");
  await promisify(execFile)(process.execPath, [tsc, "-p", project, "--outDir", folder]);
  return folder;
}
