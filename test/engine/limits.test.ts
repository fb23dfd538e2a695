// What a stage may take: each limit ends that stage, says which limit it was, and leaves the others alone.
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { failure } from "#engine/build-failure.ts";
import type { BuildJob } from "#engine/engine.ts";
import { limitsOf } from "#engine/limits.ts";
import { parseStorePath } from "#nix/store-path.ts";
import type { SandboxEnding, SandboxUsage } from "#sandbox/sandbox.ts";
import { peer } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";

const MIB = 1024 * 1024;

function pipelineOf(script: string, limits: object): Record<string, string> {
  const words = `["sh", "-c", ${JSON.stringify(script)}, out]`;
  return {
    "pipeline.ts": `
import { command, out, pipeline, tool } from "pipelite";
const wild = command(tool("busybox"), ${words}, ${JSON.stringify(limits)});
const calm = command(tool("busybox"), ["sh", "-c", "echo calm > $0", out]);
export default pipeline({ wild, calm });
`,
  };
}

async function failureOf(script: string, limits: object) {
  using project = new Project(pipelineOf(script, limits));
  const { ends, events } = await project.run({ keepGoing: true });
  assert.equal(ends["calm"], "built", "the other stage goes on");
  const end = events.find((event) => event.type === "stage-finished" && event.name === "wild");
  assert.ok(end?.type === "stage-finished" && end.failure !== undefined, JSON.stringify(end));
  return end.failure;
}

test("a stage that eats memory is ended and the limit is named", { skip: peer("busybox") }, async () => {
  const script = "head -c 400000000 /dev/zero | tail -c 390000000 > /dev/null && echo through > $0";
  const failure = await failureOf(script, { memoryBytes: 40 * MIB });
  assert.equal(failure.code, "STAGE_MEMORY_LIMIT");
  assert.match(failure.message, /may use 40 MiB/);
});

test(
  "an output of holes that nobody could read to its end is refused before it is read",
  { skip: peer("busybox") },
  async () => {
    const sparse = "busybox mkdir $0 && busybox truncate -s 4096G $0/a && busybox truncate -s 4096G $0/b";
    const failure = await failureOf(sparse, {});
    assert.equal(failure.code, "STORE_OUTPUT_TOO_LARGE");
    const small = await failureOf("busybox truncate -s 2M $0", { outputBytes: MIB });
    assert.equal(small.code, "STORE_OUTPUT_TOO_LARGE");
  },
);

test("a stage that is refused processes says which limit it met", { skip: peer("busybox") }, async () => {
  const many = "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do busybox sleep 5 & done; wait; exit 1";
  const { code, message } = await failureOf(many, { processes: 8 });
  // Only a cgroup counts refusals.
  if (process.getuid?.() !== 0) return;
  assert.equal(code, "STAGE_PROCESS_LIMIT");
  assert.match(message, /more than 8 processes/);
});

test("a stage that is ended far from its own limit met that of the machine", () => {
  const job: BuildJob = {
    name: "a",
    drvPath: parseStorePath(`/nix/store/${"a".repeat(32)}-a.drv`),
    derivation: {
      name: "a",
      outputs: new Map(),
      inputDrvs: new Map(),
      inputSrcs: [],
      system: "",
      builder: "",
      args: [],
      env: new Map(),
    },
    onLog: () => {},
    signal: new AbortController().signal,
  };
  const limits = { ...limitsOf({ memoryBytes: 1000 * MIB }), isDiskFull: false };
  const codeOf = (usage: Partial<SandboxUsage>, ending: SandboxEnding, isMemoryFull: boolean) => {
    const source = { cpu: "unavailable", memory: "unavailable", io: "unavailable" } as const;
    const enforcedBy = { processes: "unavailable", memory: "unavailable", cpus: "not-asked" } as const;
    const result = {
      ending,
      usage: { wallMs: 1, source, ...usage },
      enforcedBy,
      isSpoilt: true,
      log: "terminal",
    } as const;
    return failure(job, "starter", result, { ...limits, isMemoryFull }).error.code;
  };
  const killed = { kind: "signalled", signal: "SIGKILL" } as const;
  assert.equal(
    codeOf({ outOfMemoryKills: 1, peakMemoryBytes: 1000 * MIB }, killed, true),
    "STAGE_MEMORY_LIMIT",
  );
  assert.equal(
    codeOf({ outOfMemoryKills: 1, peakMemoryBytes: 300 * MIB }, killed, true),
    "STAGE_MACHINE_MEMORY",
  );
  assert.equal(codeOf({ outOfMemoryKills: 1 }, killed, true), "STAGE_MEMORY_LIMIT");
  // Where no cgroup tells.
  assert.equal(codeOf({}, killed, true), "STAGE_MACHINE_MEMORY");
  assert.equal(codeOf({}, killed, false), "STAGE_KILLED");
});

test(
  "nobody but its owner looks into the folder where stages are built",
  { skip: peer("busybox") },
  async () => {
    using project = new Project(pipelineOf("busybox true > $0", {}));
    await project.run({});
    const { mode } = statSync(join(project.home, "nix/var/nix/builds"));
    assert.equal(mode & 0o777, 0o700);
  },
);

test("the defaults: memory of the machine less a tenth, and what the documents say", () => {
  const { memoryBytes, processes, outputBytes, logBytes } = limitsOf();
  assert.ok(memoryBytes <= totalmem() * 0.9);
  assert.ok(memoryBytes > 0);
  assert.deepEqual([processes, outputBytes, logBytes], [4096, 1024 ** 4, 64 * MIB]);
  assert.equal(limitsOf({ processes: 1 }).processes, 1);
});
