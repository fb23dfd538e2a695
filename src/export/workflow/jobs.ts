// The jobs of continuous integration: what `pipelite ci` runs, and what workflows of forges are written from.

export const JOB_NAMES = [
  "build-x86_64-linux",
  "build-aarch64-linux",
  "image",
  "check",
  "alpine",
  "nix",
  "ubuntu",
  "compare",
  "report",
] as const;
export type JobName = (typeof JOB_NAMES)[number];

export interface Job {
  name: JobName;
  /** For people. */
  title: string;
  machine: "x86_64" | "aarch64";
  /** Jobs whose results it reads, whatever came of them. */
  reads: readonly JobName[];
  /** Packages of Debian and Ubuntu that its machine must have. */
  packages: readonly string[];
}

const BUILDS: readonly JobName[] = ["build-x86_64-linux", "build-aarch64-linux"];
const DISTRIBUTIONS: readonly JobName[] = ["alpine", "nix", "ubuntu"];

export const JOBS: readonly Job[] = [
  job("build-x86_64-linux", "Build in a sandbox, x86_64 Linux"),
  { ...job("build-aarch64-linux", "Build in a sandbox, aarch64 Linux"), machine: "aarch64" },
  job("image", "Image, with a probe of its health"),
  job("check", "Checks, and everything computed again"),
  job("alpine", "On Alpine"),
  { ...job("nix", "By real Nix, from the exported flake"), packages: ["git", "jq", "nix-bin"] },
  job("ubuntu", "On Ubuntu"),
  { ...job("compare", "The same bytes on all systems"), reads: [...BUILDS, ...DISTRIBUTIONS] },
  {
    ...job("report", "Report"),
    reads: [...BUILDS, "image", "check", ...DISTRIBUTIONS, "compare"],
  },
];

function job(name: JobName, title: string): Job {
  return { name, title, machine: "x86_64", reads: [], packages: [] };
}

/** Systems that are never built on, and why. */
export const NO_SYSTEMS: Readonly<Record<string, string>> = {
  macos: "Pipelite builds in namespaces of Linux, which macOS has not",
};

/**
 * Images by digest, which no tag can move: each stands in many public repositories under its name.
 * `node` is what Woodpecker starts steps in.
 */
export const IMAGES = {
  alpine: "alpine:3.22@sha256:14358309a308569c32bdc37e2e0e9694be33a9d99e68afb0f5ff33cc1f695dce",
  ubuntu: "ubuntu:24.04@sha256:4fbb8e6a8395de5a7550b33509421a2bafbc0aab6c06ba2cef9ebffbc7092d90",
  node: "node:24-bookworm@sha256:3a09aa6354567619221ef6c45a5051b671f953f0a1924d1f819ffb236e520e6b",
} as const;

/** What a workflow is written for. */
export interface Project {
  /** The words behind `pipelite ci`: the pipeline, relative to the repository; none for the one at its top. */
  pipeline: string | undefined;
  /** The branch whose pushes it runs on. */
  branch: string;
}

export const HEADER =
  "Written by `pipelite export-ci`; what is changed here is lost when it is written again.";
