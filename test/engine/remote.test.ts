// One pipeline on three kinds of machines: embedded, real Nix here, real Nix elsewhere. The other machines are stores of their
// own behind an `ssh` that starts their daemon on this machine; test/engine/hosts.test.ts has real ones.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { runMatrix } from "#app/matrix.ts";
import { isPipeliteError } from "#base/errors.ts";
import { peer } from "../rig/peer.ts";
import { Project, type RanOnce } from "../rig/project.ts";

const NIX = { skip: peer("nix-daemon", "nix-store") };

const FILES = {
  "pipeline.ts": `
    import { param, pipeline, stage } from "pipelite";
    const numbers = stage(() => import("./numbers.ts"), { last: param.integer({ default: 4 }) });
    const parts = [1, 2, 3, 4].map((factor) => stage(() => import("./part.ts"), { numbers, factor }));
    const sum = stage(() => import("./sum.ts"), { parts });
    export default pipeline({ sum });`,
  "numbers.ts": `export default ({ last }: { last: number }) => ({ "n.json": [...Array(last).keys()] });`,
  "part.ts": `
    import type { Input } from "pipelite";
    export default async ({ numbers, factor }: { numbers: Input; factor: number }) => {
      console.log("factor", factor);
      return { "p.json": ((await numbers.json("n.json")) as number[]).map((n) => n * factor) };
    };`,
  "sum.ts": `
    import type { Input } from "pipelite";
    export default async ({ parts }: { parts: Input[] }) => {
      const numbers = await Promise.all(parts.map((part) => part.json("p.json") as Promise<number[]>));
      return { "s.txt": String(numbers.flat().reduce((a, b) => a + b, 0)) };
    };`,
};

/** An ssh that starts the daemon of a store of its own for each host; \`extra\` is put before that. */
function hosts(project: Project, extra = ""): NodeJS.ProcessEnv {
  const bin = join(project.folder, "bin");
  mkdirSync(bin, { recursive: true });
  const script = `#!/bin/sh
while [ "$1" != -- ]; do shift; done
host=$2
export NIX_REMOTE= NIX_CONFIG="experimental-features = nix-command ca-derivations
build-users-group =
substituters =
sandbox = true"
echo "$host" >> ${project.folder}/calls
${extra}
exec nix-daemon --stdio --store ${project.folder}/$host
`;
  writeFileSync(join(bin, "ssh"), script);
  chmodSync(join(bin, "ssh"), 0o755);
  return { ...process.env, PATH: `${bin}:${process.env["PATH"]}` };
}

function machinesOf(ran: RanOnce): (string | undefined)[] {
  return ran.events.flatMap((event) =>
    event.type === "stage-finished" ? [event.usage?.machine?.name.replace("ssh-ng://", "")] : [],
  );
}

describe("the engine nix", NIX, () => {
  test("gives the paths of the embedded one, here and on two other machines, and the record names them", async () => {
    using embedded = new Project(FILES);
    const own = await embedded.run();
    using here = new Project(FILES);
    const local = await here.run({ engine: "nix" });
    assert.deepEqual(local.outputs, own.outputs);
    assert.deepEqual(new Set(machinesOf(local)), new Set(["local"]), JSON.stringify(local.ends));
    using away = new Project(FILES);
    const far = await away.run({ engine: "nix", builders: "one - - 2; two - - 2", env: hosts(away) });
    assert.deepEqual(far.outputs, own.outputs);
    assert.deepEqual(new Set(machinesOf(far)), new Set(["one", "two"]));
    const logged = far.events.filter((event) => event.type === "stage-log" && event.line.includes("factor"));
    assert.equal(logged.length, 4);
    const { stages } = away.record();
    assert.deepEqual(stages[0]?.usage?.machine?.system, "x86_64-linux");
    assert.deepEqual(
      (await away.run({ engine: "nix", builders: "one", env: hosts(away) })).ends["sum"],
      "cached",
    );
  });

  test("combinations of a matrix go on side by side, over the same connections; what two want is built once", async () => {
    using project = new Project(FILES);
    let [open, openMax] = [0, 0];
    const { table, exitCode } = await runMatrix({
      ...project.options({ engine: "nix", builders: "one - - 2; two - - 1", env: hosts(project) }),
      axes: [{ name: "last", values: ["3", "4", "5", "6", "7"] }],
      folder: null,
      database: undefined,
      begin: () => {
        openMax = Math.max(openMax, ++open);
        return { listener: () => undefined, close: () => (open -= 1) };
      },
      ended: () => undefined,
    });
    assert.equal(exitCode, 0, JSON.stringify(table.rows));
    assert.equal(openMax, 4);
    // A connection for each stage that the machines take at a time, and no more for each run.
    const calls = readFileSync(join(project.folder, "calls"), "utf8").trim().split("\n");
    assert.ok(calls.length >= 2 && calls.length <= 3, calls.join(" "));
    const machines = table.rows.flatMap(({ runId = "" }) =>
      project.record(runId).stages.flatMap(({ usage }) => usage?.machine?.name ?? []),
    );
    assert.deepEqual([...new Set(machines)].toSorted(), ["ssh-ng://one", "ssh-ng://two"]);
    using again = new Project({ ...FILES, "numbers.ts": "export default () => ({ 'n.json': [1, 2] });" });
    const same = await runMatrix({
      ...again.options({ engine: "nix", builders: "one - - 4", env: hosts(again) }),
      axes: [{ name: "last", values: ["3", "4", "5"] }],
      folder: null,
      database: undefined,
      begin: () => ({ listener: () => undefined, close: () => undefined }),
      ended: () => undefined,
    });
    const built = same.table.rows.reduce((sum, { counts }) => sum + (counts?.built ?? 0), 0);
    // The numbers of each, and what follows from them once: parts and sum.
    assert.equal(built, 3 + 5, JSON.stringify(same.table.rows));
  });

  test("a machine that is lost in the middle: its stages move, the run goes on, the record says so", async () => {
    using project = new Project(FILES);
    // The host \`bad\` greets, and dies when it is asked for more.
    const dies = `if [ "$host" = bad ]; then dd bs=1 count=72 status=none | nix-daemon --stdio --store ${project.folder}/bad; exit 1; fi`;
    const ran = await project.run({
      engine: "nix",
      builders: "bad - - 4 9; good",
      env: hosts(project, dies),
    });
    const failures = ran.events.flatMap((event) => (event.type === "stage-finished" ? [event.failure] : []));
    assert.equal(ran.exitCode, 0, JSON.stringify(failures));
    assert.deepEqual(new Set(machinesOf(ran)), new Set(["good"]));
    const moved = project.record().stages.flatMap(({ usage }) => usage?.machine?.movedFrom ?? []);
    assert.ok(moved.length > 0);
    assert.ok(moved.every(({ machine }) => machine === "ssh-ng://bad"));
  });

  test("no machine answers, and no machine has the system: each says so", async () => {
    using project = new Project(FILES);
    const env = hosts(project, "echo no route to host >&2; exit 255");
    await assert.rejects(
      project.run({ engine: "nix", builders: "one; two", env }),
      (error) => isPipeliteError(error, "MACHINE_LOST") && error.message.includes("no route to host"),
    );
    const ran = await project.run({ engine: "nix", builders: "one riscv64-linux", env: hosts(project) });
    assert.equal(ran.exitCode, 4);
    const failure = ran.events.flatMap((event) =>
      event.type === "stage-finished" ? [event.failure?.code] : [],
    );
    assert.equal(failure[0], "MACHINE_NONE");
  });

  test("a stage that fails there fails here, with its exit code and its log", async () => {
    using project = new Project({
      ...FILES,
      "numbers.ts": `console.log("about to"); process.exit(3); export default () => ({});`,
    });
    const ran = await project.run({ engine: "nix", builders: "one", env: hosts(project) });
    const [failed] = ran.events.flatMap((event) =>
      event.type === "stage-finished" && event.status === "failed" ? [event] : [],
    );
    assert.equal(failed?.failure?.code, "STAGE_FAILED");
    assert.match(failed?.failure?.message ?? "", /exited with 3/);
    assert.ok(failed?.failure?.logTail?.includes("about to"));
  });

  for (const [what, code, body] of [
    ["makes no output", "STAGE_NO_OUTPUT", `process.exit(0); export default () => ({});`],
    [
      "leaves what Nix rejects",
      "STAGE_FAILED_IN_NIX",
      `import { chmodSync, mkdirSync } from "node:fs";
       const out = process.env["out"] as string;
       mkdirSync(out);
       chmodSync(out, 0o777);
       process.exit(0);
       export default () => ({});`,
    ],
  ] as const) {
    test(`a stage that ${what}: ${code}`, async () => {
      using project = new Project({ ...FILES, "numbers.ts": body });
      const ran = await project.run({ engine: "nix", builders: "one", env: hosts(project) });
      const failures = ran.events.flatMap((event) =>
        event.type === "stage-finished" ? [event.failure] : [],
      );
      assert.equal(failures[0]?.code, code);
    });
  }

  test("a stage over its time is stopped there", async () => {
    using project = new Project({
      ...FILES,
      "numbers.ts": `await new Promise((done) => setTimeout(done, 600_000)); export default () => ({});`,
    });
    const ran = await project.run({
      engine: "nix",
      builders: "one",
      env: hosts(project),
      costs: { timeoutMs: 2000 },
    });
    const failure = ran.events.flatMap((event) =>
      event.type === "stage-finished" ? [event.failure?.code] : [],
    );
    assert.equal(failure[0], "STAGE_TIMED_OUT");
  });
});
