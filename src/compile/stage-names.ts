// Names for stages that have none of their own: a stage of a module that others are made of as well (in a loop, say) is named
// by its module and by what it is given that the others are not, so that its name stays when others are added.
import { basename } from "node:path";
import { hexDigestOf } from "#base/digest.ts";
import { canonicalJson } from "#base/canonical-json.ts";
import { handleOf, isFileOf, isNode } from "#author/nodes.ts";
import type { AnyNode, CommandHandle, FileOf, Handle, StageHandle } from "#author/nodes.ts";
import { locateModule } from "./load.ts";

const LENGTH_MAX = 80;

/**
 * Names of stages that do not follow from their module alone: by the option `name`, by the result that they are, or, where
 * several stages are of one module, by what differs between them.
 */
export async function namesOf(results: Readonly<Record<string, Handle>>): Promise<Map<Handle, string>> {
  const handles = handlesBelow(Object.values(results));
  const names = new Map<Handle, string>();
  for (const [name, handle] of Object.entries(results)) names.set(handle, name);
  for (const handle of handles) {
    const own = "options" in handle ? handle.options.name : undefined;
    if (own !== undefined && !names.has(handle)) names.set(handle, own);
  }
  const unnamed = handles.filter(
    (handle): handle is StageHandle => handle.kind === "stage" && !names.has(handle),
  );
  const bases = new Map<Handle, string>();
  for (const handle of unnamed)
    bases.set(handle, moduleName(await locateModule(handle.module, handle.place)));
  const nameOf = (handle: Handle) => names.get(handle) ?? bases.get(handle) ?? handle.kind;
  for (const [base, stages] of Map.groupBy(unnamed, (handle) => bases.get(handle) ?? "stage")) {
    const taken = new Set(names.values());
    if (stages.length === 1 && !taken.has(base)) continue;
    for (const [handle, name] of namesApart(base, stages, { nameOf, taken })) names.set(handle, name);
  }
  return names;
}

export function moduleName(path: string): string {
  return basename(path).replace(/\.[cm]?[jt]s$/, "");
}

/** Every handle that these lead to, themselves included, each once, in the order of pipeline.ts. */
function handlesBelow(results: Iterable<Handle>): Handle[] {
  const found = new Set<Handle>();
  const visit = (handle: Handle): void => {
    if (found.has(handle)) return;
    for (const need of needsOf(handle)) visit(need);
    found.add(handle);
  };
  for (const handle of results) visit(handle);
  return [...found];
}

function needsOf(handle: Handle): Handle[] {
  switch (handle.kind) {
    case "stage":
      return Object.values(handle.inputs).flatMap(handlesIn);
    case "command":
      return commandValues(handle).flatMap(handlesIn);
    case "gate":
      return [handle.subject, ...(typeof handle.by === "string" ? [] : [handle.by])];
    case "check":
      return Object.values(handle.inputs).flatMap(handlesIn);
    case "timings":
      return [...handle.of];
    case "answer":
      return [handle.request.node, ...Object.values(handle.inputs).flatMap(handlesIn)];
    default:
      return [];
  }
}

function commandValues({ program, words, options }: CommandHandle): unknown[] {
  const { env = {}, stdin, copies = {} } = options;
  return [program, ...words, ...Object.values(env), stdin, ...Object.values(copies)];
}

/** The nodes in an input: one, one file of it, or a list or record of such. */
function handlesIn(value: unknown): Handle[] {
  if (isNode(value)) return [handleOf(value)];
  if (isFileOf(value)) return [value.node];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(handlesIn);
}

/**
 * Names for stages of one module, none of which has one: by the values that differ between them.
 * @param nameOf what a node among the inputs is called
 * @param taken names that others have
 */
function namesApart(
  base: string,
  stages: readonly StageHandle[],
  { nameOf, taken }: { nameOf: (handle: Handle) => string; taken: Set<string> },
): Map<StageHandle, string> {
  const wordsOf = stages.map(
    ({ inputs }) => new Map(Object.entries(inputs).map(([key, value]) => [key, wordOf(value, nameOf)])),
  );
  const keys = [...new Set(wordsOf.flatMap((words) => [...words.keys()]))].filter(
    (key) => new Set(wordsOf.map((words) => words.get(key))).size > 1,
  );
  return new Map(
    stages.map((stage, index) => {
      const words = wordsOf[index] ?? new Map<string, string>();
      const parts = keys.map((key) => words.get(key) ?? "none");
      const plain = [base, ...parts].join("-").replaceAll(/[^0-9a-zA-Z+._?=-]+/g, "-");
      const isPlain = plain.length <= LENGTH_MAX && !taken.has(plain);
      const name = isPlain ? plain : `${plain.slice(0, LENGTH_MAX - 7)}-${digestOf([...words])}`;
      taken.add(name);
      return [stage, name];
    }),
  );
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
export function isGroup(
  value: unknown,
): value is readonly (AnyNode | FileOf<null>)[] | Readonly<Record<string, AnyNode | FileOf<null>>> {
  if (typeof value !== "object" || value === null || isNode(value) || isFileOf(value)) return false;
  const members = Object.values(value) as unknown[];
  return members.length > 0 && members.every((member) => isNode(member) || isFileOf(member));
}
