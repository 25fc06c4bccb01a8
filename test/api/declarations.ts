import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** What a package shows to those who import it. */
export interface PublicApi {
  /** Names that can be imported, in the order of the entry file. */
  readonly names: readonly string[];
  /** Declarations without comments: those of the names, then what is seen only through them. */
  readonly text: string;
}

/** A name, and the file that declares it or passes it on. */
interface Place {
  readonly file: string;
  readonly name: string;
}

/** One `.d.ts`: what it declares, and which names it has from files beside it. */
interface Module {
  readonly declared: ReadonlyMap<string, string>;
  readonly from: ReadonlyMap<string, Place>;
  readonly exported: readonly string[];
}

const commentOrText = /\/\*[^]*?\*\/|\/\/.*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`/g;
const statementStart = /^(?=(?:export|import|declare|interface|type|class)\b)/m;
const clause = /^(import|export)\s+(?:type\s+)?\{([^}]*)\}\s+from\s+"([^"]+)"/;
const declaration =
  /^(export )?(?:declare )?(?:abstract )?(?:function|class|const|let|interface|type)\s+(\w+)/;

/** Reads what an entry file, a `.d.ts`, shows; private members are left out. */
export function publicApi(entry: string): PublicApi {
  const modules = new Map<string, Module>();
  const read = (file: string): Module => {
    const known = modules.get(file) ?? readModule(file, readFileSync(file, "utf8"));
    modules.set(file, known);
    return known;
  };
  const { exported } = read(entry);
  const found = new Map<string, string>();
  const queue: Place[] = exported.map((name) => ({ file: entry, name }));
  for (const wanted of queue) {
    const { file, name } = declaringPlace(wanted, read);
    const text = read(file).declared.get(name);
    if (text === undefined || found.has(`${file} ${name}`)) continue;
    found.set(`${file} ${name}`, text);
    for (const [, used = ""] of text.matchAll(/\b(?:typeof\s+)?(?<!\.)([A-Z]\w*)\b/g)) {
      queue.push({ file, name: used });
    }
    for (const [, used = ""] of text.matchAll(/\btypeof\s+(\w+)/g))
      queue.push({ file, name: used });
  }
  return { names: exported, text: `${[...found.values()].join("\n")}\n` };
}

function declaringPlace(place: Place, read: (file: string) => Module): Place {
  const next = read(place.file).from.get(place.name);
  return next === undefined ? place : declaringPlace(next, read);
}

function readModule(file: string, text: string): Module {
  const declared = new Map<string, string>();
  const from = new Map<string, Place>();
  const exported: string[] = [];
  for (const statement of withoutComments(text).split(statementStart)) {
    const [, way, names, source] = clause.exec(statement) ?? [];
    if (names !== undefined && source !== undefined) {
      for (const [name, alias] of namesIn(names)) {
        if (way === "export") exported.push(alias);
        if (source.startsWith(".")) from.set(alias, { file: besides(file, source), name });
      }
      continue;
    }
    const [, isExported, name] = declaration.exec(statement) ?? [];
    if (name === undefined) continue;
    if (isExported !== undefined) exported.push(name);
    const overloads = declared.get(name);
    const own = withoutPrivate(statement);
    declared.set(name, overloads === undefined ? own : `${overloads}\n${own}`);
  }
  return { declared, from, exported: [...new Set(exported)] };
}

function namesIn(list: string): (readonly [name: string, alias: string])[] {
  return list
    .split(",")
    .map((item) => item.trim().replace(/^type\s+/, ""))
    .filter((item) => item !== "")
    .map((item) => {
      const [name = "", alias = name] = item.split(/\s+as\s+/);
      return [name, alias] as const;
    });
}

function besides(file: string, source: string): string {
  return join(dirname(file), source.replace(/\.js$/, ".d.ts"));
}

function withoutComments(text: string): string {
  return text.replace(commentOrText, (found) => (found.startsWith("/") ? "" : found));
}

function withoutPrivate(statement: string): string {
  return statement
    .split("\n")
    .filter((line) => line.trim() !== "" && !/^\s+(?:private (?!constructor)|#private)/.test(line))
    .join("\n");
}
