// Programs and bundles are remembered with the stat signatures of the files they were made from, so that nothing is
// read twice.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { canonicalJson } from "#base/canonical-json.ts";
import { writeFileAtomically } from "#base/files.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import type { StageNode } from "./graph.ts";
import { ownModule } from "#base/own-code.ts";
import type { Program, ProgramToCapture } from "./program.ts";
import { captureProgram } from "./program.ts";
import { areSettled, areUnchanged, signatures } from "./file-stamps.ts";

/** `<home>/pipelite/memo/<kind>/<sha256 of key>.json` */
function memoFile(home: string, kind: string, key: string): string {
  const digest = createHash("sha256").update(key).digest("hex");
  return join(home, "pipelite", "memo", kind, `${digest}.json`);
}

interface Remembered {
  /** Absolute path -> stat signature. */
  made: Record<string, string>;
}

function recall<T extends Remembered>(file: string, isWhole: (value: T) => boolean): T | undefined {
  let value: T;
  try {
    value = JSON.parse(readFileSync(file, "utf8")) as T;
  } catch {
    return undefined;
  }
  return areUnchanged(value.made) && isWhole(value) ? value : undefined;
}

function memorise(file: string, value: Remembered, beganMs: number): void {
  if (areSettled(value.made, beganMs)) writeFileAtomically(file, canonicalJson(value));
}

/** Like captureProgram; unchanged programs are not read again. */
export async function capturedOnce(
  store: Store,
  wanted: ProgramToCapture,
): Promise<Remembered & { program: Program }> {
  const file = memoFile(store.home, "programs", `${wanted.executable}\0${wanted.name}`);
  const known = recall<Remembered & { program: Program }>(file, ({ program }) =>
    store.isPresent(program.path),
  );
  if (known !== undefined) return known;
  const beganMs = Date.now();
  const { program, files } = await captureProgram(store, wanted);
  const captured = { made: signatures(files), program };
  memorise(file, captured, beganMs);
  return captured;
}

interface Bundled extends Remembered {
  code: StorePath;
  /** File, relative to the pipeline -> sha256. */
  files: Record<string, string>;
}

/** The bundle of a stage in the store; unchanged code is not bundled again. */
export async function bundledOnce(store: Store, node: StageNode, root: string): Promise<Bundled> {
  const module = node.module ?? GATE_MODULE;
  const file = memoFile(store.home, "bundles", `${root}\0${module}\0${node.name}`);
  const known = recall<Bundled>(file, ({ code }) => store.isPresent(code));
  if (known !== undefined) return known;
  const beganMs = Date.now();
  const { bundleStage } = await import("./bundle.ts");
  const bundle = await bundleStage(module, root, node.place);
  const { path: code } = await store.addText(`${node.name}.mjs`, bundle.code);
  writeFileAtomically(sourceMapFile(store.home, code), bundle.sourceMap);
  const bundled: Bundled = { code, files: bundle.files, made: signatures(bundle.paths) };
  memorise(file, bundled, beganMs);
  return bundled;
}

const GATE_MODULE = ownModule("compile/gate-stage");

/** Where the source map of a bundle is kept, for showing stack traces. */
export function sourceMapFile(home: string, code: string): string {
  return join(home, "pipelite", "maps", `${basename(code)}.map`);
}
