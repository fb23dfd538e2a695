// Workflows of GitHub and of Forgejo, which reads the same language. What a job found goes to those that read it as an output
// of the job, so that no action is needed that keeps files.
// Specification: "Workflow syntax for GitHub Actions"; Forgejo: "Forgejo Actions | Reference".
import { shellWord } from "#base/escape.ts";
import { HEADER, JOBS, NO_SYSTEMS, type Job, type Project } from "./jobs.ts";
import { Commented, writeYaml, type Yaml } from "./yaml.ts";

type Steps = Readonly<Record<string, Yaml>>[];

interface Forge {
  path: string;
  labels: Readonly<Record<Job["machine"], string>>;
  /** What brings the sources. */
  checkout: Steps;
  /** What makes namespaces possible there. */
  prepare: Steps;
  sudo: string;
  notes: readonly string[];
}

const GITHUB: Forge = {
  path: ".github/workflows/pipelite.yml",
  labels: { x86_64: "ubuntu-24.04", aarch64: "ubuntu-24.04-arm" },
  checkout: [
    {
      uses: new Commented("actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1", "v7.0.1"),
      with: { "persist-credentials": false },
    },
  ],
  prepare: [
    {
      name: "Let programs make user namespaces, which a sandbox is made of",
      run: "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
    },
  ],
  sudo: "sudo ",
  notes: [],
};

const FORGEJO: Forge = {
  path: ".forgejo/workflows/pipelite.yml",
  labels: { x86_64: "docker", aarch64: "docker-arm64" },
  checkout: [
    {
      name: "The sources, without an action",
      run: [
        "git init --quiet .",
        'git -c "http.extraHeader=Authorization: token $TOKEN" fetch --quiet --depth 1 "$SERVER/$REPOSITORY" "$COMMIT"',
        "git checkout --quiet FETCH_HEAD",
        "",
      ].join("\n"),
      env: {
        TOKEN: "${{ github.token }}",
        SERVER: "${{ github.server_url }}",
        REPOSITORY: "${{ github.repository }}",
        COMMIT: "${{ github.sha }}",
      },
    },
  ],
  prepare: [],
  sudo: "",
  notes: [
    "Runners have the labels docker (x86_64) and docker-arm64 (aarch64), with Node, npm, git and Debian in their image, and let",
    "containers make user namespaces.",
  ],
};

export type ActionsForge = "github" | "forgejo";

/** @returns where the workflow goes in the repository, and its text */
export function writeActions(forge: ActionsForge, project: Project): { path: string; text: string } {
  const of = forge === "github" ? GITHUB : FORGEJO;
  const jobs = JOBS.map((job) => [job.name, writeJob(job, of, project)] as const);
  const text = writeYaml(
    {
      name: "pipelite",
      on: { push: { branches: [project.branch] }, pull_request: {}, workflow_dispatch: {} },
      permissions: { contents: "read" },
      jobs: Object.fromEntries(jobs),
    },
    [
      HEADER,
      ...of.notes,
      ...Object.entries(NO_SYSTEMS).map(([system, why]) => `${system} is unavailable: ${why}.`),
    ],
  );
  return { path: of.path, text };
}

function writeJob(job: Job, forge: Forge, project: Project): Readonly<Record<string, Yaml>> {
  const { title, machine, reads, packages } = job;
  return {
    name: title,
    "runs-on": forge.labels[machine],
    "timeout-minutes": 60,
    ...(reads.length > 0 && { needs: reads, if: "${{ !cancelled() }}" }),
    outputs: { result: "${{ steps.job.outputs.result }}" },
    steps: [
      ...forge.checkout,
      ...(reads.length > 0 ? [] : forge.prepare),
      ...(packages.length > 0 ? [{ run: installing(packages, forge.sudo) }] : []),
      { run: "npm ci" },
      runJob(job, project),
    ],
  };
}

function installing(packages: readonly string[], sudo: string): string {
  return `${sudo}apt-get update\n${sudo}apt-get install -y --no-install-recommends ${packages.join(" ")}\n`;
}

function runJob({ name, reads }: Job, { pipeline }: Project): Readonly<Record<string, Yaml>> {
  const words = ["npx", "pipelite", "ci", ...(pipeline === undefined ? [] : [pipeline]), "--job", name];
  const needs = reads.length > 0 ? ["--needs", "needs.json"] : [];
  const command = [...words, "--result", "ci-result.json", ...needs].map(shellWord).join(" ");
  return {
    id: "job",
    ...(reads.length > 0 && { env: { NEEDS: "${{ toJSON(needs) }}" } }),
    run: [
      ...(reads.length > 0 ? [`printf '%s' "$NEEDS" > needs.json`] : []),
      "code=0",
      `${command} || code=$?`,
      'if [ -e ci-result.json ]; then echo "result=$(cat ci-result.json)" >> "$GITHUB_OUTPUT"; fi',
      'exit "$code"',
      "",
    ].join("\n"),
  };
}
