// What steps of environments are run by: code of ours as a stage, and the ways into a root. Who compiles puts them into the
// store and hands them down.
import type { StorePath } from "#nix/store-path.ts";
import type { EntranceName } from "#sandbox/entrances.ts";
import type { Invocation } from "./step.ts";

export interface EnvironmentPrograms {
  /** @param module of ours whose default export is a stage, such as `environment/debian/debian-unpack` */
  stage(module: string): Promise<OwnStage>;
  entrance(name: EntranceName): Promise<Entrance>;
}

export interface OwnStage {
  sources: readonly StorePath[];
  /** @param inputs path, or list of paths, by name */
  invoke(
    inputs: Readonly<Record<string, string | readonly string[]>>,
    params: Readonly<Record<string, unknown>>,
  ): Invocation;
}

export interface Entrance {
  source: StorePath;
  /** The program. */
  file: string;
}

/** The program of an invocation is started through an entrance; `root` is what the entrance takes as its root. */
export function through(entrance: Entrance, root: string, { builder, args, env }: Invocation): Invocation {
  return enter(entrance, root, { candidates: [builder], argv0: basename(builder), args, env });
}

/** A program of a root, looked for where its PATH says. */
export function programOf(
  entrance: Entrance,
  root: string,
  { program, args, env }: { program: string; args: readonly string[]; env: Readonly<Record<string, string>> },
): Invocation {
  const folders = (env["PATH"] ?? "").split(":");
  const candidates = program.startsWith("/") ? [program] : folders.map((folder) => `${folder}/${program}`);
  return enter(entrance, root, { candidates, argv0: basename(program), args, env });
}

/**
 * The same with another program, of an invocation that goes through an entrance; undefined for any other.
 * @param builder,args of a derivation, with the root in its place
 */
export function instead(
  { builder, args }: Pick<Invocation, "builder" | "args">,
  { candidates, argv0, args: words }: Omit<Entered, "env">,
): Pick<Invocation, "builder" | "args"> | undefined {
  if (!/-pipelite-(enter|hold)\/bin\/(enter|hold)$/.test(builder)) return undefined;
  const [root = ""] = args;
  return { builder, args: [root, ...candidates, "", argv0, ...words] };
}

/** The root that an invocation enters; undefined for one that enters none. */
export function rootEntered({ builder, args }: Pick<Invocation, "builder" | "args">): string | undefined {
  return builder.endsWith("-pipelite-enter/bin/enter") ? args[0] : undefined;
}

interface Entered {
  candidates: readonly string[];
  argv0: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
}

function enter({ file }: Entrance, root: string, { candidates, argv0, args, env }: Entered): Invocation {
  return { builder: file, args: [root, ...candidates, "", argv0, ...args], env };
}

function basename(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
