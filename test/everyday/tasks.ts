// The same everyday tasks in Pipelite and in Snakemake, run side by side: `tools/everyday-tasks.ts` writes the table from this,
// and everyday.test.ts holds the results to each other.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { removeTree } from "#base/files.ts";

export type Tool = "pipelite" | "snakemake";

export interface Task {
  title: string;
  /** Folder below tasks/; without one, of another task. */
  folder: string;
  words: Record<Tool, string[]>;
  /** Programs in the place of Pipelite's and Snakemake's own. */
  programs?: Partial<Record<Tool, string>>;
  /** Commands that Snakemake's side needs. */
  peers?: string[];
  /** Of Pipelite, before it is timed: what the package manager of the machine did for Snakemake. */
  prepare?: string[][];
  /** What both make, below the folder; or a pattern of what both print. */
  result?: string;
  prints?: RegExp;
  /** Files that are made for it. */
  files?: () => Record<string, string>;
  /** A file that is saved while the tool watches; timed is from there to the new result. */
  saves?: [file: string, text: string];
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

/** The only environment of the pipeline is locked, fetched, unpacked and configured. */
const ENVIRONMENT = [["lock"], ["shell", "--", "true"]];

const points = (): Record<string, string> => ({
  "points.txt": numbers(50)
    .map((n) => `${n} ${3 * n + 7 + (n % 5)}\n`)
    .join(""),
});

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
  {
    title: "Compile and run C",
    folder: "c",
    peers: ["gcc"],
    words: target("primes"),
    prepare: ENVIRONMENT,
    result: "result/primes/primes.txt",
  },
  {
    title: "Python with numpy",
    folder: "numpy",
    peers: ["python3"],
    words: target("fit"),
    prepare: ENVIRONMENT,
    result: "result/fit/fit.txt",
    files: points,
  },
  {
    title: "A plot by R",
    folder: "r",
    peers: ["Rscript"],
    words: target("plot"),
    prepare: ENVIRONMENT,
    result: "result/plot/plot.ps",
    files: points,
  },
  {
    title: "A download with a secret token",
    folder: "secret",
    words: target("data"),
    result: "result/data",
  },
  {
    title: "Watch while editing",
    folder: "watch",
    peers: ["inotifywait"],
    words: { pipelite: ["run", "--watch"], snakemake: ["watch.sh"] },
    programs: { snakemake: "bash" },
    result: "result/counts",
    files: () => ({ "words.txt": "b\na\nb\n" }),
    saves: ["words.txt", "c\nc\na\n"],
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
  /** The same again, with nothing to do; none of a tool that watches. */
  againMs?: number;
}

/** What the server of the tasks asks for, as the tools get it. */
const TOKEN = "everyday-token-1234";

/** Runs a task in a folder of its own. */
export async function runTask(task: Task, tool: Tool): Promise<Done> {
  const base = mkdtempSync(join(tmpdir(), "pipelite-everyday-"));
  const folder = join(base, "work");
  const server = taskServer();
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
    const own = tool === "pipelite" ? PIPELITE : "snakemake";
    const env = { ...process.env, NO_COLOR: "1", PIPELITE_HOME: join(base, "home"), HOME: base, TOKEN };
    if (tool === "pipelite")
      for (const words of task.prepare ?? []) {
        const done = await spawned(own, words, { cwd: folder, env });
        if (done.code !== 0) return { ...done, made: "" };
      }
    const program = task.programs?.[tool] ?? own;
    if (task.saves !== undefined) return await watched(program, task, tool, { cwd: folder, env });
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

/** Starts a tool that watches, and once it has its first result and waits, saves a file: until the result is another. */
async function watched(
  program: string,
  { words, result = "", saves: [file, text] = ["", ""] }: Task,
  tool: Tool,
  options: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<Done> {
  const child = spawn(program, words[tool], { ...options, detached: true, stdio: "ignore" });
  const closed = once(child, "close");
  const made = (): string | undefined => {
    try {
      return readFileSync(join(options.cwd, result), "utf8");
    } catch {
      return undefined;
    }
  };
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) {
      if (child.exitCode !== null) throw new Error(`${program} ended by itself with ${child.exitCode}`);
      await sleep(5);
    }
  };
  try {
    await until(() => (made() ?? "") !== "");
    // Whoever saves before inotifywait runs is not heard by it.
    if (tool === "snakemake") await until(() => namesOfChildren(child.pid).includes("inotifywait"));
    await sleep(1000);
    const before = made();
    const savedAt = performance.now();
    writeFileSync(join(options.cwd, file), text);
    await until(() => made() !== before && (made() ?? "") !== "");
    return { code: 0, made: made() ?? "", stderr: "", ms: performance.now() - savedAt };
  } finally {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    await closed;
  }
}

function namesOfChildren(pid: number | undefined): string[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
  return children.flatMap((child) => {
    try {
      return [readFileSync(`/proc/${child}/comm`, "utf8").trim()];
    } catch {
      return [];
    }
  });
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

/** A server whose first answer is a refusal, and that gives one file to those only who have the token. */
function taskServer(): { port: Promise<number>; close: () => void } {
  let asked = 0;
  const server = createServer((request, response) => {
    if (request.url === "/secret.txt") {
      if (request.headers.authorization === `Bearer ${TOKEN}`) response.end("for those who have the token\n");
      else response.writeHead(401).end();
      return;
    }
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
