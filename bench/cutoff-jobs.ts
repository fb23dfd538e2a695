// The job of the benchmark that is about early cutoff: one stage is edited, gives the same bytes as before, and all that needs it is left
// as it is. Nix builds the same stages input-addressed, as it does by default: each again.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Job, Place } from "./measure.ts";
import { copyClosure, firstRun, graphOf, NIX_ENV } from "./nix.ts";

/** Stages that need the one that is edited. */
const DOWNSTREAM = 99;

export function cutoffJobs({ folder, pipelite }: Place): Job[] {
  const words = (home: string) => ["--no-link", "--json", "--jobs", "2", "--store", home] as const;
  const [ours, theirs] = [join(folder, "ours"), join(folder, "nix")];
  const pipeline = join(folder, "pipeline");
  const command = [pipelite, "run", pipeline, ...words(ours)] as const;
  let edits = 0;
  const derivations: string[] = [];
  return [
    {
      name: `edit of one stage that ${DOWNSTREAM} need, to the same bytes`,
      sides: [
        {
          name: "pipelite run",
          command,
          counts: /"type":"stage-finished".*"status":"built"/,
          prepare: () => {
            // The first time all is built, which is not measured.
            if (edits === 0) firstRun(command, writePipeline(pipeline, "as it was") && ours);
            writePipeline(pipeline, `edit ${(edits += 1)}`);
          },
        },
        {
          name: "nix-store --realise, input-addressed",
          command: ["sh", "-c", `nix-store --store ${theirs} --realise --max-jobs 2 $(cat ${theirs}-drvs)`],
          env: NIX_ENV,
          counts: /^building '/,
          prepare: () => {
            const [home, edited] = [join(folder, `model-${edits}`), join(folder, `input-${edits}`)];
            writePipeline(edited, `edit ${edits}`, ', { addressing: "input" }');
            derivations.splice(
              0,
              Infinity,
              ...graphOf(home, firstRun([pipelite, "run", edited, ...words(home)], home)),
            );
            writeFileSync(`${theirs}-drvs`, derivations.join(" "));
            copyClosure(home, theirs, derivations);
          },
        },
      ],
      repeats: 3,
      target: 0.2,
      limit: "What is left is the start of Node, pipeline.ts, and one stage.",
      figures: [
        {
          name: "stages built again behind the edited one",
          unit: "stages",
          of: ({ count }) => count - 1,
          target: 0,
          isSteady: true,
        },
        {
          name: "the same by Nix, input-addressed",
          unit: "stages",
          of: (_, { count }) => count - 1,
          isSteady: true,
        },
      ],
    },
  ];
}

/** The words of the first stage change, and what it writes does not. */
function writePipeline(folder: string, note: string, options = ""): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, "pipeline.ts"),
    `import { command, out, pipeline, tool } from "pipelite";
const busybox = tool("busybox");
const first = command(busybox, ["sh", "-c", "echo same > $1", ${JSON.stringify(note)}, out]${options});
const after = Array.from({ length: ${DOWNSTREAM} }, (_, index) =>
  command(busybox, ["sh", "-c", "echo $0 | cat - $2 > $1", String(index), out, first]${options}));
export default pipeline({ first, ...Object.fromEntries(after.map((stage, index) => [\`after-\${index}\`, stage])) });
`,
  );
  return folder;
}
