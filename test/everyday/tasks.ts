// The same everyday tasks in Pipelite and in Snakemake, run side by side: `tools/everyday-tasks.ts` writes the table from this,
// and everyday.test.ts holds the results to each other.
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeTree } from "#base/files.ts";

export type Tool = "pipelite" | "snakemake";

export interface Task {
  title: string;
  /** Folder below tasks/; without one, of another task. */
  folder: string;
  words: Record<Tool, string[]>;
  /** What both make, below the folder; or a pattern of what both print. */
  result?: string;
  prints?: RegExp;
  /** Files that are made for it. */
  files?: () => Record<string, string>;
}

/** A task that is not run, and why. */
export interface Unavailable {
  title: string;
  reason: string;
}

const RUN = {
  pipelite: ["run"],
  snakemake: ["--cores", "2", "--quiet", "all", "--"],
};

const target = (name: string): Task["words"] => ({
  pipelite: RUN.pipelite,
  snakemake: [...RUN.snakemake, name],
});

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

export const TASKS: readonly Task[] = [
  {
    title: "One script over one file",
    folder: "one-file",
    words: target("counts"),
    result: "result/counts",
    files: () => ({ "words.txt": "b\na\nb\nc\nb\na\n" }),
  },
  {
    title: "300 files, one stage each, and collect",
    folder: "map",
    words: target("total"),
    result: "result/total/total.txt",
    files: () => Object.fromEntries(numbers(300).map((n) => [`data/${n}.txt`, "x".repeat(n)])),
  },
  {
    title: "Sweep of two parameters",
    folder: "sweep",
    words: target("best"),
    result: "result/best/best.txt",
  },
  {
    title: "A download that fails at first",
    folder: "flaky",
    words: { ...target("data"), pipelite: ["run", "--retries", "3"] },
    result: "result/data",
  },
  {
    title: "The graph, for Graphviz",
    folder: "sweep",
    words: { pipelite: ["graph", "--format", "dot"], snakemake: ["--dag", "best"] },
    prints: /^digraph .*->/s,
  },
];

/** The other everyday tasks: of each what keeps it from being run here. */
export const UNAVAILABLE: readonly Unavailable[] = [
  { title: "Compile and run C", reason: "not compared yet; examples/languages does it in an environment" },
  { title: "Python with numpy", reason: "not compared yet; examples/languages does it in an environment" },
  { title: "A plot by R", reason: "not compared yet; examples/languages does it in an environment" },
  { title: "A secret token", reason: "not compared yet; test/run/secrets.test.ts does it" },
  {
    title: "Watch while editing",
    reason: "`pipelite run --watch` is run by test/cli/watch.test.ts; Snakemake has no such command",
  },
];

const TASKS_FOLDER = join(import.meta.dirname, "tasks");
const PIPELITE = join(import.meta.dirname, "../../bin/pipelite");

export interface Done {
  code: number | null;
  /** The result, or what was printed. */
  made: string;
  stderr: string;
  ms: number;
  /** The same again, with nothing to do. */
  againMs: number;
}

/** Runs a task in a folder of its own. */
export async function runTask(task: Task, tool: Tool): Promise<Done> {
  const base = mkdtempSync(join(tmpdir(), "pipelite-everyday-"));
  const folder = join(base, "work");
  const server = flakyServer();
  try {
    cpSync(join(TASKS_FOLDER, task.folder, tool), folder, { recursive: true });
    const port = await server.port;
    for (const name of readdirSync(folder)) {
      const file = join(folder, name);
      writeFileSync(file, readFileSync(file, "utf8").replaceAll("PORT", String(port)));
    }
    for (const [name, text] of Object.entries(task.files?.() ?? {})) {
      mkdirSync(join(folder, name, ".."), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const program = tool === "pipelite" ? PIPELITE : "snakemake";
    const env = { ...process.env, NO_COLOR: "1", PIPELITE_HOME: join(base, "home"), HOME: base };
    const first = await spawned(program, task.words[tool], { cwd: folder, env });
    const again = await spawned(program, task.words[tool], { cwd: folder, env });
    const made =
      task.result === undefined || first.code !== 0
        ? first.stdout
        : readFileSync(join(folder, task.result), "utf8");
    return { code: first.code, made, stderr: first.stderr, ms: first.ms, againMs: again.ms };
  } finally {
    server.close();
    removeTree(base);
    rmSync(base, { recursive: true, force: true });
  }
}

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
  ms: number;
}

function spawned(
  program: string,
  words: string[],
  options: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<Ended> {
  const start = performance.now();
  const child = spawn(program, words, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr, ms: performance.now() - start }));
  });
}

/** A server whose first answer is a refusal. */
function flakyServer(): { port: Promise<number>; close: () => void } {
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    if (asked === 1) response.writeHead(503).end();
    else response.end("flaky but whole\n");
  });
  const port = new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
  return { port, close: () => void server.close() };
}

/** Lines that somebody writes: neither empty nor a comment. */
export function linesOf(task: Task, tool: Tool): number {
  const folder = join(TASKS_FOLDER, task.folder, tool);
  const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
  return texts
    .flatMap((text) => text.split("\n"))
    .filter((line) => line.trim() !== "" && !/^\s*(\/\/|#)/.test(line)).length;
}
