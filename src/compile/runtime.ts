// Runs inside the sandbox, bundled together with the stage: gives the stage function its inputs, writes the files it
// returns. What it is told comes from the derivation's environment: `stage` (JSON; a file at `stagePath` where it is long) and `out`.
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  statSync,
  writeFileSync,
} from "node:fs";
import type FilePromises from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { prettyJson } from "#base/canonical-json.ts";
import { watchNames } from "./input-names.ts";
import type { Reader, StageContext } from "#author/files.ts";
import { LIST_FILE, type ListEntry } from "./list-file.ts";
import { endStage, watchStage } from "./stage-end.ts";

/** The `stage` variable of a stage's derivation. */
export interface StageEnvironment {
  name: string;
  /** Of Pipelite's own stages. */
  kind?: "gate" | "check" | "each";
  /** Input name -> path. */
  inputs: Record<string, string>;
  /** Inputs that are lists or records of others -> the names of those in `inputs`. */
  groups?: Record<string, string[] | Record<string, string>>;
  /** Names of inputs that are what an `each` made. */
  lists?: string[];
  /** Every other input of the function, as JSON. */
  params: Record<string, unknown>;
}

type StageFunction = (inputs: object, context: StageContext) => unknown;

export async function runStage(module: { default?: unknown }): Promise<void> {
  const { name, inputs, groups = {}, lists = [], params }: StageEnvironment = JSON.parse(described());
  const out = variable("out");
  let misspelt = (): string | undefined => undefined;
  watchStage();
  try {
    if (!isFunction(module.default))
      throw new TypeError(`the module of stage '${name}' has no default function`);
    const readers = gather(
      Object.fromEntries(
        Object.entries(inputs).map(([key, path]) => [
          key,
          lists.includes(key) ? readList(key, path) : reader(key, path),
        ]),
      ),
      groups,
    );
    const cores =
      Number(process.env["NIX_BUILD_CORES"]) || process.getBuiltinModule("node:os").availableParallelism();
    const context: StageContext = { out, temp: variable("TMPDIR"), cores };
    const watched = watchNames({ ...params, ...readers });
    ({ misspelt } = watched);
    const files: unknown = await module.default(watched.inputs, context);
    const problem = misspelt();
    if (problem !== undefined) throw new TypeError(problem);
    if (files !== undefined && files !== null) writeFiles(out, files);
  } catch (error) {
    report(error);
    const problem = misspelt();
    if (problem !== undefined) console.error(`hint: ${problem}`);
    process.exit(1);
  }
  endStage();
}

/** A long one stands in a file. */
function described(): string {
  const file = process.env["stagePath"];
  return file === undefined ? variable("stage") : readFileSync(file, "utf8");
}

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`variable '${name}' is not set: this file is run by Pipelite`);
  return value;
}

function isFunction(value: unknown): value is StageFunction {
  return typeof value === "function";
}

type AnyReader = Reader<Readonly<Record<string, unknown>>>;
type Input = AnyReader | Input[];

/** What an `each` made, in the order of its items. */
function readList(input: string, path: string): Input[] {
  const entries = JSON.parse(readFileSync(join(path, LIST_FILE), "utf8")) as ListEntry[];
  return entries.map(({ name, isList }) => {
    const place = realpathSync(join(path, name));
    return isList ? readList(`${input}.${name}`, place) : reader(`${input}.${name}`, place);
  });
}

/** Puts the readers of a list or record of inputs together under its one name. */
function gather(
  readers: Readonly<Record<string, Input>>,
  groups: NonNullable<StageEnvironment["groups"]>,
): Record<string, unknown> {
  const own = new Set(Object.values(groups).flatMap((names) => Object.values(names)));
  const single = Object.entries(readers).filter(([name]) => !own.has(name));
  const grouped = Object.entries(groups).map(([name, names]) => [
    name,
    Array.isArray(names)
      ? names.map((each) => readers[each])
      : Object.fromEntries(Object.entries(names).map(([key, each]) => [key, readers[each]])),
  ]);
  return Object.fromEntries([...single, ...grouped]) as Record<string, unknown>;
}

function reader(input: string, path: string): AnyReader {
  const file = (name?: string): string => {
    if (name === undefined) return path;
    const wanted = join(path, name);
    if (existsSync(wanted)) return wanted;
    const there = statSync(path).isDirectory()
      ? readdirSync(path).join(", ") || "nothing"
      : "one file, without a name";
    const [, maker = input] = /\/nix\/store\/[0-9a-z]{32}-([^/]+)/.exec(path) ?? [];
    throw new Error(`the input '${input}' has no file '${name}': '${maker}' made ${there}`);
  };
  const bytes = async (name?: string): Promise<Buffer> => {
    const wanted = file(name);
    try {
      return await promises().readFile(wanted);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EISDIR")) throw error;
      const what = name === undefined ? "is a folder" : `has '${name}' as a folder`;
      throw new Error(`the input '${input}' ${what}: name a file of it (${readdirSync(wanted).join(", ")})`, {
        cause: error,
      });
    }
  };
  const text = async (name?: string): Promise<string> => (await bytes(name)).toString("utf8");
  return { path, file, json: async (name) => JSON.parse(await text(name)) as unknown, text, bytes };
}

/** Loading node:fs/promises is a fifth of the start of a process: left to stages that read their inputs this way. */
function promises(): typeof FilePromises {
  return process.getBuiltinModule("node:fs/promises");
}

function writeFiles(out: string, files: unknown): void {
  if (typeof files !== "object" || files === null) {
    throw new TypeError(`a stage returns an object of files, not ${typeof files}`);
  }
  mkdirSync(out, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    if (name === "" || name.startsWith("/") || normalize(name) !== name || name.split("/").includes("..")) {
      throw new TypeError(`cannot write the file '${name}': its name must be a plain relative path`);
    }
    const path = join(out, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytesOf(name, content));
  }
}

function bytesOf(name: string, content: unknown): Uint8Array | string {
  if (content instanceof Uint8Array || typeof content === "string") return content;
  try {
    return prettyJson(content);
  } catch (error) {
    throw new TypeError(`cannot write the file '${name}': ${String(error)}`, { cause: error });
  }
}

function report(error: unknown): void {
  console.error(error instanceof Error ? usersPart(error.stack ?? error.message) : error);
  if (error instanceof Error && "code" in error && error.code === "ENOENT") {
    console.error(
      "hint: a stage sees its inputs only; declare a file with source() in pipeline.ts and pass it",
    );
  }
}

/** The trace down to the stage function; what called it, and what writes its files, is ours. */
function usersPart(stack: string): string {
  const lines = stack.split("\n");
  const end = lines.findIndex((line) => /^\s+at (async )?(runStage|writeFiles|bytesOf) /.test(line));
  return (end === -1 ? lines : lines.slice(0, end)).join("\n");
}
