// Runs inside the sandbox, behind a stage that has returned its files: sees to it that the process ends. What can go on for
// ever (a timer, a server, a port) is left behind and named. What may still be writing (a file operation, a child process, a
// worker, a compression) is waited for, and when it does not come to an end the stage fails: its output could lack what that writes.
import { readdirSync, readFileSync } from "node:fs";
import type { Worker } from "node:worker_threads";
import { monotonicMs } from "#base/clock.ts";

/** Two looks without anything that may be writing, so that what writes piece by piece is not cut between two pieces. */
const LOOK_MS = 20;
const LOOKS = 2;
const PATIENCE_MS = 10_000;

const WRITING = /^(FS(?!Event)|FileHandle|CloseReq|WriteWrap|ShutdownWrap|ProcessWrap|Worker|Pool)/;

const WORDS: readonly (readonly [RegExp, string])[] = [
  [/^Timeout$/, "timer"],
  [/^(TCPServer|PipeServer)/, "server"],
  [/^(TCP|UDP)/, "socket"],
  [/^Pipe/, "pipe"],
  [/^MessagePort$/, "message port"],
  [/^(FSEvent|StatWatcher)/, "file watcher"],
  [/^Signal/, "signal handler"],
  [/^Process/, "child process"],
  [/^Worker/, "worker thread"],
  [/^Pool/, "computation"],
  [/^(FS|FileHandle|CloseReq)/, "file operation"],
];

/** Ends the process as soon as nothing of the stage can be writing any more. */
export function endStage(): void {
  const start = monotonicMs();
  let quietLooks = 0;
  const look = (): void => {
    const open = openResources();
    const isQuiet = open.length > 0 && !open.some((resource) => WRITING.test(resource));
    quietLooks = isQuiet ? quietLooks + 1 : 0;
    if (quietLooks >= LOOKS) {
      console.error(`The stage has returned its files and ends; still open were: ${inWords(open)}`);
      process.exit();
    }
    if (monotonicMs() - start < PATIENCE_MS) return;
    console.error(
      `The stage returned its files, but ${inWords(open) || "something"} went on for ${PATIENCE_MS / 1000} s after: ` +
        "what it writes may be missing. Wait for it, or end it, before the files are returned",
    );
    process.exit(1);
  };
  // Unreferenced: a process in which nothing is left ends by itself, before the first look.
  setInterval(look, LOOK_MS).unref();
}

const workers = new Set<Worker>();

/** Before the stage starts: sees what it starts, and says why a process ends whose stage still waits. */
export function watchStage(): void {
  process.on("worker", (worker) => {
    workers.add(worker);
    worker.once("exit", () => workers.delete(worker));
  });
  const UNSETTLED_AWAIT = 13;
  process.once("exit", (code) => {
    if (code === UNSETTLED_AWAIT)
      console.error("The stage waits for a promise that nothing can settle any more: it returned no files");
  });
}

/** What keeps the process alive; its own log is none of it. Node lists neither workers nor what is computed for it. */
function openResources(): string[] {
  const listed = process.getActiveResourcesInfo().filter((resource) => resource !== "TTYWrap");
  return [...listed, ...[...workers].map(() => "Worker"), ...poolThreads()];
}

/** Threads of Node's pool that compress or compute something now; proc(5), `/proc/pid/stat`: a name in brackets, then the state. */
function poolThreads(): string[] {
  const TASKS = "/proc/self/task";
  return readdirSync(TASKS).flatMap((task) => {
    try {
      return readFileSync(`${TASKS}/${task}/stat`, "latin1").includes("(libuv-worker) R") ? ["Pool"] : [];
    } catch {
      // It has ended since.
      return [];
    }
  });
}

function inWords(resources: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const resource of resources) {
    const word = WORDS.find(([pattern]) => pattern.test(resource))?.[1] ?? resource;
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].map(([word, count]) => `${count} ${plural(word, count)}`).join(", ");
}

function plural(word: string, count: number): string {
  return count === 1 ? word : word === "child process" ? "child processes" : `${word}s`;
}
