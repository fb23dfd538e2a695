// The printed form: headless Chromium, where there is one, prints the report as it prints a page.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { PipeliteError } from "#base/errors.ts";
import { removeTree } from "#base/files.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
const TIMEOUT_MS = 120_000;
const END_OF_OUTPUT = 400;

/** @throws PipeliteError BROWSER_NOT_FOUND, PDF_NOT_PRINTED */
export async function printToPdf(
  html: Uint8Array,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Uint8Array> {
  const browser = findBrowser(env["PATH"] ?? "");
  if (browser === undefined) throw new PipeliteError("BROWSER_NOT_FOUND", { names: NAMES.join(", ") });
  const folder = mkdtempSync(join(tmpdir(), "pipelite-pdf-"));
  try {
    const source = join(folder, "report.html");
    const target = join(folder, "report.pdf");
    writeFileSync(source, html);
    const problem = await runBrowser(browser, folder, [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      `--user-data-dir=${join(folder, "profile")}`,
      "--no-pdf-header-footer",
      `--print-to-pdf=${target}`,
      pathToFileURL(source).href,
    ]);
    if (!existsSync(target)) throw new PipeliteError("PDF_NOT_PRINTED", { browser, problem });
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

/** What the browser said at the end of its output. */
function runBrowser(browser: string, folder: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(browser, args, {
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
      timeout: TIMEOUT_MS,
      killSignal: "SIGKILL",
    });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-END_OF_OUTPUT)));
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(said.trim() || `it ended with ${signal ?? code}`));
  });
}
