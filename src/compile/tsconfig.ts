// `paths` and `baseUrl` of tsconfig.json: names of modules that only the compiler of TypeScript knows. What type-checks is
// found, in pipeline.ts and in stages.
import { isObject } from "#base/strict-json.ts";
import { existsSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { readNamedText } from "#base/files.ts";
import { pipeliteError } from "./errors.ts";

interface Paths {
  /** Pattern with at most one `*` -> absolute targets with as many. */
  patterns: [pattern: string, targets: string[]][];
}

interface Config {
  extends?: string | string[];
  compilerOptions?: { baseUrl?: string; paths?: Record<string, string[]> };
}

/** The tsconfig.json files around the modules of one bundle, or of one pipeline.ts; each is read once. */
export class TsConfigs {
  readonly #root: string;
  readonly #ofFolder = new Map<string, Paths | undefined>();
  /** Every file that was read, or would be if it were there: what was found hangs on them. */
  readonly looked = new Set<string>();

  /** @param root above it, a file that is not there is not waited for */
  constructor(root: string) {
    this.#root = root;
  }

  /** The file that a name stands for, by the nearest tsconfig.json; undefined for all others. */
  resolve(specifier: string, folder: string): string | undefined {
    if (/^(\.{0,2}\/|node:|file:|data:)/.test(specifier) || folder.includes("/node_modules/"))
      return undefined;
    for (const [pattern, targets] of this.#pathsOf(folder)?.patterns ?? []) {
      const star = matched(pattern, specifier);
      if (star === undefined) continue;
      const found = targets.map((target) => moduleAt(target.replace("*", () => star))).find(Boolean);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #pathsOf(folder: string): Paths | undefined {
    if (this.#ofFolder.has(folder)) return this.#ofFolder.get(folder);
    const file = join(folder, "tsconfig.json");
    const isThere = existsSync(file);
    if (isThere || `${folder}/`.startsWith(`${this.#root}/`)) this.looked.add(file);
    const above = dirname(folder);
    const found = isThere
      ? pathsIn(this.#read(file, []))
      : above === folder
        ? undefined
        : this.#pathsOf(above);
    this.#ofFolder.set(folder, found);
    return found;
  }

  /** What a file says, with what those say that it extends; paths are absolute. */
  #read(file: string, chain: readonly string[]): { baseUrl?: string; paths?: Record<string, string[]> } {
    if (chain.includes(file)) throw invalid(file, `it extends itself through ${chain.join(", ")}`);
    this.looked.add(file);
    const { extends: bases = [], compilerOptions = {} } = parse(file);
    const inherited = [bases]
      .flat()
      .map((base) => this.#read(locate(base, file), [...chain, file]))
      .reduce((all, each) => ({ ...all, ...each }), {});
    const folder = dirname(file);
    const { baseUrl, paths } = compilerOptions;
    const base = baseUrl === undefined ? undefined : resolve(folder, baseUrl);
    const from = base ?? inherited.baseUrl ?? folder;
    return {
      ...inherited,
      ...(base !== undefined && { baseUrl: base }),
      ...(paths !== undefined && {
        paths: Object.fromEntries(
          Object.entries(paths).map(([pattern, targets]) => [
            pattern,
            targets.map((to) => resolve(from, to)),
          ]),
        ),
      }),
    };
  }
}

function pathsIn({ baseUrl, paths = {} }: { baseUrl?: string; paths?: Record<string, string[]> }): Paths {
  const length = (pattern: string) => (pattern.includes("*") ? pattern.indexOf("*") : Infinity);
  // As the compiler: a name without a star, then the longest beginning.
  const sorted = Object.entries(paths).toSorted(([a], [b]) => (length(a) < length(b) ? 1 : -1));
  return {
    patterns: [
      ...sorted,
      ...(baseUrl === undefined ? [] : [["*", [join(baseUrl, "*")]] as [string, string[]]]),
    ],
  };
}

/** What the star of a pattern stands for; undefined where the pattern does not match. */
function matched(pattern: string, name: string): string | undefined {
  const star = pattern.indexOf("*");
  if (star < 0) return pattern === name ? "" : undefined;
  const [before, after] = [pattern.slice(0, star), pattern.slice(star + 1)];
  const isMatch =
    name.length >= before.length + after.length && name.startsWith(before) && name.endsWith(after);
  return isMatch ? name.slice(before.length, name.length - after.length) : undefined;
}

const ENDINGS = [
  "",
  ".ts",
  ".tsx",
  ".mts",
  ".cts",
  ".js",
  ".jsx",
  ".mjs",
  ".cjs",
  ".json",
  "/index.ts",
  "/index.js",
];

/** The module at a path that may lack its ending, or have that of the JavaScript that it becomes. */
export function moduleAt(path: string): string | undefined {
  const asSource = path.replace(/\.([cm]?)js(x?)$/, ".$1ts$2");
  return [...ENDINGS.map((ending) => path + ending), asSource].find(isFile);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function locate(base: string, from: string): string {
  if (base.startsWith(".") || isAbsolute(base)) {
    const path = resolve(dirname(from), base);
    const found = [path, `${path}.json`].find(isFile);
    if (found === undefined) throw invalid(from, `it extends ${base}, which is not there`);
    return found;
  }
  const require = createRequire(from);
  for (const name of [base, `${base}.json`, `${base}/tsconfig.json`]) {
    try {
      return require.resolve(name);
    } catch {
      // The next spelling.
    }
  }
  throw invalid(from, `it extends ${base}, which is not installed`);
}

/** JSON with comments and trailing commas. */
function parse(file: string): Config {
  const text = readNamedText(file)
    .replaceAll(/("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[^]*?\*\//g, "$1")
    .replaceAll(/("(?:\\.|[^"\\])*")|,(?=\s*[}\]])/g, "$1");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(file, error instanceof Error ? error.message : String(error), error);
  }
  const problem = problemOf(value);
  if (problem !== undefined) throw invalid(file, problem);
  return value as Config;
}

/** Of the members that are read; the others are for the compiler. */
function problemOf(value: unknown): string | undefined {
  if (!isObject(value)) return "it is no object";
  const { extends: bases = [], compilerOptions = {} } = value;
  if (typeof bases !== "string" && !areTexts(bases)) return "extends is neither a text nor a list of texts";
  if (!isObject(compilerOptions)) return "compilerOptions is no object";
  const { baseUrl = "", paths = {} } = compilerOptions;
  if (typeof baseUrl !== "string") return "baseUrl is no text";
  if (!isObject(paths) || !Object.values(paths).every(areTexts))
    return "paths is no object of lists of texts";
  return undefined;
}

function areTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

function invalid(file: string, problem: string, cause?: unknown): Error {
  return pipeliteError("TSCONFIG_INVALID", { file, problem }, cause);
}
