// The Monster Walk's proof, as the first stage of the flagship exports it.
import "../rig/own-libraries.ts";
import { computeFacts } from "../../examples/monster-walk/mathematics/facts.ts";

export async function monsterWalkExport(): Promise<string> {
  const { monsterWalkLean } = await import("../../examples/monster-walk/lean/index.ts");
  return monsterWalkLean(computeFacts()).ndjson;
}
