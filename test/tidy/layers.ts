import { posix } from "node:path";

import { type Import, importsOf, placesOf, type SourceFile } from "./source.js";

/** What the files of one layer may reach for. */
interface Layer {
  readonly name: string;
  /** Files of the layer. The first layer that fits a path is its layer. */
  readonly files: RegExp;
  /** Packages and built-in modules it may import. */
  readonly packages: RegExp;
  /** Files of its own package it may import; its own folder goes without saying. */
  readonly folders: RegExp;
  /** Files of its own package of which it may import types only. */
  readonly types?: RegExp;
  /** Names its code may not mention. */
  readonly words?: RegExp;
}

const nothing = /^$/;
const impure = new RegExp(
  [
    /(?<![.\w$])(?:Date|performance|crypto|console|globalThis|async|await)\b(?!\s*:)/,
    /(?<![.\w$])(?:setTimeout|setInterval|setImmediate|queueMicrotask)\b/,
    /(?<![.\w$])process\.|\bMath\.random\b/,
  ]
    .map(({ source }) => source)
    .join("|"),
  "g",
);
/** A given time may be turned into a `Date`, since it travels in payloads; the clock is not read. */
const clocks =
  /\bDate\.now\b|\bnew Date\b(?!\([^)])|\bMath\.random\b|(?<![.\w$])set(?:Timeout|Interval|Immediate)\b/g;

/** The table of layers, in the order in which they are tried. CONTRIBUTING.md has the same rows. */
export const layers: readonly Layer[] = [
  {
    name: "protocol: encoding",
    files: /^protocol\/src\/encoding\.ts$/,
    packages: /^msgpackr(\/|$)/,
    folders: /^protocol\/src\//,
    words: clocks,
  },
  {
    name: "protocol: thid",
    files: /^protocol\/src\/thid\.ts$/,
    packages: /^node:crypto$/,
    folders: /^protocol\/src\//,
    words: clocks,
  },
  {
    name: "protocol",
    files: /^protocol\/src\//,
    packages: nothing,
    folders: /^protocol\/src\//,
    words: clocks,
  },
  {
    name: "core",
    files: /^(?:cell-sdk|transmitter)\/src\/core\//,
    packages: /^@thynapse\/protocol$/,
    folders: /^[\w-]+\/src\/core\//,
    words: impure,
  },
  {
    name: "transport",
    files: /^cell-sdk\/src\/transport\//,
    packages: /^(?:@thynapse\/protocol|zeromq|node:[\w/]+)$/,
    folders: nothing,
    types: /^cell-sdk\/src\/core\//,
  },
  {
    name: "sockets",
    files: /^transmitter\/src\/sockets\//,
    packages: /^(?:@thynapse\/protocol|zeromq|node:[\w/]+)$/,
    folders: nothing,
    types: /^transmitter\/src\/core\//,
  },
  {
    name: "store",
    files: /^transmitter\/src\/store\//,
    packages: /^(?!zeromq$|yargs)/,
    folders: nothing,
    types: /^transmitter\/src\/core\//,
  },
  {
    name: "gateway",
    files: /^transmitter\/src\/gateway\//,
    packages: /^(?!zeromq$|yargs)/,
    folders: nothing,
  },
  {
    name: "cli",
    files: /^transmitter\/src\/cli\//,
    packages: /^(?:yargs(?:\/\w+)?|@thynapse\/(?:protocol|cell-sdk)|node:[\w/]+)$/,
    folders: /^transmitter\/src\/(?:index|load-parts|testing)\.ts$/,
  },
  {
    name: "cell SDK's shell",
    files: /^cell-sdk\/src\/[^/]+$/,
    packages: /^(?:@thynapse\/protocol|node:[\w/]+)$/,
    folders: /^cell-sdk\/src\/(?:core|transport)\//,
  },
  {
    name: "transmitter's shell",
    files: /^transmitter\/src\/(?:(?:links|options|virtual)\/)?[^/]+$/,
    packages: /^(?!yargs)/,
    folders: /^transmitter\/src\/(?:(?:core|sockets|store|gateway|links|options|virtual)\/|[^/]+$)/,
  },
];

/** Lists what breaks the table of layers, a line each. */
export function layerFaults(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    const layer = layers.find(({ files: fits }) => fits.test(file.path));
    if (layer === undefined) return [`${file.path} is in no layer`];
    return [
      ...importsOf(file)
        .filter((found) => !isAllowed(file.path, found, layer))
        .map((found) => `${file.path}:${found.line} (${layer.name}) imports ${found.from}`),
      ...(layer.words ? placesOf([file], layer.words) : []),
    ];
  });
}

function isAllowed(path: string, found: Import, layer: Layer): boolean {
  if (!found.from.startsWith(".")) {
    return layer.packages.test(found.from) && isPublicEntry(path, found.from);
  }
  const folder = posix.dirname(path);
  const target = posix.join(folder, found.from).replace(/\.js$/, ".ts");
  if (target.split("/", 2).join("/") !== path.split("/", 2).join("/")) return false;
  if (isInSameLayerFolder(path, target)) return true;
  if (layer.folders.test(target)) return true;
  return found.typeOnly && layer.types?.test(target) === true;
}

/** Folders below `src` are the layers; a folder inside a layer is the same layer. */
function isInSameLayerFolder(path: string, target: string): boolean {
  const [from, to] = [path, target].map((file) => file.split("/").slice(2, -1)[0] ?? "");
  return from === to;
}

const packagesBelow: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  "cell-sdk": ["@thynapse/protocol"],
  transmitter: ["@thynapse/protocol", "@thynapse/cell-sdk"],
};

function isPublicEntry(path: string, from: string): boolean {
  if (!from.startsWith("@thynapse/")) return true;
  return packagesBelow[path.split("/", 1)[0] ?? ""]?.includes(from) ?? false;
}
