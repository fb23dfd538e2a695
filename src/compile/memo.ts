// Programs and bundles are remembered with the stat signatures of the files they were made from, so that nothing is
// read twice.
import type { Secrets } from "#secrets/secrets.ts";
import { secretFound } from "#secrets/sources.ts";
import { basename } from "node:path";
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import type { StageNode } from "./nodes.ts";
import { ownModule } from "#base/own-code.ts";
import type { Program, ProgramSearch, ProgramToCapture } from "./program.ts";
import { captureProgram, checkTool, findProgram } from "./program.ts";
import { areSettled, areUnchanged, signatures } from "./file-stamps.ts";

/** What compiling keeps for the next process; whoever keeps the home hands it down. */
export interface CompileNotes {
  recall(kind: string, key: string): unknown;
  remember(kind: string, key: string, value: unknown): void;
  keepSourceMap(bundle: string, map: string): void;
}

/** Where bundles and programs go, and what is known of them. */
export interface CompileKeep {
  store: Store;
  notes: CompileNotes;
  /** Code is searched for them before it is in the store. */
  secrets?: Secrets | undefined;
}

interface Remembered {
  /** Absolute path -> stat signature. */
  made: Record<string, string>;
}

function recall<T extends Remembered>(
  notes: CompileNotes,
  kind: string,
  key: string,
  isWhole: (value: T) => boolean,
): T | undefined {
  const value = notes.recall(kind, key) as T | undefined;
  return value !== undefined && areUnchanged(value.made) && isWhole(value) ? value : undefined;
}

type Captured = Remembered & { program: Program };

/** The programs of this plan or run: many stages use the same few. */
const ofThisRun = new WeakMap<CompileKeep, Map<string, Promise<Captured>>>();

function onceInThisRun(keep: CompileKeep, key: string, capture: () => Promise<Captured>): Promise<Captured> {
  const known = ofThisRun.get(keep) ?? new Map<string, Promise<Captured>>();
  ofThisRun.set(keep, known);
  const captured = known.get(key) ?? capture();
  known.set(key, captured);
  return captured;
}

/** The tool that a command asks for, looked for on the PATH and captured under the name that it is asked for by. */
export function toolOnce(
  keep: CompileKeep,
  { program, place, ...search }: ProgramSearch & { program: string },
): Promise<Captured> {
  return onceInThisRun(keep, `tool ${search.root}\0${program}`, async () => {
    checkTool(program, place);
    const executable = findProgram(program, { ...search, place });
    const name = basename(program);
    return capturedOnce(keep, { executable, name, as: name, place });
  });
}

/** Like captureProgram; unchanged programs are not read again. */
export function capturedOnce(keep: CompileKeep, wanted: ProgramToCapture): Promise<Captured> {
  const key = `${wanted.executable}\0${wanted.name}\0${wanted.as ?? ""}`;
  return onceInThisRun(keep, key, () => captured(keep, wanted, key));
}

async function captured(
  { store, notes }: CompileKeep,
  wanted: ProgramToCapture,
  key: string,
): Promise<Captured> {
  const known = recall<Captured>(notes, "programs", key, ({ program }) => store.isPresent(program.path));
  if (known !== undefined) return known;
  const beganMs = Date.now();
  const { program, files } = await captureProgram(store, wanted);
  const made = { made: signatures(files), program };
  if (areSettled(made.made, beganMs)) notes.remember("programs", key, made);
  return made;
}

interface Bundled extends Remembered {
  code: StorePath;
  /** Libraries that it needs besides those of Node. */
  libraries?: StorePath;
  /** File, relative to the pipeline -> sha256. */
  files: Record<string, string>;
}

/** What is bundled: the module of a stage, or code of our own. */
type Bundling = Pick<StageNode, "module" | "name" | "place"> & { kind?: StageNode["kind"] };

/** The bundle of a stage in the store; unchanged code is not bundled again. */
export async function bundledOnce(
  { store, notes, secrets }: CompileKeep,
  { kind = "stage", module = OWN_MODULES[kind], name, place }: Bundling,
  root: string,
): Promise<Bundled> {
  const key = `${root}\0${module}\0${name}`;
  const known = recall<Bundled>(notes, "bundles", key, ({ code }) => store.isPresent(code));
  if (known !== undefined) return known;
  const beganMs = Date.now();
  const { bundleStage } = await import("./bundle.ts");
  const bundle = await bundleStage(module, { root, place, store });
  const secret = secrets?.in(bundle.code);
  if (secret !== undefined) throw secretFound(secret, `the code of the stage '${name}'`);
  const { path: code } = await store.addText(`${name}.mjs`, bundle.code, bundle.references);
  for (const [path, map] of [...bundle.workers, [code, bundle.sourceMap] as const])
    notes.keepSourceMap(path, Buffer.from(map).toString("utf8"));
  const bundled: Bundled = {
    code,
    ...(bundle.libraries && { libraries: bundle.libraries }),
    files: bundle.files,
    made: signatures(bundle.paths),
  };
  if (areSettled(bundled.made, beganMs)) notes.remember("bundles", key, bundled);
  return bundled;
}

/** A check is evaluated by what audits evaluate, so that the two can't differ. */
const OWN_MODULES: Readonly<Record<StageNode["kind"], string>> = {
  stage: ownModule("compile/runtime"),
  gate: ownModule("compile/gate-stage"),
  check: ownModule("evidence/check-stage"),
  each: ownModule("compile/each-stage"),
};
