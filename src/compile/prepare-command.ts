// A command as a derivation: its tools captured, and the runner in front of it where it needs more than to be started.
import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { readLoader } from "#base/elf.ts";
import { isDirectory } from "#base/files.ts";
import { ownModule } from "#base/own-code.ts";
import { readShebang } from "#base/shebang.ts";
import type { Invocation } from "#environment/step.ts";
import { ownPlaceholder } from "#nix/placeholder.ts";
import type { StorePath } from "#nix/store-path.ts";
import { isOut, isTool, type Out, type Tool } from "#author/nodes.ts";
import { invokeStage } from "./invoke-stage.ts";
import { commandTools, describeCommand, namedFiles, type WordOf } from "./command-parts.ts";
import type { CommandSetup } from "./command-runner.ts";
import { addressingOf, type CommandNode, type Edge } from "./nodes.ts";
import { bundledOnce, capturedOnce, toolOnce, type CompileKeep } from "./memo.ts";
import { nodeProgram, type CapturedProgram } from "./program.ts";
import type { StageEnvironment } from "./runtime.ts";
import { pipeliteError } from "./errors.ts";

/** The words that start a tool. */
type Start = readonly (string | Edge)[];

/** The tools of a command in the store, and the runner if it has one. */
export interface PreparedCommand {
  starts: ReadonlyMap<Tool, Start>;
  /** Interpreters that its script asks for, besides the programs on its PATH: name -> tool. */
  interpreters: ReadonlyMap<string, Tool>;
  runner: { program: CapturedProgram; code: StorePath } | undefined;
}

interface Capturing {
  /** The folder of the pipeline. */
  root: string;
  keep: CompileKeep;
  /** Those of the PATH. */
  folders: readonly string[];
}

export async function prepareCommand(node: CommandNode, { root, keep, folders }: Capturing) {
  const interpreters = new Map(interpretersOf(node, root).map((tool) => [basename(tool.program), tool]));
  const starts = new Map<Tool, Start>();
  const paths: Record<string, string> = {};
  const sources: StorePath[] = [];
  const made: Record<string, string> = {};
  for (const tool of new Set([...commandTools(node), ...interpreters.values()])) {
    if (tool.environment !== undefined) {
      starts.set(tool, [tool.program]);
      continue;
    }
    const captured = await toolOnce(keep, { root, folders, ...tool });
    const { path, builder, args } = captured.program;
    starts.set(tool, [builder, ...args]);
    paths[tool.program] = path;
    sources.push(path);
    Object.assign(made, captured.made);
  }
  const command: PreparedCommand = { starts, interpreters, runner: undefined };
  const nameOf = ({ node: from, file }: Edge) => [from.name, file].filter(Boolean).join("/");
  const params = { command: describeCommand(node, nameOf) };
  const plain = { module: "a command", code: {}, bundle: null, params, tools: paths, ...addressingOf(node) };
  if (!needsRunner(node, command)) return { command, ingredients: plain, sources, made };
  const bundle = await bundledOnce(keep, { module: RUNNER, place: node.place }, root);
  const runner = await capturedOnce(keep, nodeProgram(node.place));
  return {
    command: { ...command, runner: { program: runner.program, code: bundle.code } },
    ingredients: {
      ...plain,
      code: bundle.files,
      bundle: bundle.code,
      tools: { ...paths, node: runner.program.path },
    },
    sources: [...sources, runner.program.path, bundle.code],
    made: { ...made, ...runner.made, ...bundle.made },
  };
}

const RUNNER = ownModule("compile/command-runner");

/**
 * A script of the source tree says who reads it: that is a tool like any other.
 * @throws PipeliteError TOOL_NOT_A_PROGRAM for a file that is neither a script nor a program
 */
function interpretersOf({ program, path, place, environment }: CommandNode, root: string): Tool[] {
  // An environment has them where its scripts say.
  if (environment !== undefined || isTool(program) || program.node.kind !== "source") return [];
  const file = resolve(root, program.node.path, program.file ?? "");
  // What is missing is told apart where files are taken.
  if (!existsSync(file)) return [];
  const shebang = isDirectory(file) ? undefined : readShebang(file);
  if (shebang === undefined && (isDirectory(file) || readLoader(file) === null))
    throw pipeliteError("TOOL_NOT_A_PROGRAM", { program: file, place });
  if (shebang === undefined) return [];
  const name = basename(shebang.interpreter);
  const isGiven = path.some((tool) => basename(tool.program) === name);
  return isGiven ? [] : [{ kind: "tool", program: name, place }];
}

function needsRunner(node: CommandNode, { starts }: PreparedCommand): boolean {
  const { program, words, env, path, stdin, stdout, copies, keep } = node;
  const mentioned = [...words, ...Object.values(env), ...path].filter(isTool);
  return (
    !isTool(program) ||
    stdin !== undefined ||
    stdout !== undefined ||
    Object.keys(copies).length + keep.length + namedFiles(node).length > 0 ||
    mentioned.some((tool) => startOf(starts, tool).length > 1)
  );
}

function startOf(starts: PreparedCommand["starts"], tool: Tool): Start {
  const words = starts.get(tool);
  if (words === undefined) throw new Error(`the tool ${tool.program} is not captured`);
  return words;
}

/** What a derivation of a command starts. */
export function invokeCommand(
  node: CommandNode,
  { starts, interpreters, runner }: PreparedCommand,
  pathOf: (edge: Edge) => string,
): Invocation {
  const start = (tool: Tool) =>
    startOf(starts, tool).map((part) => (typeof part === "string" ? part : pathOf(part)));
  const tools: Record<string, string[]> = {};
  const toolPath = (tool: Tool): string => {
    const [program = "", ...more] = start(tool);
    if (more.length === 0) return program;
    const path = `${TOOLS}/${Object.keys(tools).length}/${basename(tool.program)}`;
    tools[path] = [program, ...more];
    return path;
  };
  const word = (value: WordOf<Edge>): string =>
    typeof value === "string"
      ? value
      : isOut(value)
        ? outPath(value)
        : isTool(value)
          ? toolPath(value)
          : pathOf(value);
  const words = node.words.map(word);
  const env = Object.fromEntries(Object.entries(node.env).map(([key, value]) => [key, word(value)]));
  const program = isTool(node.program) ? start(node.program) : [pathOf(node.program)];
  if (runner === undefined) {
    const [builder = "", ...args] = program;
    const captured = node.path.filter((tool) => tool.environment === undefined);
    const folders = captured.map((tool) => dirname(toolPath(tool)));
    return {
      builder,
      args: [...args, ...words],
      env: { ...env, ...(folders.length > 0 && { PATH: folders.join(":") }) },
    };
  }
  const onPath = new Map([
    ...interpreters,
    ...node.path
      .filter((tool) => tool.environment === undefined)
      .map((tool) => [basename(tool.program), tool] as const),
  ]);
  const { stdin, stdout, copies, keep } = node;
  const setup: Omit<CommandSetup, "copies"> = {
    made: !isTool(node.program),
    files: namedFiles(node),
    ...(onPath.size > 0 && {
      path: Object.fromEntries([...onPath].map(([name, tool]) => [name, start(tool)])),
    }),
    ...(Object.keys(tools).length > 0 && { tools }),
    ...(stdin !== undefined && { stdin: pathOf(stdin) }),
    ...(stdout !== undefined && { stdout: outPath(stdout === null ? {} : { file: stdout }) }),
    ...(keep.length > 0 && { keep: [...keep] }),
  };
  const key = (name: string) => `copies.${name}`;
  const names = Object.keys(copies);
  const stage: StageEnvironment = {
    name: node.name,
    inputs: Object.fromEntries(Object.entries(copies).map(([name, edge]) => [key(name), pathOf(edge)])),
    ...(names.length > 0 && {
      groups: { copies: Object.fromEntries(names.map((name) => [name, key(name)])) },
    }),
    params: { ...setup },
  };
  const files = Object.values(copies).map(({ file = "" }) => file);
  const invoked = invokeStage(runner.program, runner.code, stage, { files });
  return { ...invoked, args: [...invoked.args, ...program, ...words], env: { ...env, ...invoked.env } };
}

/** Where the runner puts what starts a tool that takes several words. */
const TOOLS = "/build/.pipelite/tools";

function outPath({ file }: Pick<Out, "file">): string {
  return file === undefined ? ownPlaceholder("out") : join(ownPlaceholder("out"), file);
}
