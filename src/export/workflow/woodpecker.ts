// A workflow of Woodpecker: each machine has one, whose steps share a folder, and so the results of the jobs.
// Specification: "Workflow syntax" of the documentation of Woodpecker 3.
import { shellWord } from "#base/escape.ts";
import { HEADER, IMAGES, JOBS, NO_SYSTEMS, type Job, type Project } from "./jobs.ts";
import { writeYaml, type Yaml } from "./yaml.ts";

const PLATFORMS = { x86_64: "linux/amd64", aarch64: "linux/arm64" } as const;
const RESULTS = "ci-results";

/** @returns files: path in the repository -> text */
export function writeWoodpecker(project: Project): Record<string, string> {
  const entries = (["x86_64", "aarch64"] as const).map(
    (machine) => [`.woodpecker/pipelite-${machine}.yaml`, workflowOf(machine, project)] as const,
  );
  return Object.fromEntries(entries);
}

function workflowOf(machine: Job["machine"], project: Project): string {
  const jobs = JOBS.filter((job) => job.machine === machine);
  const steps: Yaml[] = [
    {
      name: "prepare",
      image: IMAGES.node,
      commands: ["npm ci", `mkdir -p ${RESULTS}`],
    },
    ...jobs.map((job) => stepOf(job, project)),
  ];
  return writeYaml(
    {
      when: [{ event: ["push"], branch: project.branch }, { event: ["pull_request", "manual"] }],
      labels: { platform: PLATFORMS[machine] },
      steps,
    },
    [
      HEADER,
      "Agents let containers make user namespaces. Woodpecker hands nothing from one machine to another: what is compared is",
      "what each machine has built itself.",
      ...Object.entries(NO_SYSTEMS).map(([system, why]) => `${system} is unavailable: ${why}.`),
    ],
  );
}

function stepOf({ name, reads, packages }: Job, { pipeline }: Project): Yaml {
  const words = ["npx", "pipelite", "ci", ...(pipeline === undefined ? [] : [pipeline]), "--job", name];
  const needs = reads.length > 0 ? ["--needs", RESULTS] : [];
  const command = [...words, "--result", `${RESULTS}/${name}.json`, ...needs].map(shellWord).join(" ");
  const install = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(" ")}`;
  return {
    name,
    image: IMAGES.node,
    commands: [...(packages.length > 0 ? [install] : []), command],
    ...(reads.length > 0 && { when: [{ status: ["success", "failure"] }] }),
  };
}
