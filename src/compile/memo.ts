// Programs and bundles are remembered with the stat signatures of the files they were made from, so that nothing is
// read twice.
import type { Secrets } from "#secrets/secrets.ts";
import { secretFound } from "#secrets/sources.ts";
import { basename } from "node:path";
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import type { StageNode } from "./nodes.ts";
import { ownModule } from "#base/own-code.ts";
import type { CapturedProgram, ProgramSearch, ProgramToCapture } from "./program.ts";
import { captureProgram, checkTool, findProgram } from "./program.ts";
import { bundleName } from "./store-name.ts";
import { notePackages, packagesOfBundle, packagesOfProgram } from "./noted-packages.ts";
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
  /** Where npm keeps archives of packages. */
  npmCache?: string | undefined;
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

type Captured = Remembered & { program: CapturedProgram };

/** What of this plan or run is known already, under way or done: many stages use the same few programs and modules. */
const ofThisRun = new WeakMap<CompileKeep, Known>();

interface Known {
  programs: Map<string, Promise<Captured>>;
  bundles: Map<string, Promise<Bundled>>;
}

function knownOf(keep: CompileKeep): Known {
  return onceInThisRun(ofThisRun, keep, () => ({ programs: new Map(), bundles: new Map() }));
}

/** What is kept under this key; made if nothing is. */
export function onceInThisRun<K, V>(
  made: { get(key: K): V | undefined; set(key: K, value: V): unknown },
  key: K,
  make: () => V,
): V {
  const known = made.get(key);
  if (known !== undefined) return known;
  const value = make();
  made.set(key, value);
  return value;
}

/** The tool that a command asks for, looked for on the PATH and captured under the name that it is asked for by. */
export function toolOnce(
  keep: CompileKeep,
  { program, place, ...search }: ProgramSearch & { program: string },
): Promise<Captured> {
  return onceInThisRun(knownOf(keep).programs, `tool ${search.root}\0${program}`, async () => {
    checkTool(program, undefined, place);
    const executable = findProgram(program, { ...search, place });
    checkTool(program, executable, place);
    const name = basename(program);
    return capturedOnce(keep, { executable, name, as: name, place });
  });
}

/** Like captureProgram; unchanged programs are not read again. */
export function capturedOnce(keep: CompileKeep, wanted: ProgramToCapture): Promise<Captured> {
  const key = `${wanted.executable}\0${wanted.name}\0${wanted.as ?? ""}`;
  return onceInThisRun(knownOf(keep).programs, key, () => captured(keep, wanted, key));
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
  notePackages(notes, program.path, packagesOfProgram(wanted));
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
type Bundling = Pick<StageNode, "module" | "place"> & {
  kind?: StageNode["kind"];
  /** npm packages that its environment has. */
  provided?: readonly string[] | undefined;
};

/** The bundle of a module in the store, the same for all stages of it; unchanged code is not bundled again. */
export function bundledOnce(
  keep: CompileKeep,
  { kind = "stage", module = OWN_MODULES[kind], place, provided = [] }: Bundling,
  root: string,
): Promise<Bundled> {
  const key = [root, module, ...provided].join("\0");
  return onceInThisRun(knownOf(keep).bundles, key, () =>
    bundled(keep, { module, place, provided }, { root, key }),
  );
}

async function bundled(
  { store, notes, secrets, npmCache }: CompileKeep,
  { module, place, provided }: { module: string; place: string; provided: readonly string[] },
  { root, key }: { root: string; key: string },
): Promise<Bundled> {
  const known = recall<Bundled>(notes, "bundles", key, ({ code }) => store.isPresent(code));
  if (known !== undefined) return known;
  const beganMs = Date.now();
  const { bundleStage } = await import("./bundle.ts");
  const bundle = await bundleStage(module, {
    root,
    place,
    store,
    npmCache,
    provided: new Set(provided),
  });
  const secret = secrets?.in(bundle.code);
  if (secret !== undefined) throw secretFound(secret, `the code of the stage at ${place}`);
  const { path: code } = await store.addText(bundleName(module), bundle.code, bundle.references);
  for (const [path, { sourceMap, packages }] of [...bundle.workers, [code, bundle] as const]) {
    notes.keepSourceMap(path, Buffer.from(sourceMap).toString("utf8"));
    notePackages(notes, path, packagesOfBundle(packages));
  }
  const made: Bundled = {
    code,
    ...(bundle.libraries && { libraries: bundle.libraries }),
    files: bundle.files,
    made: signatures(bundle.paths),
  };
  if (areSettled(made.made, beganMs)) notes.remember("bundles", key, made);
  return made;
}

/** A check is evaluated by what audits evaluate, so that the two can't differ. */
const OWN_MODULES: Readonly<Record<StageNode["kind"], string>> = {
  stage: ownModule("compile/runtime"),
  gate: ownModule("compile/gate-stage"),
  check: ownModule("evidence/check-stage"),
  each: ownModule("compile/each-stage"),
};
