// What a command consists of, with its nodes resolved to edges of the graph (`E`).
import { basename } from "node:path";
import { isOut, isTool } from "#author/nodes.ts";
import type { AnyNode, CommandHandle, Each, FileOf, Out, Tool, Word } from "#author/nodes.ts";
import { isParam, type Param } from "#author/param.ts";

/** One word of a command: text, an input, a tool, or the output. */
export type WordOf<E> = string | E | Tool | Out;

export interface CommandParts<E> {
  program: Tool | E;
  words: WordOf<E>[];
  env: Record<string, WordOf<E>>;
  path: readonly Tool[];
  stdin: E | undefined;
  /** File of the output that its standard output becomes; `null` for the output itself. */
  stdout: string | null | undefined;
  copies: Record<string, E>;
  keep: readonly string[];
  /** What was written, for a script. */
  script: WordOf<E>[] | undefined;
}

/** How what a command is given becomes what it consists of. */
interface Resolving<E> {
  /** The edge to a node or one file of it. */
  edge: (value: AnyNode<never> | FileOf | Each<unknown>) => Promise<E>;
  /** The value that a parameter has in this run. */
  param: (value: Param<unknown>) => string;
}

export async function resolveCommand<E extends object>(
  { program, words, options, script }: CommandHandle,
  { edge, param }: Resolving<E>,
): Promise<CommandParts<E>> {
  const word = (value: string | Word): WordOf<E> | Promise<WordOf<E>> => {
    if (typeof value === "string" || typeof value === "number") return String(value);
    if (isTool(value) || isOut(value)) return value;
    return isParam(value) ? param(value) : edge(value);
  };
  const each = async (values: readonly (string | Word)[]): Promise<WordOf<E>[]> => {
    const resolved: WordOf<E>[] = [];
    for (const value of values) {
      const one = word(value);
      // Most are texts, and there are many.
      resolved.push(one instanceof Promise ? await one : one);
    }
    return resolved;
  };
  const { env = {}, path = [], stdin, stdout, copies = {}, keep = [] } = options;
  const resolvedEnv = new Map<string, Awaited<ReturnType<typeof word>>>();
  for (const [key, value] of Object.entries(env)) resolvedEnv.set(key, await word(value));
  const resolvedCopies = new Map<string, E>();
  for (const [key, value] of Object.entries(copies)) resolvedCopies.set(key, await edge(value));
  return {
    program: isTool(program) ? program : await edge(program),
    words: await each(words),
    env: Object.fromEntries(resolvedEnv),
    path,
    stdin: stdin && (await edge(stdin)),
    stdout: isOut(stdout) ? (stdout.file ?? null) : stdout,
    copies: Object.fromEntries(resolvedCopies),
    keep,
    script: script && (await each(script)),
  };
}

/** Every input of a command. */
export function commandEdges<E extends object>(parts: CommandParts<E>): E[] {
  const { program, words, env, stdin, copies } = parts;
  const values = [
    program,
    ...words,
    ...Object.values(env),
    ...(stdin === undefined ? [] : [stdin]),
    ...Object.values(copies),
  ];
  return values.flatMap((value) => (isEdge(value) ? [value] : []));
}

export function isEdge<E extends object>(value: WordOf<E>): value is E {
  return typeof value === "object" && !isTool(value) && !isOut(value);
}

/** Every tool that a command mentions, its program and those on its PATH among them. */
export function commandTools<E extends object>({ program, words, env, path }: CommandParts<E>): Tool[] {
  return [program, ...words, ...Object.values(env), ...path].filter(isTool);
}

/** The files of the output that its words name. */
export function namedFiles<E extends object>({ words, env, stdout }: CommandParts<E>): string[] {
  const files = [...words, ...Object.values(env)].flatMap((value) =>
    isOut(value) && value.file !== undefined ? [value.file] : [],
  );
  return [...new Set([...files, ...(typeof stdout === "string" ? [stdout] : [])])];
}

/** A command for people. @param nameOf what an input is called */
export function describeCommand<E extends object>(
  parts: CommandParts<E>,
  nameOf: (edge: E) => string,
): string {
  const show = (value: WordOf<E>): string => {
    if (typeof value === "string") return value;
    if (isTool(value)) return basename(value.program);
    if (isOut(value)) return value.file === undefined ? "$out" : `$out/${value.file}`;
    return nameOf(value);
  };
  return parts.script === undefined
    ? parts.words.map(show).join(" ")
    : parts.script.map(show).join("").trim();
}
