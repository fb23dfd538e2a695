// The programs that environments are made and entered by, as paths of the store.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OWN_FOLDER, ownModule } from "#base/own-code.ts";
import type { Entrance, EnvironmentPrograms, OwnStage } from "#environment/programs.ts";
import { writeEntrance, type EntranceName } from "#sandbox/entrances.ts";
import type { Store } from "#store/store.ts";
import { invokeStage } from "./invoke-stage.ts";
import { bundledOnce, capturedOnce, type CompileKeep } from "./memo.ts";

export function environmentPrograms(keep: CompileKeep): EnvironmentPrograms {
  const stages = new Map<string, Promise<OwnStage>>();
  const entrances = new Map<EntranceName, Promise<Entrance>>();
  return {
    stage: (module) => onceOf(stages, module, () => ownStage(keep, module)),
    entrance: (name) => onceOf(entrances, name, () => addEntrance(keep.store, name)),
  };
}

function onceOf<K, V>(made: Map<K, Promise<V>>, key: K, make: () => Promise<V>): Promise<V> {
  const known = made.get(key);
  if (known !== undefined) return known;
  const value = make();
  made.set(key, value);
  return value;
}

async function ownStage(keep: CompileKeep, module: string): Promise<OwnStage> {
  const name = module.slice(module.lastIndexOf("/") + 1);
  const place = `pipelite/${module}`;
  const [{ program }, { code }] = await Promise.all([
    capturedOnce(keep, { executable: process.execPath, name: `node-${process.versions.node}`, place }),
    bundledOnce(keep, { module: ownModule(module), name, place }, OWN_FOLDER),
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
  const folder = mkdtempSync(join(tmpdir(), "pipelite-entrance-"));
  try {
    const file = join(folder, name);
    writeFileSync(file, writeEntrance(name, process.arch === "arm64" ? "arm64" : "x64"));
    chmodSync(file, 0o755);
    const { path } = await store.addGathered(`pipelite-${name}`, { [`bin/${name}`]: file });
    return { source: path, file: `${path}/bin/${name}` };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
