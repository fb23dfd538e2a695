// Programs and bundles are remembered with the stat signatures of the files they were made from, so that nothing is
// read twice.
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import type { StageNode } from "./graph.ts";
import { ownModule } from "#base/own-code.ts";
import type { Program, ProgramToCapture } from "./program.ts";
import { captureProgram } from "./program.ts";
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

/** Like captureProgram; unchanged programs are not read again. */
export async function capturedOnce(
  { store, notes }: CompileKeep,
  wanted: ProgramToCapture,
): Promise<Remembered & { program: Program }> {
  const key = `${wanted.executable}\0${wanted.name}\0${wanted.as ?? ""}`;
  const known = recall<Remembered & { program: Program }>(notes, "programs", key, ({ program }) =>
    store.isPresent(program.path),
  );
  if (known !== undefined) return known;
  const beganMs = Date.now();
  const { program, files } = await captureProgram(store, wanted);
  const captured = { made: signatures(files), program };
  if (areSettled(captured.made, beganMs)) notes.remember("programs", key, captured);
  return captured;
}

interface Bundled extends Remembered {
  code: StorePath;
  /** File, relative to the pipeline -> sha256. */
  files: Record<string, string>;
}

/** What is bundled: the module of a stage, or code of our own. */
type Bundling = Pick<StageNode, "module" | "name" | "place"> & { kind?: StageNode["kind"] };

/** The bundle of a stage in the store; unchanged code is not bundled again. */
export async function bundledOnce(
  { store, notes }: CompileKeep,
  { kind, module = kind === "check" ? CHECK_MODULE : GATE_MODULE, name, place }: Bundling,
  root: string,
): Promise<Bundled> {
  const key = `${root}\0${module}\0${name}`;
  const known = recall<Bundled>(notes, "bundles", key, ({ code }) => store.isPresent(code));
  if (known !== undefined) return known;
  const beganMs = Date.now();
  const { bundleStage } = await import("./bundle.ts");
  const bundle = await bundleStage(module, root, place);
  const { path: code } = await store.addText(`${name}.mjs`, bundle.code);
  notes.keepSourceMap(code, Buffer.from(bundle.sourceMap).toString("utf8"));
  const bundled: Bundled = { code, files: bundle.files, made: signatures(bundle.paths) };
  if (areSettled(bundled.made, beganMs)) notes.remember("bundles", key, bundled);
  return bundled;
}

const GATE_MODULE = ownModule("compile/gate-stage");
/** The evaluator of the audit itself, so that a check and its audit can't differ. */
const CHECK_MODULE = ownModule("evidence/check-stage");
