// `node bench/sandbox.ts [STAGES] [ROUNDS]`: starting a trivial stage, without store and run, under each kind of sandbox, the kinds
// interleaved, two stages at a time. Milliseconds a stage: wall, processor time of Node, and of all that it started. Prints
// the minimum of the rounds, which other work on the machine disturbs least, and the load.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { removeTree } from "#base/files.ts";
import { programFolders } from "#base/environment.ts";
import type { StorePath } from "#nix/store-path.ts";
import { ScratchFolders, closeStarters, detectSandbox, runSandboxed } from "#sandbox/sandbox.ts";
import type { SandboxKind } from "#sandbox/sandbox.ts";

const BUSYBOX = `/nix/store/${"b".repeat(32)}-busybox` as StorePath;
const OUT = `/nix/store/${"0".repeat(32)}-out`;
const KINDS = ["starter", "bubblewrap", "unshare"] as const satisfies readonly SandboxKind[];
const AT_A_TIME = 2;
const folders = programFolders(process.env);

interface Cost {
  wall: number;
  node: number;
  started: number;
}

/** Of processes that have ended and were waited for, and of those that still run: the starters. */
function startedMs(): number {
  const fieldsOf = (pid: string) => {
    const [, fields = ""] = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ");
    return fields.split(" ").map(Number);
  };
  const TICK_MS = 10;
  const sum = (fields: number[], from: number) => (fields[from] ?? 0) + (fields[from + 1] ?? 0);
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, "latin1").trim().split(" ");
  const running = children.filter(Boolean).map((pid) => fieldsOf(pid));
  return (
    TICK_MS * running.reduce((all, each) => all + sum(each, 11) + sum(each, 13), sum(fieldsOf("self"), 13))
  );
}

async function measure(
  kind: SandboxKind,
  stages: number,
  scratch: ScratchFolders,
  busybox: string,
): Promise<Cost> {
  const run = async () => {
    const place = scratch.take();
    const result = await runSandboxed(kind, {
      builder: `${BUSYBOX}/busybox`,
      args: ["sh", "-c", `echo made > ${OUT}`],
      env: new Map(),
      inputs: [{ path: BUSYBOX, physical: busybox }],
      storeDir: place.storeDir,
      buildDir: place.buildDir,
      places: place.places,
      network: false,
      kvm: false,
      limits: { logBytes: 1e6, processes: 4096, memoryBytes: 1e10 },
      onLog: () => {},
      programFolders: folders,
      cgroupName: `pipelite-${process.pid}-bench-${(number += 1)}`,
    });
    if (result.ending.kind !== "exited" || result.ending.code !== 0) throw new Error(JSON.stringify(result));
    rmSync(join(place.storeDir, OUT.slice("/nix/store/".length)));
    place.isSpoilt ||= result.isSpoilt;
    await scratch.give(place);
  };
  const [start, own, started] = [performance.now(), process.cpuUsage(), startedMs()];
  let left = stages;
  const worker = async () => {
    for (; left > 0;) {
      left -= 1;
      await run();
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  const { user, system } = process.cpuUsage(own);
  return {
    wall: (performance.now() - start) / stages,
    node: (user + system) / 1e3 / stages,
    started: (startedMs() - started) / stages,
  };
}

let number = 0;

async function main(stages = 300, rounds = 5): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "pipelite-bench-sandbox-"));
  try {
    const busybox = join(folder, "busybox");
    mkdirSync(busybox);
    const found = spawnSync("sh", ["-c", "command -v busybox"], { encoding: "utf8" }).stdout.trim();
    copyFileSync(found, join(busybox, "busybox"));
    const scratch = new Map(KINDS.map((kind) => [kind, new ScratchFolders(join(folder, kind))]));
    const costs = new Map<SandboxKind, Cost[]>();
    for (const kind of KINDS) await detectSandbox(kind, folders);
    for (let round = 0; round < rounds; round += 1) {
      for (const [kind, own] of scratch) {
        const cost = await measure(kind, stages, own, busybox);
        costs.set(kind, [...(costs.get(kind) ?? []), cost]);
      }
    }
    const row = (kind: SandboxKind, all: Cost[]) => {
      const least = (key: keyof Cost) => Math.min(...all.map((cost) => cost[key])).toFixed(2);
      return `| ${kind} | ${least("wall")} | ${least("node")} | ${least("started")} |`;
    };
    const load = loadavg()[0]?.toFixed(1);
    const lines = ["| sandbox | wall ms | Node ms | started ms |", "| --- | ---: | ---: | ---: |"];
    for (const [kind, all] of costs) lines.push(row(kind, all));
    process.stdout.write(`${lines.join("\n")}\n\n${stages} stages, ${rounds} rounds, load ${load}\n`);
    await Promise.all([closeStarters(), ...[...scratch.values()].map((each) => each.close())]);
  } finally {
    removeTree(folder);
  }
}

const [stages, rounds] = process.argv.slice(2).map(Number);
await main(stages, rounds);
