// The floors of the house: an import goes only to a lower floor, or sideways where a line here says so; the formats touch
// nothing outside the process; the environment is read by the faces only. A folder that stands on no floor is an error.
import { readFileSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";

/** From the top to the bottom; ARCHITECTURE.md says what each folder is. */
export const FLOORS: readonly { floor: string; folders: readonly string[] }[] = [
  { floor: "faces", folders: ["cli", "view"] },
  { floor: "app", folders: ["app"] },
  { floor: "doing", folders: ["run"] },
  { floor: "telling", folders: ["report", "standards", "history", "trace"] },
  { floor: "judging", folders: ["evidence", "release"] },
  { floor: "keeping", folders: ["home"] },
  { floor: "making", folders: ["author", "compile", "engine"] },
  { floor: "machinery", folders: ["store", "sandbox", "keys"] },
  { floor: "formats", folders: ["nix", "sigstore", "formula", "chart", "stats", "lean"] },
  { floor: "ground", folders: ["base"] },
];

/** Imports within a floor, each by name: `[from, to]`. They make no circle. */
export const SIDEWAYS: readonly (readonly [from: string, to: string])[] = [
  ["cli", "view"],
  ["report", "standards"],
  ["report", "trace"],
  ["release", "evidence"],
  ["compile", "author"],
  ["chart", "stats"],
  ["formula", "stats"],
  ["stats", "nix"],
  ["sigstore", "nix"],
];

const PURE = new Set(["nix", "sigstore", "formula", "chart", "stats", "lean", "trace"]);
const IMPURE_MODULES =
  /^node:(fs|net|http|https|dns|child_process|os|process|timers|worker_threads|sqlite|ffi)/;
const IMPURE_WORDS =
  /\b(Date\.now|new Date\(\)|performance\.now|Math\.random|process\.(env|cwd|platform)|fetch\()/;
const PRINTING = /\b(console\.(log|error|warn|info)|process\.(stdout|stderr)\.write|process\.exit)\b/;
/** Every value goes on the stack, which ends at some 120,000 of them. */
const SPREAD = /\bMath\.(min|max|hypot)\(([^()]*[ ,])?\.\.\./;
/** Code that runs inside the sandbox speaks through its log. */
const PRINTS_IN_SANDBOX = new Set(["compile/runtime.ts", "compile/gate-stage.ts"]);

export interface Violation {
  file: string;
  line: number;
  problem: string;
}

export interface LayerReport {
  filesChecked: number;
  violations: Violation[];
}

/** Checks every TypeScript file below `root`, a folder that is laid out like src/. */
export function checkLayers(root: string): LayerReport {
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
  const violations = files.flatMap((file) => checkFile(root, file));
  return { filesChecked: files.length, violations };
}

function checkFile(root: string, file: string): Violation[] {
  const [folder = ""] = file.split("/");
  const isEntry = !file.includes("/");
  // A file in a folder of its layer (cli/commands) reaches the rest of that layer by `#`.
  const isNested = file.split("/").length > 2;
  const found: Violation[] = [];
  const lines = readFileSync(join(root, file), "utf8").split("\n");
  if (lines.length > MAX_LINES)
    found.push({ file, line: MAX_LINES, problem: `more than ${MAX_LINES} lines` });
  if (!isEntry && floorOf(folder) === -1)
    found.push({ file, line: 1, problem: `'${folder}' is on no floor` });
  lines.forEach((text, index) => {
    const add = (problem: string) => found.push({ file, line: index + 1, problem });
    const specifier = /(?:^\s*(?:import|export)\b.*?\bfrom |^\} from |\bimport\()"([^"]+)"/.exec(text)?.[1];
    if (specifier !== undefined) checkImport({ folder, isEntry, isNested }, specifier, add);
    const isComment = /^\s*(\/\/|\*|\/\*)/.test(text);
    if (isComment) return;
    if (PURE.has(folder) && IMPURE_WORDS.test(text)) add(`'${folder}' is pure`);
    if (SPREAD.test(text)) add("data as arguments: take largest and smallest of #base/extremes.ts");
    if (folder !== "cli" && !PRINTS_IN_SANDBOX.has(file) && PRINTING.test(text))
      add("only cli prints and exits");
  });
  return found;
}

const MAX_LINES = 400;

interface Place {
  folder: string;
  isEntry: boolean;
  isNested: boolean;
}

function checkImport(
  { folder, isEntry, isNested }: Place,
  specifier: string,
  add: (problem: string) => void,
): void {
  if (specifier.startsWith("../")) add(`'${specifier}' leaves its folder: import from #`);
  const [target] = specifier.startsWith("#") ? specifier.slice(1).split("/") : [];
  if (target !== undefined && target !== "manifest") {
    if (floorOf(target) === -1) add(`'${target}' is on no floor`);
    const isOwn = isNested && target === folder;
    if (!isEntry && !isOwn && floorOf(target) !== -1 && !mayImport(folder, target))
      add(`'${folder}' may not import from '${target}'`);
  }
  if (PURE.has(folder) && IMPURE_MODULES.test(specifier))
    add(`'${folder}' is pure and may not import '${specifier}'`);
}

function mayImport(from: string, to: string): boolean {
  return floorOf(to) > floorOf(from) || SIDEWAYS.some(([left, right]) => left === from && right === to);
}

function floorOf(folder: string): number {
  return FLOORS.findIndex(({ folders }) => folders.includes(folder));
}
