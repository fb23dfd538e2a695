// examples/irreproducible: why each of its stages is not reproducible, and what `rebuild` must say of it.
import { join } from "node:path";
import { rebuild, type RebuildReport } from "#app/rebuild.ts";
import { VARIATIONS } from "#app/rebuild-choices.ts";
import type { Cause } from "#rebuild/outcome.ts";
import type { Guess } from "#rebuild/guess.ts";
import { Project } from "../rig/project.ts";

export interface Exhibit {
  /** What stands in its output. */
  why: string;
  /** One of the causes that must be found. */
  by: Cause["by"][number];
  heldStill?: Cause["heldStill"];
  guess: Guess;
  status?: "equivalent";
}

export const GALLERY: Readonly<Record<string, Exhibit>> = {
  "clock-second": {
    why: "the time it was made, to the second",
    by: "itself",
    heldStill: ["clock"],
    guess: "timestamp",
  },
  "clock-year": { why: "the year", by: "time", guess: "timestamp" },
  "clock-monotonic": { why: "how long something took", by: "itself", guess: "number" },
  "file-time": { why: "when a file was written", by: "itself", guess: "timestamp" },
  "time-zone": { why: "a time of day in the local zone", by: "time-zone", guess: "time-zone" },
  "random-number": {
    why: "`Math.random()`",
    by: "itself",
    heldStill: ["randomness"],
    guess: "random",
  },
  "random-uuid": { why: "a random UUID", by: "itself", guess: "random" },
  "temporary-name": { why: "the name of a temporary folder", by: "itself", guess: "random" },
  "hash-seed": {
    why: "the keys of a hash of Perl, as they come",
    by: "itself",
    heldStill: ["randomness"],
    guess: "order",
  },
  race: { why: "lines of six workers, as they come", by: "itself", guess: "order" },
  "float-sum": {
    why: "a floating point sum of what six workers send, as it comes",
    by: "itself",
    guess: "float-rounding",
  },
  cores: { why: "the number of processors", by: "cores", guess: "number" },
  user: { why: "who built it", by: "user", guess: "user" },
  umask: { why: "the mode of a new file", by: "umask", guess: "file-mode" },
  "host-name": { why: "the name of the machine", by: "host-name", guess: "host-name" },
  "build-path": { why: "the folder it was built in", by: "build-path", guess: "path" },
  home: { why: "the home of the user", by: "home", guess: "path" },
  locale: { why: "a number as the locale writes it", by: "locale", guess: "locale" },
  environment: { why: "the names of all variables", by: "environment", guess: "environment" },
  kernel: { why: "the version of the kernel", by: "kernel", guess: "kernel" },
  address: { why: "where something is in memory", by: "addresses", guess: "address" },
  "process-id": { why: "the number of a process", by: "process-ids", guess: "process-id" },
  "folder-order": {
    why: "the files of a folder, as the file system lists them",
    by: "file-order",
    guess: "order",
  },
  inode: { why: "the number that the file system gave a file", by: "itself", guess: "number" },
  "tar-time": {
    why: "times of files, in a tar",
    by: "itself",
    guess: "archive-metadata",
    status: "equivalent",
  },
  "gzip-time": {
    why: "the time of a file, in a gzip header",
    by: "itself",
    guess: "archive-metadata",
    status: "equivalent",
  },
};

/** Runs the pipeline and rebuilds all of it, by our own builder. */
export async function rebuildGallery(onProgress: (stage: string) => void = () => {}): Promise<RebuildReport> {
  using project = new Project({});
  const pipeline = join(import.meta.dirname, "../../examples/irreproducible");
  const { runId } = await project.run({ pipeline });
  const report = await rebuild({
    home: project.door,
    which: { word: runId, pipelineFile: undefined },
    stages: [],
    variations: VARIATIONS,
    times: 1,
    engines: "embedded",
    sandbox: undefined,
    env: process.env,
    signal: new AbortController().signal,
    onProgress: ({ stage }) => onProgress(stage),
  });
  if (report === undefined) throw new Error("nobody stopped it");
  return report;
}
