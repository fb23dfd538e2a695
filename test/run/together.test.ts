// Many processes in one store, collections among them: each derivation is built once, nothing that is needed goes, and verify raises
// no alarm. A few here; PIPELITE_TOGETHER=24 has 24 runs at a time.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { openStore } from "#store/store.ts";
import { start } from "../rig/command.ts";
import { peer } from "../rig/peer.ts";
import { assertNixAccepts } from "../rig/nix.ts";
import { Project } from "../rig/project.ts";

const RUNS = Number(process.env["PIPELITE_TOGETHER"] ?? 6);

const PIPELINE = `import { command, out, pipeline, source, tool } from "pipelite";
const busybox = tool("busybox");
const data = source("data.txt");
const make = (index, input) => command(busybox, ["sh", "-c", "cat $1 > $0; echo $2 >> $0", out, input, String(index)]);
const stages = {};
let last = data;
for (let index = 0; index < 4; index++) {
  last = make(index, last);
  stages["chain" + index] = last;
  stages["side" + index] = make(index + 10, data);
}
export default pipeline(stages);
`;

test(
  "processes that run one pipeline build each stage once, beside collections and checks",
  { skip: peer("nix-store", "busybox") },
  async (t) => {
    using project = new Project({ "pipeline.ts": PIPELINE, "data.txt": "data\n" });
    const cwd = project.root;
    const env = { PIPELITE_HOME: project.home };
    const over = new AbortController();
    const runs = Array.from({ length: RUNS }, (_, index) =>
      start(["run", "--out", join(project.folder, `result-${index}`)], { cwd, env }),
    );
    let collections = 0;
    let checks = 0;
    const collecting = async (): Promise<void> => {
      for (; !over.signal.aborted; collections += 1) {
        const { code, stderr } = await start(["store", "gc"], { cwd, env }).ended;
        assert.equal(code, 0, stderr);
      }
    };
    const checking = async (): Promise<void> => {
      using store = openStore(project.home);
      for (; !over.signal.aborted; checks += 1) {
        assert.deepEqual((await store.verify({ checkContents: true })).problems, []);
        // A check of a small store waits for nothing: without this no end of a process would be heard of.
        await turn();
      }
    };
    const others = Promise.all([collecting(), checking()]);
    const ended = await Promise.all(runs.map((run) => run.ended));
    over.abort();
    await others;
    for (const { code, stderr } of ended) assert.equal(code, 0, stderr);
    const built = new Map<string, number>();
    for (const runId of project.door.runs.ids())
      for (const { drvPath, name, status } of project.door.runs.read(runId).record.stages)
        if (status === "built") built.set(`${name} ${drvPath}`, (built.get(`${name} ${drvPath}`) ?? 0) + 1);
    t.diagnostic(`${RUNS} runs, ${collections} collections, ${checks} checks`);
    assert.deepEqual(
      [...built.values()],
      Array.from({ length: 8 }, () => 1),
    );
    assert.ok(collections > 0 && checks > 0);
    assertNixAccepts(project.home);
  },
);
