// Enters the environment that a derivation is built in, with another program in place of its builder.
import { readdirSync, statSync } from "node:fs";
import { availableParallelism, constants } from "node:os";
import { basename, join, resolve } from "node:path";
import { programFolders, type Variables } from "#base/environment.ts";
import { EXIT } from "#base/errors.ts";
import { isDirectory } from "#base/files.ts";
import { placeInRoot } from "#base/place-in-root.ts";
import { nearWords } from "#base/near-words.ts";
import { runBuilder, startBuilder } from "#engine/builder.ts";
import { openSession } from "#engine/session.ts";
import { instead, rootEntered } from "#environment/programs.ts";
import type { Derivation } from "#nix/derivation.ts";
import type { StorePath } from "#nix/store-path.ts";
import { detectSandbox, ScratchFolders, type SandboxEnding } from "#sandbox/sandbox.ts";
import { MOUNT_POINTS } from "#sandbox/entrances.ts";
import { Closures } from "#store/closures.ts";
import { layoutOf } from "#store/layout.ts";
import type { Store } from "#store/store.ts";
import { pipeliteError } from "./errors.ts";
import { environmentFailure } from "./stage-error.ts";

export interface Entered {
  /** Of the stage, or of the environment. */
  name: string;
  drvPath: StorePath;
  /** One all of whose inputs are store paths. */
  derivation: Derivation;
}

export interface Entering {
  store: Store;
  env: Variables;
  /** A program and its arguments; none for a shell. */
  words: readonly string[];
  /** A folder that a failed build left; without it a fresh one. */
  folder?: string | undefined;
  signal: AbortSignal;
  /** Is told right before the program starts, with the words by which the builder itself would be started there. */
  onStart: (ownWords: string[]) => void;
}

/**
 * @returns the exit code of the program, or 128 and the number of the signal that ended it
 * @throws PipeliteError SHELL_PROGRAM_MISSING, ENVIRONMENT_NOT_ENTERED, SANDBOX_UNAVAILABLE
 */
export async function enterDerivation(entered: Entered, entering: Entering): Promise<number> {
  const { derivation, drvPath } = entered;
  const { words, env } = entering;
  await detectSandbox("starter", programFolders(env));
  await tryEntrance(entered, entering);
  const program = locate(entered, entering);
  const session = instead(derivation, {
    candidates: [program],
    argv0: basename(program),
    args: words.slice(1),
  });
  entering.onStart(ownWords(entered, entering));
  return codeOf(await openSession({ derivation: { ...derivation, ...session }, drvPath }, entering));
}

/** For the shell: 128 and the number of a signal. */
export function codeOf(ending: SandboxEnding): number {
  if (ending.kind === "exited") return ending.code;
  if (ending.kind !== "signalled") return EXIT.interrupted;
  return 128 + (constants.signals[ending.signal as NodeJS.Signals] ?? 0);
}

/** By which words the builder itself is started in its environment. */
function ownWords(entered: Entered, { env }: Entering): string[] {
  const { args } = startBuilder(entered, { env, cores: availableParallelism() });
  const end = args.indexOf("");
  const [argv0 = "", ...rest] = args.slice(end + 1);
  const [only] = args.slice(1, end);
  return [end === 2 && only !== undefined ? only : argv0, ...rest];
}

/** Starts nothing: what must fail then is that it is not there. */
async function tryEntrance(
  { name, derivation, drvPath }: Entered,
  { store, env, signal }: Entering,
): Promise<void> {
  const nothing = { candidates: ["/.pipelite/nothing"], argv0: "nothing", args: [] };
  const lines: string[] = [];
  const folders = new ScratchFolders(layoutOf(store.home).buildsDir);
  try {
    await runBuilder(
      {
        name,
        drvPath,
        derivation: { ...derivation, ...instead(derivation, nothing) },
        onLog: (chunk) => void lines.push(...Buffer.from(chunk).toString("latin1").split(/\r?\n/)),
        signal,
      },
      { store, kind: "starter", folders, env, closures: new Closures(store) },
      async () => {},
    );
  } finally {
    await folders.close();
  }
  const failure = environmentFailure(name, lines);
  if (failure?.code === "ENVIRONMENT_NOT_ENTERED") throw failure;
}

const SHELLS = ["/bin/bash", "/bin/sh"];

/** @returns a path inside the root */
function locate({ name, derivation }: Entered, { store, words }: Entering): string {
  const entered = rootEntered(derivation);
  // What enters no root has its programs in the store.
  const root = entered === undefined ? store.home : (placeInRoot(store.home, entered) ?? "");
  const isThere = entered === undefined ? isInStore : isInRoot;
  const [word] = words;
  const folders = (derivation.env.get("PATH") ?? "").split(":").filter((folder) => folder.startsWith("/"));
  const ownShells = folders.flatMap((folder) => [join(folder, "bash"), join(folder, "sh")]);
  const shells = entered === undefined ? ownShells : SHELLS;
  const candidates = word === undefined ? shells : candidatesFor(word, folders);
  const found = candidates.find((path) => isThere(root, path));
  if (found !== undefined) return found;
  if (word === undefined)
    throw pipeliteError("SHELL_PROGRAM_MISSING", {
      name,
      program: "a shell",
      suggestion: "Name a program of it: `-- PROGRAM`",
    });
  const known = new Set(folders.flatMap((folder) => namesIn(root, folder)));
  const near = nearWords(word, known);
  const suggestion =
    near.length > 0 ? `Did you mean ${near.join(" or ")}?` : "Add the package that has it to the environment";
  throw pipeliteError("SHELL_PROGRAM_MISSING", { name, program: word, suggestion });
}

function candidatesFor(word: string, folders: readonly string[]): string[] {
  return word.includes("/") ? [resolve("/build", word)] : folders.map((folder) => join(folder, word));
}

/** What is not the root's own, and so not looked at from here. */
function isMounted(path: string): boolean {
  return [...MOUNT_POINTS.bound, ...MOUNT_POINTS.fresh].some((folder) => path.startsWith(`/${folder}/`));
}

function isInRoot(root: string, path: string): boolean {
  if (isMounted(path)) return true;
  const place = placeInRoot(root, path);
  return place !== undefined && (isMounted(place.slice(root.length)) || isFile(place));
}

/** In the store of a home, or where only the sandbox sees it. */
function isInStore(home: string, path: string): boolean {
  const place = path.startsWith("/nix/store/") ? placeInRoot(home, path) : undefined;
  return place === undefined ? isMounted(path) : isFile(place);
}

function isFile(place: string): boolean {
  return statSync(place, { throwIfNoEntry: false })?.isFile() === true;
}

function namesIn(root: string, folder: string): string[] {
  const place = placeInRoot(root, folder);
  return place === undefined || !isDirectory(place) ? [] : readdirSync(place);
}
