// Machines on which hardly anything is: a root that holds Node and the libraries it is linked with, and another user of this one.
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, mkdirSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Ended, Running } from "../rig/command.ts";

export const NOBODY = 65_534;
const FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
const AS_NOBODY = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];

/** Makes the root: `/bin/node`, its libraries at their places, and `/work` for nobody; with a clock that can be set. */
export function emptyRoot(root: string): void {
  for (const folder of ["bin", "in", "proc", "dev", "tmp", "work"])
    mkdirSync(join(root, folder), { recursive: true });
  for (const folder of ["work", "tmp"]) chownSync(join(root, folder), NOBODY, NOBODY);
  copyFileSync(process.execPath, join(root, "bin/node"));
  const libraries = execFileSync("ldd", [process.execPath], { encoding: "utf8" }).match(/\/\S+/g) ?? [];
  for (const library of [...libraries, FAKETIME]) {
    const target = join(root, library);
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(realpathSync(library), target);
  }
  chmodSync(root, 0o755);
}

/** Node with these arguments in that root: no network, nobody, `/work`, `file` as `/in/NAME`, and the clock as it is said. */
export function nodeIn(
  root: string,
  { file, clock }: { file: string; clock: string },
  args: string[],
): Promise<Ended> {
  const inside = `/in/${basename(file)}`;
  const inRoot =
    `bwrap --unshare-all --bind ${root} / --proc /proc --dev /dev --ro-bind ${file} ${inside} --clearenv --chdir /work ` +
    `--setenv HOME /work --setenv LD_PRELOAD ${FAKETIME} --setenv FAKETIME`;
  const node = ["/bin/node", "--disable-warning=ExperimentalWarning", ...args];
  return run([...AS_NOBODY, ...inRoot.split(" "), `@${clock}`, ...node]);
}

/** `pipelite` of this checkout as nobody, in a folder of nobody's. */
export function pipeliteAsNobody(folder: string, args: string[]): Promise<Ended> {
  return startAsNobody(folder, args).ended;
}

/** The same, for those who end it sooner. */
export function startAsNobody(folder: string, args: string[]): Running {
  const env = ["env", "-i", `HOME=${folder}`, "PATH=/usr/bin:/bin"];
  const pipelite = join(import.meta.dirname, "../../bin/pipelite");
  return begin([...AS_NOBODY, ...env, pipelite, ...args], folder);
}

function run(words: string[]): Promise<Ended> {
  return begin(words, "/").ended;
}

function begin([program = "", ...args]: string[], cwd: string): Running {
  const child = spawn(program, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, ended };
}
