// Why a stage must be built: what it is made of now, compared with what it was made of when it last passed, in the words
// of pipeline.ts.
import { own } from "#base/own.ts";
import { readFileSync } from "node:fs";
import { textOf } from "#base/bytes.ts";
import { filesBelow, isPlainDirectory, pathBelow } from "#base/files.ts";
import type { Ingredients } from "#compile/compile.ts";
import type { BuildReason } from "#home/run-record.ts";

/** Ingredients, and the path of every input: all that the identity of a stage is made of. */
export interface Composition extends Ingredients {
  /** Source, as pipeline.ts names it -> its store path. */
  sources: Record<string, string>;
  /** Name of a needed node -> its output path; null while that is not known. */
  inputs: Record<string, string | null>;
}

/**
 * The first difference, the user's own changes first.
 * @param before what the stage was made of when it last passed; undefined when it never did.
 * @param composition what it is made of now
 * @param onDisk where a store path is, if it still is there.
 */
export function explain(
  before: Composition | undefined,
  composition: () => Composition,
  onDisk: (path: string) => string | undefined,
): BuildReason {
  if (before === undefined) return { kind: "first-build", text: "not built before" };
  const now = composition();
  // What was remembered by a Pipelite of before does not say which module it was.
  const was = before.module as string | undefined;
  if (was !== undefined && was !== now.module)
    return { kind: "module", text: `it is ${now.module} now, and was ${was}` };
  // A file may change in its comments alone: then the code that runs is the same.
  const code = before.bundle === now.bundle ? undefined : firstDifference(before.code, now.code);
  if (code !== undefined && code.key !== "pipelite")
    return { kind: "code", text: `${code.key} ${changeOf(code, "used")}` };
  const param = firstDifference(before.params, now.params);
  if (param !== undefined) {
    return { kind: "param", text: `param ${param.key}: ${show(param.was)} -> ${show(param.is)}` };
  }
  const source = firstDifference(before.sources, now.sources);
  if (source !== undefined) {
    const [was, is] = [source.was, source.is].map((path) =>
      typeof path === "string" ? onDisk(path) : undefined,
    );
    const file = was === undefined || is === undefined ? undefined : firstChangedFile(was, is);
    const change = changeOf(source, "read");
    return { kind: "source", text: `source ${source.key} ${change}${file === undefined ? "" : `: ${file}`}` };
  }
  const input = firstDifference(before.inputs, now.inputs);
  if (input !== undefined) {
    const change = input.is === null && input.was !== undefined ? "may change" : changeOf(input, "taken");
    return { kind: "input", text: `input ${input.key} ${change}` };
  }
  const tool = firstDifference(before.tools, now.tools);
  if (tool !== undefined) return { kind: "tool", text: `tool ${tool.key} ${changeOf(tool, "used")}` };
  if (code !== undefined) return { kind: "pipelite", text: "Pipelite itself changed" };
  if (before.addressing !== now.addressing) {
    const text =
      now.addressing === "input" ? "its inputs name its output now" : "its bytes name its output now";
    return { kind: "param", text };
  }
  return { kind: "output-gone", text: "its output is no longer in the store" };
}

interface Difference {
  key: string;
  /** The key that is no longer there, where `key` is new. */
  former?: string;
  was: unknown;
  is: unknown;
}

/** @param verb what a stage does with such a thing, as a participle */
function changeOf({ former, was, is }: Difference, verb: string): string {
  if (former !== undefined) return `takes the place of ${former}`;
  if (was === undefined) return "is new";
  return is === undefined ? `is no longer ${verb}` : "changed";
}

function firstDifference(
  before: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
): Difference | undefined {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])].toSorted();
  const changed = keys.filter((key) => JSON.stringify(own(before, key)) !== JSON.stringify(own(now, key)));
  const others = changed.filter((name) => name !== "pipelite");
  const added = others.find((name) => !Object.hasOwn(before, name));
  const former = others.find((name) => !Object.hasOwn(now, name));
  if (added !== undefined && former !== undefined)
    return { key: added, former, was: own(before, former), is: own(now, added) };
  const key = others[0] ?? changed[0];
  return key === undefined ? undefined : { key, was: own(before, key), is: own(now, key) };
}

function show(value: unknown): string {
  const text = value === undefined ? "none" : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** The first file, in the order of names, that two trees do not share; undefined when the trees are single files. */
export function firstChangedFile(was: string, is: string): string | undefined {
  if (!isPlainDirectory(was) || !isPlainDirectory(is)) return undefined;
  const names = [...new Set([...filesBelow(was), ...filesBelow(is)])].toSorted();
  const changed = names.find((name) => !sameContent(pathBelow(was, name), pathBelow(is, name)));
  return changed === undefined ? undefined : textOf(changed);
}

function sameContent(a: Buffer, b: Buffer): boolean {
  try {
    return readFileSync(a).equals(readFileSync(b));
  } catch {
    return false;
  }
}
