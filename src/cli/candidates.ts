// Words that complete an argument, from what is cheap to know: names of records and of store files. Nothing is loaded
// or evaluated for them, and no problem with them is worth more than having none.
import { readdirSync } from "node:fs";
import { listRuns, readRun } from "#run/records.ts";
import { layoutOf } from "#store/layout.ts";
import { homeOf, type Host } from "./context.ts";
import type { Candidates } from "./flags.ts";

const STORE_PREFIX = "/nix/store/";

export function proposeCandidates(host: Host, kind: Candidates, partial: string): string[] {
  try {
    return wordsOf(homeOf(host, undefined), kind, partial).filter((word) => word.startsWith(partial));
  } catch {
    return [];
  }
}

function wordsOf(home: string, kind: Candidates, partial: string): string[] {
  if (kind === "run") return ["latest", ...listRuns(home).map(({ runId }) => runId)];
  if (kind === "stage") return readRun(home, "latest").stages.map(({ name }) => name);
  const names = readdirSync(layoutOf(home).storeDir).filter((name) => /^[0-9a-z]{32}-/.test(name));
  return partial.startsWith("/") ? names.map((name) => STORE_PREFIX + name) : names;
}
