// The printed form: headless Chromium, where there is one, prints the report as it prints a page.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { removeTree } from "#base/files.ts";
import { pipeliteError } from "./errors.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
const TIMEOUT_MS = 45_000;
/** A browser on a busy machine may hang at its start; another try then does. */
const TRIES = 2;
const END_OF_OUTPUT = 400;
const PIPE_MS = 2000;

/** Nothing of the user's, nothing of the network: a page is printed, and that is all. */
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-extensions",
  "--disable-sync",
  "--no-default-browser-check",
  "--no-first-run",
  "--password-store=basic",
  "--no-pdf-header-footer",
];

/** @throws PipeliteError BROWSER_NOT_FOUND, PDF_NOT_PRINTED */
export async function printToPdf(
  html: Uint8Array,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Uint8Array> {
  const browser = findBrowser(env["PATH"] ?? "");
  if (browser === undefined) throw pipeliteError("BROWSER_NOT_FOUND", { names: NAMES.join(", ") });
  const folder = mkdtempSync(join(tmpdir(), "pipelite-pdf-"));
  try {
    const source = join(folder, "report.html");
    const target = join(folder, "report.pdf");
    writeFileSync(source, html);
    let problem = "";
    for (let count = 0; count < TRIES && !existsSync(target); count += 1) {
      const profile = `--user-data-dir=${join(folder, `profile-${count}`)}`;
      const place = [`--print-to-pdf=${target}`, pathToFileURL(source).href];
      problem = await runBrowser(browser, folder, [...FLAGS, profile, ...place]);
    }
    if (!existsSync(target)) throw pipeliteError("PDF_NOT_PRINTED", { browser, problem });
    return readFileSync(target);
  } finally {
    removeTree(folder);
  }
}

function findBrowser(path: string): string | undefined {
  const folders = path.split(delimiter).filter((folder) => folder !== "");
  const candidates = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return candidates.find((file) => existsSync(file));
}

/** What the browser said at the end of its output. It is ended with all its processes when it takes too long. */
function runBrowser(browser: string, folder: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(browser, args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"], detached: true });
    let said = "";
    const timer = setTimeout(() => endAll(child.pid), TIMEOUT_MS);
    child.stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-END_OF_OUTPUT)));
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on("exit", () => {
      clearTimeout(timer);
      endAll(child.pid);
      // A process that left its group would keep the pipe open for as long as it runs.
      setTimeout(() => child.stderr.destroy(), PIPE_MS).unref();
    });
    child.on("close", (code, signal) => resolve(said.trim() || `it ended with ${signal ?? code}`));
  });
}

function endAll(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // The last of them has ended.
  }
}
