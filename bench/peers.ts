// The layered graph of graph.ts in the words of other tools: build tools that look at times of files, task runners that look
// at content, and Nix. A stage sums a text of its own and what it needs, by programs of the system where the tool has no
// sandbox of its own. Nothing but the words of a tool is here: what it is good for, its own documents say.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "./sample.ts";

export interface Graph {
  stages: number;
  /** The numbers of the stages that a stage takes from. */
  needsOf(index: number): readonly number[];
}

export interface Peer {
  name: string;
  /** Up to so many stages it is measured: what takes minutes for no new answer is left out. */
  most: number;
  /** How it knows that nothing changed. */
  looksAt: string;
  hasSandbox: boolean;
  /** Why it can't be had here. */
  missing(tools: Tools): string | undefined;
  /** Writes the graph into an empty folder. */
  write(folder: string, graph: Graph, tools: Tools): void;
  command(tools: Tools): Command;
  env?: Readonly<Record<string, string>>;
  /** What it keeps between runs: moved away, the next run builds all. */
  state: readonly string[];
  /** What else is to be done before all is built anew. */
  prepare?(folder: string): void;
}

/** Where programs from the npm registry are; undefined where it can't be reached. */
export interface Tools {
  modules: string | undefined;
}

const PARALLEL = "2";
const SUM = "sha256sum";

const indices = ({ stages }: Graph): number[] => Array.from({ length: stages }, (_, index) => index);
const inputs = (graph: Graph, index: number): string[] => [
  `src/${index}`,
  ...graph.needsOf(index).map((need) => `out/${need}`),
];

function writeSources(folder: string, graph: Graph): void {
  for (const name of ["src", "out"]) mkdirSync(join(folder, name));
  for (const index of indices(graph)) writeFileSync(join(folder, `src/${index}`), `src ${index}\n`);
}

function onPath(program: string): () => string | undefined {
  return () =>
    spawnSync("sh", ["-c", `command -v ${program}`]).status === 0
      ? undefined
      : `${program} is not on the PATH`;
}

function fromNpm({ modules }: Tools): string | undefined {
  return modules === undefined ? "the npm registry does not give it" : undefined;
}

const make: Peer = {
  name: "make",
  most: 10_000,
  looksAt: "times of files",
  hasSandbox: false,
  missing: onPath("make"),
  write(folder, graph) {
    writeSources(folder, graph);
    const all = indices(graph).map((index) => `out/${index}`);
    const rules = all.map(
      (out, index) => `${out}: ${inputs(graph, index).join(" ")}\n\tcat $^ | ${SUM} > $@`,
    );
    writeFileSync(join(folder, "Makefile"), [`all: ${all.join(" ")}`, ...rules, ""].join("\n"));
  },
  command: () => ["make", "-s", `-j${PARALLEL}`],
  state: ["out"],
};

const ninja: Peer = {
  name: "ninja",
  most: 10_000,
  looksAt: "times of files, and commands",
  hasSandbox: false,
  missing: onPath("ninja"),
  write(folder, graph) {
    writeSources(folder, graph);
    const rule = `rule sum\n  command = cat $in | ${SUM} > $out`;
    const builds = indices(graph).map((index) => `build out/${index}: sum ${inputs(graph, index).join(" ")}`);
    writeFileSync(join(folder, "build.ninja"), [rule, ...builds, ""].join("\n"));
  },
  command: () => ["ninja", "--quiet", `-j${PARALLEL}`],
  state: ["out", ".ninja_log", ".ninja_deps"],
};

const snakemake: Peer = {
  name: "snakemake",
  most: 1000,
  looksAt: "times of files, and parameters",
  hasSandbox: false,
  missing: onPath("snakemake"),
  write(folder, graph) {
    writeSources(folder, graph);
    const list = (names: readonly string[]) => names.map((name) => JSON.stringify(name)).join(", ");
    const all = indices(graph);
    const rules = all.map(
      (index) =>
        `rule s${index}:\n  input: ${list(inputs(graph, index))}\n  output: "out/${index}"\n  shell: "cat {input} | ${SUM} > {output}"`,
    );
    const first = `rule all:\n  input: ${list(all.map((index) => `out/${index}`))}`;
    writeFileSync(join(folder, "Snakefile"), [first, ...rules, ""].join("\n"));
  },
  command: () => ["snakemake", "-q", `-c${PARALLEL}`],
  state: ["out", ".snakemake"],
};

const turbo: Peer = {
  name: "turbo",
  most: 1000,
  looksAt: "content",
  hasSandbox: false,
  missing: fromNpm,
  write(folder, graph) {
    const json = (path: string, value: unknown) => writeFileSync(join(folder, path), JSON.stringify(value));
    json("package.json", {
      name: "graph",
      private: true,
      packageManager: "npm@11.0.0",
      workspaces: ["packages/*"],
    });
    json("turbo.json", { tasks: { build: { dependsOn: ["^build"], inputs: ["src"], outputs: ["out"] } } });
    for (const index of indices(graph)) {
      mkdirSync(join(folder, `packages/s${index}`), { recursive: true });
      writeFileSync(join(folder, `packages/s${index}/src`), `src ${index}\n`);
      const needs = graph.needsOf(index);
      const words = ["src", ...needs.map((need) => `../s${need}/out`)];
      json(`packages/s${index}/package.json`, {
        name: `s${index}`,
        version: "1.0.0",
        scripts: { build: `cat ${words.join(" ")} | ${SUM} > out` },
        dependencies: Object.fromEntries(needs.map((need) => [`s${need}`, "*"])),
      });
    }
  },
  command: ({ modules = "" }) => [
    join(modules, `@turbo/linux-${process.arch === "x64" ? "64" : process.arch}/bin/turbo`),
    "run",
    "build",
    "--output-logs=none",
    `--concurrency=${PARALLEL}`,
    "--skip-infer",
    "--cache-dir=.cache",
  ],
  env: { TURBO_TELEMETRY_DISABLED: "1", CI: "1" },
  state: [".cache", ".turbo"],
};

const wireit: Peer = {
  name: "wireit",
  most: 1000,
  looksAt: "content",
  hasSandbox: false,
  missing: fromNpm,
  write(folder, graph) {
    writeSources(folder, graph);
    const all = indices(graph);
    const task = (index: number) => ({
      command: `cat ${inputs(graph, index).join(" ")} | ${SUM} > out/${index}`,
      files: [`src/${index}`],
      output: [`out/${index}`],
      dependencies: graph.needsOf(index).map((need) => `s${need}`),
    });
    writeFileSync(
      join(folder, "package.json"),
      JSON.stringify({
        name: "graph",
        scripts: Object.fromEntries(
          ["all", ...all.map((index) => `s${index}`)].map((name) => [name, "wireit"]),
        ),
        wireit: {
          all: { dependencies: all.map((index) => `s${index}`) },
          ...Object.fromEntries(all.map((index) => [`s${index}`, task(index)])),
        },
      }),
    );
  },
  command: ({ modules = "" }) => ["sh", "-c", `PATH="${modules}/.bin:$PATH" exec npm run -s all`],
  env: { WIREIT_PARALLEL: PARALLEL, WIREIT_LOGGER: "quiet", WIREIT_CACHE: "local" },
  state: ["out", ".wireit"],
};

const bazel: Peer = {
  name: "bazel, its server running",
  most: 1000,
  looksAt: "content",
  hasSandbox: true,
  missing: onPath("bazel"),
  write(folder, graph) {
    writeSources(folder, graph);
    const rules = indices(graph).map(
      (index) =>
        `genrule(name = "s${index}", srcs = ${JSON.stringify(inputs(graph, index))}, outs = ["out/${index}"], cmd = "cat $(SRCS) | ${SUM} > $@")`,
    );
    writeFileSync(join(folder, "WORKSPACE"), "");
    writeFileSync(join(folder, "BUILD"), [...rules, ""].join("\n"));
  },
  command: () => ["bazel", "build", "//...", `--jobs=${PARALLEL}`, "--noshow_progress"],
  state: [],
  prepare: (cwd) => void spawnSync("bazel", ["clean"], { cwd, stdio: "ignore" }),
};

export const PEERS: readonly Peer[] = [make, ninja, snakemake, turbo, wireit, bazel];

const PACKAGES = ["turbo@2.11.11", "wireit@0.14.13"];

/** Gets what is on the npm registry into a folder. */
export function getTools(folder: string): Tools {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
  const words = ["install", "--no-audit", "--no-fund", "--ignore-scripts", ...PACKAGES];
  const { status } = spawnSync("npm", words, { cwd: folder, stdio: "ignore", timeout: 120_000 });
  return { modules: status === 0 ? join(folder, "node_modules") : undefined };
}
