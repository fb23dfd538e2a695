// The log of a home with 205 runs, each with its checkpoint, held to all of them: beside the start of Node, which is in it.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Job, Place } from "./measure.ts";

const RUNS = 205;

export function logJobs({ folder, pipelite }: Place): Job[] {
  const [home, project] = [join(folder, "log"), join(folder, "log-project")];
  mkdirSync(project);
  writeFileSync(
    join(project, "pipeline.ts"),
    `import { param, pipeline, stage } from "pipelite";
export default pipeline({ one: stage(() => import("./one.ts"), { seed: param.integer({ default: 1 }) }) });
`,
  );
  writeFileSync(
    join(project, "one.ts"),
    'export default ({ seed }: { seed: number }) => ({ "seed.json": seed });\n',
  );
  const words = ["run", project, "--matrix", `seed=1..${RUNS}`, "--no-link", "--quiet", "--store", home];
  const { status, stderr } = spawnSync(pipelite, words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`pipelite run ended with ${status}: ${stderr}`);
  return [
    {
      name: `log-audit of ${RUNS} runs between all their checkpoints`,
      sides: [
        { name: "pipelite log-audit", command: [pipelite, "log-audit", "--store", home] },
        { name: "node -e 0", command: [process.execPath, "-e", "0"] },
      ],
      repeats: 20,
      target: 10,
      limit: "Each checkpoint is a file, and a signature that is verified.",
    },
  ];
}
