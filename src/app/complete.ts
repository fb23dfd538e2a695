// What a shell may complete with, from what is cheap to know: names of records and of store files. Nothing is loaded or
// evaluated for it.
import { readdirSync } from "node:fs";
import { openHome, whichRun } from "./home.ts";
import { layoutOf } from "#store/layout.ts";

const STORE_PREFIX = "/nix/store/";

/**
 * Runs, the stages of the latest run of a folder's pipeline, or store paths; paths start as `partial` does. No problem is worth an
 * error here.
 */
export function knownWords(
  home: string,
  folder: string,
  kind: "run" | "stage" | "store-path",
  partial: string,
): string[] {
  try {
    if (kind === "run") return ["latest", ...openHome(home).runs.ids()];
    if (kind === "stage")
      return openHome(home)
        .runs.find(whichRun(folder))
        .record.stages.map(({ name }) => name);
    const names = readdirSync(layoutOf(home).storeDir).filter((name) => /^[0-9a-z]{32}-/.test(name));
    return partial.startsWith("/") ? names.map((name) => STORE_PREFIX + name) : names;
  } catch {
    return [];
  }
}
