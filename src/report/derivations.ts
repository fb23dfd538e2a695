// What was fixed before a run, read from the derivations that its record names.
import { existsSync, readFileSync } from "node:fs";
import { stageVariable } from "#evidence/stage-variable.ts";
import type { Home } from "#home/home.ts";
import type { RunRecord } from "#home/run-record.ts";
import { parseDerivation } from "#nix/derivation.ts";
import { parseStorePath, storePathName } from "#nix/store-path.ts";
import { resolvePattern } from "#standards/facts.ts";
import type { DerivationView } from "#standards/input.ts";

type Leaf = DerivationView["parameters"][number];

/** The derivations of the stages whose files are still in the store. */
export function readDerivations(home: Home, { stages }: RunRecord): DerivationView[] {
  return stages.flatMap(({ name, kind, drvPath }) => {
    const file = drvPath === undefined ? undefined : home.physical(drvPath);
    if (drvPath === undefined || file === undefined || !existsSync(file)) return [];
    const storeName = storePathName(parseStorePath(drvPath)).replace(/\.drv$/, "");
    const { system, builder, env, inputSrcs } = parseDerivation(readFileSync(file), storeName);
    // The environment of a command is its author's own.
    const isStage = kind === "stage" || kind === "gate" || kind === "check";
    const described = isStage ? stageVariable({ env }) : undefined;
    const [params] = described === undefined ? [] : resolvePattern(described, "/params");
    return [
      { stage: name, drvPath, system, builder, sources: inputSrcs, parameters: leavesOf(params?.value) },
    ];
  });
}

function leavesOf(value: unknown, pointer = ""): Leaf[] {
  if (typeof value === "object" && value !== null) {
    return resolvePattern(value, "/*").flatMap((member) => leavesOf(member.value, pointer + member.pointer));
  }
  if (value === null || ["string", "number", "boolean"].includes(typeof value))
    return pointer === "" ? [] : [{ pointer, value: value as Leaf["value"] }];
  return [];
}
