// What a run leaves for the next plan makes that quicker, and never another one.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { Project } from "../rig/project.ts";

const pipelineOf = (word: string, { env = "1", options = "" } = {}): string =>
  `import { command, out, pipeline, stage, tool } from "pipelite";
const first = command(tool("busybox"), ["sh", "-c", "echo $0 > $1", "${word}", out], { env: { N: "${env}" } });
const second = command(tool("busybox"), ["cp", first, out]${options});
const third = stage(() => import("./third.ts"), { second, n: 1 });
export default pipeline({ first, second, third });
`;
const third = "export default () => ({ 'x.json': { n: 1 } });\n";

interface Note {
  by: string;
  stages: [drvPath: string, mark: string | null][];
}

test("a plan with what the last run left is the plan without it, whatever was edited", async () => {
  using project = new Project({ "pipeline.ts": pipelineOf("a"), "third.ts": third });
  const ran = await project.run();
  assert.equal(ran.exitCode, 0);
  const { notes } = project.door;
  const file = join(project.root, "pipeline.ts");
  const note = notes.recall("derivations", file) as Note;
  assert.equal(note.stages.length, 3);
  for (const [, mark] of note.stages) assert.match(mark ?? "", /^[0-9a-f]{64}$/);
  const edits = [
    pipelineOf("a"),
    pipelineOf("b"),
    pipelineOf("a", { env: "2" }),
    pipelineOf("a", { options: ', { env: { M: "1" } }' }),
    pipelineOf("a", { options: ', { addressing: "input" }' }),
    pipelineOf("a").replaceAll("second", "other"),
    pipelineOf("a").replace("n: 1", "n: 2"),
  ];
  const plans = new Set<string>();
  for (const edit of edits) {
    project.write({ "pipeline.ts": edit });
    notes.remember("derivations", file, note);
    const foreseen = await project.plan();
    notes.remember("derivations", file, { by: "", stages: [] });
    assert.deepEqual(foreseen, await project.plan(), edit);
    plans.add(JSON.stringify(foreseen));
  }
  assert.equal(plans.size, edits.length);
});

test("what was left is taken where it is of this Pipelite, and where it has the form of it", async () => {
  using project = new Project({ "pipeline.ts": pipelineOf("a"), "third.ts": third });
  await project.run();
  const { notes } = project.door;
  const file = join(project.root, "pipeline.ts");
  const note = notes.recall("derivations", file) as Note;
  const other = `/nix/store/${"0".repeat(32)}-other.drv`;
  const drvPathsWith = async (value: unknown) => {
    notes.remember("derivations", file, value);
    return (await project.plan()).stages.map(({ drvPath }) => drvPath);
  };
  const changed = { ...note, stages: note.stages.map(([, mark]) => [other, mark]) };
  assert.ok((await drvPathsWith(changed)).includes(other));
  for (const value of [{ ...changed, by: "0.0.1" }, [other], null, { by: note.by, stages: [[1]] }])
    assert.ok(!(await drvPathsWith(value)).includes(other), JSON.stringify(value));
});
