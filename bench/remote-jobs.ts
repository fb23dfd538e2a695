// The job of the benchmark that builds very many stages on other machines. Those are stores of their own behind an `ssh` that starts their
// daemon here; Nix builds the same derivations beside it in a store where they are already. What counts is our memory.
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { removeTree } from "#base/files.ts";
import { writeGraph } from "./graph.ts";
import type { Job, Place } from "./measure.ts";
import { copyClosure, graphOf, NIX_ENV } from "./nix.ts";

const STAGES = 10_000;
const MEMORY_MIB_MAX = 600;
const HOUR_MS = 3_600_000;

export function remoteJobs({ folder, pipelite }: Place): Job[] {
  const pipeline = writeGraph(join(folder, "graph"), STAGES);
  const [ours, theirs] = [join(folder, "ours"), join(folder, "nix")];
  const list = join(folder, "derivations");
  const what = `${STAGES.toLocaleString("en")} stages`;
  return [
    {
      name: `run of ${what} on two other machines`,
      sides: [
        {
          name: "pipelite run --builders",
          command: [
            pipelite,
            "run",
            pipeline,
            "--no-link",
            "--quiet",
            "--store",
            ours,
            "--builders",
            "ssh-ng://one; ssh-ng://two",
          ],
          env: { PATH: `${writeSsh(folder)}:${process.env["PATH"]}` },
          prepare: () => ["ours", "one", "two"].forEach((name) => removeTree(join(folder, name))),
        },
        {
          name: "nix-store --realise",
          command: ["sh", "-c", `nix-store --store ${theirs} --realise --max-jobs 2 $(cat ${list})`],
          env: NIX_ENV,
          prepare: () => {
            removeTree(theirs);
            const [record = ""] = readdirSync(join(ours, "pipelite/runs"));
            const derivations = graphOf(ours, record.slice(0, -".json".length));
            writeFileSync(list, derivations.join(" "));
            copyClosure(ours, theirs, derivations);
          },
        },
      ],
      repeats: 1,
      target: 1.5,
      limitMs: HOUR_MS,
      limit:
        "Nix has all derivations before it starts. Ours are copied there one by one, since each is known when what it needs is built, and each output is " +
        "copied back and hashed.",
      figures: [
        {
          name: `memory of a run of ${what} on other machines`,
          unit: "MiB",
          of: ({ peakMib }) => peakMib,
          target: MEMORY_MIB_MAX,
          isSteady: true,
        },
      ],
    },
  ];
}

/** @returns a folder for the PATH */
function writeSsh(folder: string): string {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  writeFileSync(
    join(bin, "ssh"),
    `#!/bin/sh
while [ "$1" != -- ]; do shift; done
export NIX_REMOTE= NIX_CONFIG='${NIX_ENV["NIX_CONFIG"]}'
exec nix-daemon --stdio --store ${folder}/$2
`,
  );
  chmodSync(join(bin, "ssh"), 0o755);
  return bin;
}
