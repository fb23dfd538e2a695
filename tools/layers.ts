// The layer rule: an import goes only to a folder further down, and the pure folders touch nothing outside the process.
// A folder that is not in the list is an error, so a new one is a decision.
import { readFileSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";

/** From the top to the bottom; ARCHITECTURE.md says what each is. */
export const LAYERS = [
  "cli",
  "view",
  "run",
  "documents",
  "release",
  "history",
  "trace",
  "evidence",
  "build",
  "define",
  "sandbox",
  "sign",
  "store",
  "lean",
  "quality",
  "nix",
  "base",
] as const;

const PURE = new Set(["nix", "quality", "lean", "trace"]);
const IMPURE_MODULES =
  /^node:(fs|net|http|https|dns|child_process|os|process|timers|worker_threads|sqlite|ffi)/;
const IMPURE_WORDS =
  /\b(Date\.now|new Date\(\)|performance\.now|Math\.random|process\.(env|cwd|platform)|fetch\()/;
const PRINTING = /\b(console\.(log|error|warn|info)|process\.(stdout|stderr)\.write|process\.exit)\b/;
/** Code that runs inside the sandbox speaks through its log. */
const PRINTS_IN_SANDBOX = new Set(["define/runtime.ts", "define/gate-stage.ts"]);

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
  if (lines.length > MAX_LINES && !TABLES.has(file))
    found.push({ file, line: MAX_LINES, problem: `more than ${MAX_LINES} lines` });
  if (!isEntry && level(folder) === -1) found.push({ file, line: 1, problem: `'${folder}' is not a layer` });
  lines.forEach((text, index) => {
    const add = (problem: string) => found.push({ file, line: index + 1, problem });
    const specifier = /(?:^\s*(?:import|export)\b.*?\bfrom |^\} from |\bimport\()"([^"]+)"/.exec(text)?.[1];
    if (specifier !== undefined) checkImport({ folder, isEntry, isNested }, specifier, add);
    const isComment = /^\s*(\/\/|\*|\/\*)/.test(text);
    if (isComment) return;
    if (PURE.has(folder) && IMPURE_WORDS.test(text)) add(`'${folder}' is pure`);
    if (folder !== "cli" && !PRINTS_IN_SANDBOX.has(file) && PRINTING.test(text))
      add("only cli prints and exits");
  });
  return found;
}

const MAX_LINES = 400;
/** Data, not code. */
const TABLES = new Set(["base/error-table.ts"]);

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
    if (level(target) === -1) add(`'${target}' is not a layer`);
    const isOwn = isNested && target === folder;
    if (!isEntry && !isOwn && level(target) !== -1 && level(target) <= level(folder))
      add(`'${folder}' may not import from '${target}'`);
  }
  if (PURE.has(folder) && IMPURE_MODULES.test(specifier))
    add(`'${folder}' is pure and may not import '${specifier}'`);
}

function level(folder: string): number {
  return (LAYERS as readonly string[]).indexOf(folder);
}
