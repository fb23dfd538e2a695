// The floors of the house: an import goes only to a lower floor, or sideways where a line here says so, and never in a
// circle; a face calls nothing but app/; the formats touch nothing outside the process. A folder that stands on no floor is
// an error.
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";

/** From the top to the bottom; ARCHITECTURE.md says what each folder is. */
export const FLOORS: readonly { floor: string; folders: readonly string[] }[] = [
  { floor: "faces", folders: ["api", "cli", "view"] },
  { floor: "app", folders: ["app"] },
  { floor: "doing", folders: ["run", "export", "ship"] },
  { floor: "telling", folders: ["report", "standards", "history", "trace"] },
  { floor: "judging", folders: ["evidence", "supply", "rebuild", "release", "archive"] },
  { floor: "keeping", folders: ["home"] },
  { floor: "making", folders: ["author", "environment", "compile", "engine", "cache"] },
  { floor: "machinery", folders: ["store", "sandbox", "keys", "secrets"] },
  {
    floor: "formats",
    folders: ["nix", "sigstore", "sbom", "tlog", "package", "formula", "chart", "stats", "lean"],
  },
  { floor: "ground", folders: ["base"] },
];

/** Imports within a floor, each by name: `[from, to]`. They make no circle. */
export const SIDEWAYS: readonly (readonly [from: string, to: string])[] = [
  ["cli", "view"],
  ["export", "run"],
  ["report", "standards"],
  ["report", "trace"],
  ["archive", "supply"],
  ["rebuild", "supply"],
  ["release", "evidence"],
  ["release", "rebuild"],
  ["release", "supply"],
  ["environment", "author"],
  ["environment", "cache"],
  ["compile", "author"],
  ["compile", "environment"],
  ["chart", "stats"],
  ["formula", "stats"],
  ["stats", "nix"],
  ["sigstore", "nix"],
  ["tlog", "nix"],
  ["tlog", "sigstore"],
  ["sbom", "nix"],
  ["package", "nix"],
  ["sbom", "package"],
];

const PURE = new Set([
  "nix",
  "sigstore",
  "sbom",
  "tlog",
  "package",
  "formula",
  "chart",
  "stats",
  "lean",
  "trace",
]);
const IMPURE_MODULES =
  /^node:(fs|net|tls|dgram|http|http2|https|dns|child_process|cluster|os|process|timers|worker_threads|sqlite|ffi|v8|vm|module)\b/;
const IMPURE_WORDS =
  /\b(Date\.now|new Date\(\)|performance\.now|Math\.random|process(\.(?!getBuiltinModule\b)|\[|[;)])|fetch\(|crypto\.)/;
/** Of node:crypto only what always gives the same: hashes, and signatures by keys that are handed in. */
const RANDOM_WORDS =
  /\b(random(Bytes|UUID|Int|Fill)\w*|getRandomValues|generate(Key|KeyPair|Prime)(Sync)?|webcrypto|createDiffieHellman|createECDH)\b/;
const PRINTING = /\b(console\.(log|error|warn|info)|process\.(stdout|stderr)\.write|process\.exit)\b/;
/** The environment, by any of its names. */
const ENVIRONMENT = /\bprocess(\.env\b|\[)|\benv\b[^;]*\} = process\b|\bloadEnvFile\b/;
/** Inside the sandbox it is what the derivation gives; and what a pipeline.ts reads of it while it is loaded is watched. */
const MAY_READ_ENVIRONMENT = new Set([
  "compile/runtime.ts",
  "compile/command-runner.ts",
  "compile/provided-packages.ts",
  "compile/readings.ts",
]);
/** Every value goes on the stack, which ends at some 120,000 of them. */
const SPREAD = /\bMath\.(min|max|hypot)\(([^()]*[ ,])?\.\.\./;
/** Code that runs inside the sandbox speaks through its log. */
const PRINTS_IN_SANDBOX = new Set([
  "compile/runtime.ts",
  "compile/gate-stage.ts",
  "compile/stage-end.ts",
  "compile/command-runner.ts",
  "evidence/check-stage.ts",
]);
/** A face is told what there is by app/; of what stands below it names types only. `base` and `view` are words and shapes. */
const CALLED_BY_FACES = new Set(["app", "base", "view", "cli", "api", "manifest"]);
/** The reference page and the tests read the rows of every floor there. */
const READS_ALL_FLOORS = new Set(["cli/error-rows.ts"]);

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
  const texts = new Map(files.map((file) => [file, readFileSync(join(root, file), "utf8")]));
  const violations = [...texts].flatMap(([file, text]) => checkFile(file, text));
  return { filesChecked: files.length, violations: [...violations, ...findCircles(texts)] };
}

function checkFile(file: string, text: string): Violation[] {
  const [folder = ""] = file.split("/");
  const isEntry = !file.includes("/");
  const found: Violation[] = [];
  const lines = text.split("\n");
  if (lines.length > MAX_LINES)
    found.push({ file, line: MAX_LINES, problem: `more than ${MAX_LINES} lines` });
  if (!isEntry && floorOf(folder) === -1)
    found.push({ file, line: 1, problem: `'${folder}' is on no floor` });
  for (const each of importsOf(text)) {
    for (const problem of importProblems(file, each)) found.push({ file, line: each.line, problem });
  }
  lines.forEach((words, index) => {
    const add = (problem: string) => found.push({ file, line: index + 1, problem });
    const isComment = /^\s*(\/\/|\*|\/\*)/.test(words);
    if (isComment) return;
    if (PURE.has(folder) && (IMPURE_WORDS.test(words) || RANDOM_WORDS.test(words)))
      add(`'${folder}' is pure`);
    if (
      !isFace(folder) &&
      !MAY_READ_ENVIRONMENT.has(file) &&
      ENVIRONMENT.test(words) &&
      !/"process\.env/.test(words)
    )
      add("the environment is read by a face and handed down");
    if (SPREAD.test(words)) add("data as arguments: take largest and smallest of #base/extremes.ts");
    if (folder !== "cli" && !PRINTS_IN_SANDBOX.has(file) && PRINTING.test(words))
      add("only cli prints and exits");
  });
  return found;
}

const MAX_LINES = 400;

interface Import {
  specifier: string;
  /** Only types are taken: nothing of it is there at run time. */
  isType: boolean;
  line: number;
}

/** Statements, calls of import(), and the same by the back door. */
const IMPORT =
  /^[ \t]*(?:import|export)\b(?<type> type\b)?[^;"']*?\bfrom\s*"(?<from>[^"]+)"|^[ \t]*import\s*"(?<effect>[^"]+)"|\b(?:import|getBuiltinModule|require)\(\s*"(?<call>[^"]+)"/gm;

function importsOf(text: string): Import[] {
  return [...text.matchAll(IMPORT)].map(({ groups = {}, index, 0: whole }) => ({
    specifier: groups["from"] ?? groups["effect"] ?? groups["call"] ?? "",
    isType: groups["type"] !== undefined,
    line: text.slice(0, index + whole.length).split("\n").length,
  }));
}

function importProblems(file: string, { specifier, isType }: Import): string[] {
  const [folder = ""] = file.split("/");
  const isEntry = !file.includes("/");
  const problems: string[] = [];
  if (specifier.startsWith("../")) problems.push(`'${specifier}' leaves its folder: import from #`);
  const [target] = specifier.startsWith("#") ? specifier.slice(1).split("/") : [];
  if (target !== undefined && target !== "manifest") {
    // A file in a folder of its layer (cli/commands) reaches the rest of that layer by `#`.
    const isOwn = target === folder && file.split("/").length > 2;
    if (floorOf(target) === -1) problems.push(`'${target}' is on no floor`);
    else if (!isEntry && !isOwn && !mayImport(folder, target))
      problems.push(`'${folder}' may not import from '${target}'`);
    if (isFace(folder) && !isType && !CALLED_BY_FACES.has(target) && !READS_ALL_FLOORS.has(file))
      problems.push(`'${folder}' is a face: it asks app/ for what '${target}' does`);
  }
  if (PURE.has(folder) && IMPURE_MODULES.test(specifier))
    problems.push(`'${folder}' is pure and may not import '${specifier}'`);
  return problems;
}

function mayImport(from: string, to: string): boolean {
  return floorOf(to) > floorOf(from) || SIDEWAYS.some(([left, right]) => left === from && right === to);
}

function isFace(folder: string): boolean {
  return FLOORS[0]?.folders.includes(folder) === true;
}

function floorOf(folder: string): number {
  return FLOORS.findIndex(({ folders }) => folders.includes(folder));
}

/** Files that import each other in a circle, be it for types only or when something is called. */
function findCircles(texts: ReadonlyMap<string, string>): Violation[] {
  const targets = new Map([...texts].map(([file, text]) => [file, targetsOf(file, text, texts)]));
  const done = new Set<string>();
  const violations: Violation[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) {
      const problem = `imports in a circle: ${[...path.slice(at), file].join(" -> ")}`;
      violations.push({ file, line: 1, problem });
    }
    if (at >= 0 || done.has(file)) return;
    for (const target of targets.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of texts.keys()) visit(file, []);
  return violations;
}

function targetsOf(file: string, text: string, texts: ReadonlyMap<string, string>): string[] {
  return importsOf(text).flatMap(({ specifier }) => {
    const target = specifier.startsWith("#") ? specifier.slice(1) : normalize(join(dirname(file), specifier));
    return texts.has(target) ? [target] : [];
  });
}
