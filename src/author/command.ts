// Commands: stages that run any other program.
import { node, type CommandOptions, type Node, type Tool, type Word } from "./nodes.ts";
import { knownOptions, STAGE_OPTIONS } from "./options.ts";
import { callerPlace } from "./source-position.ts";
import { pipeliteError } from "./errors.ts";

const COMMAND_OPTIONS = [...STAGE_OPTIONS, "env"];

/** A program of this machine, by name (looked up on the PATH) or by path. */
export function tool(program: string): Tool {
  return Object.freeze({ kind: "tool", program, place: callerPlace() });
}

function isTool(value: unknown): value is Tool {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "tool";
}

/** A stage that runs any other program: `command(tool("sox"), [audio.file("walk.wav"), "-n", "spectrogram", "-o", out])`. */
export function command(program: Tool, words: readonly Word[], options: CommandOptions = {}): Node {
  const place = callerPlace();
  if (!isTool(program)) throw pipeliteError("COMMAND_PROGRAM_INVALID", { place });
  if (!Array.isArray(words)) throw pipeliteError("COMMAND_WORDS_INVALID", { place });
  const checked = knownOptions(options, COMMAND_OPTIONS, place);
  return node({ kind: "command", place, tool: program, words: [...words], options: checked });
}
