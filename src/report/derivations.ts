// What was fixed before a run, read from the derivations that its record names.
import { existsSync, readFileSync } from "node:fs";
import { stageVariable } from "#evidence/stage-variable.ts";
import type { Home } from "#home/home.ts";
import type { RunRecord } from "#home/run-record.ts";
import { parseDerivation, type Derivation } from "#nix/derivation.ts";
import { parseStorePath, storePathName } from "#nix/store-path.ts";
import { resolvePattern } from "#standards/facts.ts";
import type { DerivationView } from "#standards/input.ts";

type Leaf = DerivationView["parameters"][number];

/** The derivations of the stages whose files are still in the store. One is read when something of it is asked for. */
export function readDerivations(home: Home, { stages }: RunRecord): DerivationView[] {
  return stages.flatMap(({ name, kind, drvPath }) => {
    const file = drvPath === undefined ? undefined : home.physical(drvPath);
    if (drvPath === undefined || file === undefined || !existsSync(file)) return [];
    // The environment of a command is its author's own.
    const isStage = kind === "stage" || kind === "gate" || kind === "check";
    return [readLater(name, drvPath, { file, isStage })];
  });
}

function readLater(
  stage: string,
  drvPath: string,
  { file, isStage }: { file: string; isStage: boolean },
): DerivationView {
  let known: Derivation | undefined;
  const read = (): Derivation => {
    const storeName = storePathName(parseStorePath(drvPath)).replace(/\.drv$/, "");
    return (known ??= parseDerivation(readFileSync(file), storeName));
  };
  let parameters: Leaf[] | undefined;
  return {
    stage,
    drvPath,
    get system() {
      return read().system;
    },
    get builder() {
      return read().builder;
    },
    get sources() {
      return read().inputSrcs;
    },
    get parameters() {
      return (parameters ??= isStage ? parametersOf(read()) : []);
    },
  };
}

function parametersOf({ env }: Derivation): Leaf[] {
  const described = stageVariable({ env });
  const [params] = described === undefined ? [] : resolvePattern(described, "/params");
  return leavesOf(params?.value);
}

function leavesOf(value: unknown, pointer = ""): Leaf[] {
  if (typeof value === "object" && value !== null) {
    return resolvePattern(value, "/*").flatMap((member) => leavesOf(member.value, pointer + member.pointer));
  }
  if (value === null || ["string", "number", "boolean"].includes(typeof value))
    return pointer === "" ? [] : [{ pointer, value: value as Leaf["value"] }];
  return [];
}
