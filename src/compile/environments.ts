// The programs that environments are made and entered by, as paths of the store.
import { createHash } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utf8 } from "#base/bytes.ts";
import { OWN_FOLDER, ownModule } from "#base/own-code.ts";
import type { Entrance, EnvironmentPrograms, OwnStage } from "#environment/programs.ts";
import { writeEntrance, type EntranceName } from "#sandbox/entrances.ts";
import { NarWriter } from "#nix/nar.ts";
import { makeSourcePath, type StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import { invokeStage } from "./invoke-stage.ts";
import { bundledOnce, capturedOnce, onceInThisRun, type CompileKeep } from "./memo.ts";

export function environmentPrograms(keep: CompileKeep): EnvironmentPrograms {
  const stages = new Map<string, Promise<OwnStage>>();
  const entrances = new Map<EntranceName, Promise<Entrance>>();
  return {
    stage: (module) => onceInThisRun(stages, module, () => ownStage(keep, module)),
    entrance: (name) => onceInThisRun(entrances, name, () => addEntrance(keep.store, name)),
  };
}

async function ownStage(keep: CompileKeep, module: string): Promise<OwnStage> {
  const name = module.slice(module.lastIndexOf("/") + 1);
  const place = `pipelite/${module}`;
  const [{ program }, { code }] = await Promise.all([
    capturedOnce(keep, { executable: process.execPath, name: `node-${process.versions.node}`, place }),
    bundledOnce(keep, { module: ownModule(module), place }, OWN_FOLDER),
  ]);
  return {
    sources: [program.path, code],
    invoke: (given, params) => {
      const inputs: Record<string, string> = {};
      const groups: Record<string, string[]> = {};
      for (const [key, value] of Object.entries(given)) {
        if (typeof value === "string") inputs[key] = value;
        else {
          groups[key] = value.map((_, index) => `${key}.${index}`);
          for (const [index, path] of value.entries()) inputs[`${key}.${index}`] = path;
        }
      }
      return invokeStage(program, code, { name, inputs, groups, params: { ...params } });
    },
  };
}

async function addEntrance(store: Store, name: EntranceName): Promise<Entrance> {
  const program = writeEntrance(name, process.arch === "arm64" ? "arm64" : "x64");
  const known = pathOfProgram(`pipelite-${name}`, name, program);
  await store.addTempRoot(known);
  if (store.isPresent(known)) return { source: known, file: `${known}/bin/${name}` };
  const folder = mkdtempSync(join(tmpdir(), "pipelite-entrance-"));
  try {
    const file = join(folder, name);
    writeFileSync(file, program);
    chmodSync(file, 0o755);
    const { path } = await store.addGathered(`pipelite-${name}`, { [`bin/${name}`]: file });
    return { source: path, file: `${path}/bin/${name}` };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The path of a source that holds one program, `bin/NAME`: no file is needed to tell it. */
function pathOfProgram(sourceName: string, name: string, program: Uint8Array): StorePath {
  const hash = createHash("sha256");
  const nar = new NarWriter((chunk) => hash.update(chunk));
  for (const entry of ["bin", name]) {
    nar.startDirectory();
    nar.entry(utf8(entry));
  }
  nar.startFile(true, program.length);
  nar.content(program);
  nar.endFile();
  for (let depth = 0; depth < 2; depth += 1) {
    nar.endEntry();
    nar.endDirectory();
  }
  nar.end();
  return makeSourcePath({ name: sourceName, narSha256: hash.digest() });
}
