// Names for stages that have none of their own: a stage of a module that others are made of as well (in a loop, say) is named
// by its module and by what it is given that the others are not, so that its name stays when others are added.
import { basename, extname } from "node:path";
import { hexDigestOf } from "#base/digest.ts";
import { canonicalJson } from "#base/canonical-json.ts";
import { handleOf, isFileOf, isNode, isTool } from "#author/nodes.ts";
import type { AnyNode, CommandHandle, EachHandle, FileOf, Handle, StageHandle } from "#author/nodes.ts";
import { locateModule } from "./load.ts";

const LENGTH_MAX = 80;

/** Whether a stage of an item of a list may be called so; `tag` is that of the list. */
export function mayBeOfItem(name: string, tag: string): boolean {
  return name.includes(`-${tag}-`) || name.length === LENGTH_MAX;
}

/** What is named here; every other handle is named by what it is. */
type Named = StageHandle | CommandHandle | EachHandle;

/** Where new handles are named: in a pipeline, or in what is made of one item of a list. */
export interface NameScope {
  /** The name of a handle that was named before. */
  known: (handle: Handle) => string | undefined;
  /** Whether another has a name. */
  taken: (name: string) => boolean;
  /** What names of handles of this scope have behind them: `-tiles-north`. */
  suffix: string;
  /** Whether a handle is of this scope. */
  isOwn: (handle: Handle) => boolean;
}

const WHOLE: NameScope = { known: () => undefined, taken: () => false, suffix: "", isOwn: () => true };

/**
 * Names of stages that do not follow from their module alone: by the result that they are, by the option `name`, or, where
 * several stages are of one module, by what differs between them.
 */
export function namesOf(results: Readonly<Record<string, Handle>>): Promise<Map<Handle, string>> {
  const names = new Map(Object.entries(results).map(([name, handle]) => [handle, name]));
  return namesBelow(Object.values(results), names, WHOLE);
}

/** @param names those that are known; those of all that `roots` lead to are added */
export async function namesBelow(
  roots: Iterable<Handle>,
  names: Map<Handle, string>,
  scope: NameScope,
): Promise<Map<Handle, string>> {
  const handles = handlesBelow(roots, scope);
  const suffixOf = (handle: Handle): string => (scope.isOwn(handle) ? scope.suffix : "");
  for (const handle of handles) {
    const own = "options" in handle ? handle.options.name : undefined;
    if (own !== undefined && !names.has(handle)) names.set(handle, withSuffix(own, suffixOf(handle)));
  }
  const unnamed = handles.filter(isNamed).filter((handle) => !names.has(handle));
  const bases = new Map<Handle, string>();
  const nameOf = (handle: Handle) =>
    scope.known(handle) ?? names.get(handle) ?? bases.get(handle) ?? handle.kind;
  for (const handle of unnamed) bases.set(handle, await baseOf(handle, nameOf));
  const groups = Map.groupBy(unnamed, (handle) => `${bases.get(handle) ?? ""} ${suffixOf(handle)}`);
  for (const stages of groups.values()) {
    const [first] = stages;
    if (first === undefined) continue;
    const own = new Set(names.values());
    const taken = (name: string): boolean => own.has(name) || scope.taken(name);
    const [base, suffix] = [bases.get(first) ?? "", suffixOf(first)];
    const alone = withSuffix(base, suffix);
    if (stages.length === 1 && !taken(alone)) names.set(first, alone);
    else
      for (const [handle, name] of namesApart(base, stages, { nameOf, taken, suffix }))
        names.set(handle, name);
  }
  return names;
}

export function moduleName(path: string): string {
  return basename(path).replace(/\.[cm]?[jt]s$/, "");
}

/** What a handle is called where nothing else is called so. */
async function baseOf(handle: Named, nameOf: (handle: Handle) => string): Promise<string> {
  switch (handle.kind) {
    case "stage":
      return moduleName(await locateModule(handle.module, handle.place));
    case "command":
      return programName(handle, nameOf);
    case "each": {
      const { node, file = node.kind === "source" ? node.path : node.kind } = handle.from;
      return `each-${basename(file, extname(file)).replaceAll(ODD, "-")}`;
    }
  }
}

/** What a command is called: by its program, or by where that comes from. */
function programName({ program }: CommandHandle, nameOf: (handle: Handle) => string): string {
  if (isTool(program)) return basename(program.program);
  return `${isFileOf(program) ? basename(program.name) : nameOf(handleOf(program))}-run`;
}

function isNamed(handle: Handle): handle is Named {
  return handle.kind === "stage" || handle.kind === "command" || handle.kind === "each";
}

/** Every handle that these lead to, themselves included, each once, in the order of pipeline.ts; not those known before. */
function handlesBelow(results: Iterable<Handle>, { known }: NameScope): Handle[] {
  const found = new Set<Handle>();
  const visit = (handle: Handle): void => {
    if (found.has(handle) || known(handle) !== undefined) return;
    for (const need of needsOf(handle)) visit(need);
    found.add(handle);
  };
  for (const handle of results) visit(handle);
  return [...found];
}

function needsOf(handle: Handle): Handle[] {
  switch (handle.kind) {
    case "stage":
    case "command":
      return Object.values(givenTo(handle)).flatMap(handlesIn);
    case "gate":
      return [handle.subject, ...(typeof handle.by === "string" ? [] : [handle.by])];
    case "check":
      return Object.values(handle.inputs).flatMap(handlesIn);
    case "timings":
      return [...handle.of];
    case "answer":
      return [handle.request.node, ...Object.values(handle.inputs).flatMap(handlesIn)];
    case "each":
      return [handle.from.node];
    default:
      return [];
  }
}

/** What a stage or command is given, by names. */
function givenTo(handle: Named): Readonly<Record<string, unknown>> {
  if (handle.kind === "stage") return handle.inputs;
  if (handle.kind === "each") return {};
  const { env, stdin, copies } = handle.options;
  const words = Object.fromEntries(handle.words.entries());
  return { ...words, ...env, ...copies, program: handle.program, stdin };
}

/** The nodes in an input: one, one file of it, or a list or record of such. */
function handlesIn(value: unknown): Handle[] {
  if (isNode(value)) return [handleOf(value)];
  if (isFileOf(value)) return [value.node];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(handlesIn);
}

interface Apart {
  /** What a node among the inputs is called. */
  nameOf: (handle: Handle) => string;
  /** Whether another has a name. */
  taken: (name: string) => boolean;
  suffix: string;
}

/** Names for stages of one module, none of which has one: by the values that differ between them. */
function namesApart(
  base: string,
  stages: readonly Named[],
  { nameOf, taken, suffix }: Apart,
): Map<Named, string> {
  const wordsOf = stages.map(
    (stage) => new Map(Object.entries(givenTo(stage)).map(([key, value]) => [key, wordOf(value, nameOf)])),
  );
  const keys = [...new Set(wordsOf.flatMap((words) => [...words.keys()]))].filter(
    (key) => new Set(wordsOf.map((words) => words.get(key))).size > 1,
  );
  const own = new Set<string>();
  const isTaken = (name: string): boolean => own.has(name) || taken(name);
  return new Map(
    stages.map((stage, index) => {
      const words = wordsOf[index] ?? new Map<string, string>();
      const parts = keys.map((key) => words.get(key) ?? "none");
      const plain = ([base, ...parts].join("-") + suffix).replaceAll(ODD, "-");
      const isPlain = plain.length <= LENGTH_MAX && !isTaken(plain);
      const name = isPlain ? plain : withDigest(plain, suffix === "" ? [...words] : [...words, suffix]);
      const alone = firstFree(name, isTaken);
      own.add(alone);
      return [stage, alone];
    }),
  );
}

/** What no name may hold. */
const ODD = /[^0-9a-zA-Z+._?=-]+/g;

/** Two that are given the same are told apart by their order alone. */
function firstFree(name: string, taken: (name: string) => boolean): string {
  let free = name;
  for (let number = 2; taken(free); number += 1) free = `${name}-${number}`;
  return free;
}

function withSuffix(base: string, suffix: string): string {
  const name = base + suffix;
  return suffix === "" || name.length <= LENGTH_MAX ? name : withDigest(name, name);
}

function withDigest(name: string, of: unknown): string {
  return `${name.slice(0, LENGTH_MAX - 7)}-${digestOf(of)}`;
}

function wordOf(value: unknown, nameOf: (handle: Handle) => string): string {
  const nodes = handlesIn(value);
  if (nodes.length > 0) return nodes.map(nameOf).join("+");
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return String(value);
  try {
    return digestOf(value);
  } catch {
    return "value";
  }
}

function digestOf(value: unknown): string {
  return hexDigestOf(canonicalJson(value)).slice(0, 6);
}

/** A list or record of nodes, and of nothing else. */
export function isNodeGroup(
  value: unknown,
): value is readonly (AnyNode | FileOf<null>)[] | Readonly<Record<string, AnyNode | FileOf<null>>> {
  if (typeof value !== "object" || value === null || isNode(value) || isFileOf(value)) return false;
  const members = Object.values(value) as unknown[];
  return members.length > 0 && members.every((member) => isNode(member) || isFileOf(member));
}
