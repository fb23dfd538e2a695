// The jobs of the benchmark that are about images: a closure as an OCI layout, beside skopeo, which packs layers that are there
// already, and buildah, which makes an image of a folder. Codec and level are the same, and each takes the processors that there are.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { removeTree } from "#base/files.ts";
import type { Job, Place, Side, WantedFigure } from "./measure.ts";

/** Of the program that runs this: machine code packs as machine code does. */
const DATA_SIZE = 64 * 1024 * 1024;

const PIPELINE = `import { pack, pipeline, source } from "pipelite";
const data = source("data");
export default pipeline({ data });
export const image = pack({
  name: "image",
  version: "1.0",
  description: "What is measured",
  licence: "MIT",
  maintainer: "Anna Example <anna@example.org>",
  date: "2026-11-30",
  programs: { program: data.file("program") },
});
`;

export function imageJobs({ folder, pipelite }: Place): Job[] {
  const project = join(folder, "project");
  const data = join(project, "data");
  mkdirSync(data, { recursive: true });
  writeFileSync(join(project, "pipeline.ts"), PIPELINE);
  copyFileSync(process.execPath, join(data, "program"));
  truncateSync(join(data, "program"), DATA_SIZE);
  const env = { PIPELITE_HOME: join(folder, "home") };
  const run = (program: string, ...words: string[]): void => {
    const { status, stderr } = spawnSync(program, words, {
      cwd: project,
      env: { ...process.env, ...env },
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`${program} ${words.join(" ")}: ${stderr}`);
  };
  run(pipelite, "run", "--out", join(folder, "result"));
  const [out, plain, theirs] = [join(folder, "out"), join(folder, "plain"), join(folder, "theirs")];
  const arch = process.arch === "arm64" ? "arm64" : "amd64";
  run(pipelite, "pack", "--format", "oci", "--codec", "zstd", "--out", out);
  const layout = `image-1.0-${arch}.oci`;
  if (!isMissing("skopeo"))
    run("skopeo", "copy", "-q", "--dest-decompress", `oci:${out}/${layout}:1.0`, `dir:${plain}`);
  const ours = (codec: string, level: string): Side => ({
    name: "pipelite pack",
    command: [pipelite, "pack", "--format", "oci", "--codec", codec, "--level", level, "--out", out],
    cwd: project,
    env,
    prepare: () => {
      removeTree(out);
      removeTree(join(env.PIPELITE_HOME, "pipelite/packed"));
    },
  });
  const skopeo = (codec: string, level?: string): Side => ({
    name: `skopeo copy, ${codec}`,
    command: [
      "skopeo",
      "copy",
      "-q",
      `--dest-compress-format=${codec}`,
      ...(level === undefined ? [] : [`--dest-compress-level=${level}`]),
      `dir:${plain}`,
      `oci:${theirs}:1.0`,
    ],
    prepare: () => removeTree(theirs),
  });
  const storage = `--storage-driver=vfs --root=${folder}/buildah --runroot=${folder}/buildah-run`;
  const buildah: Side = {
    name: "buildah commit, gzip",
    command: [
      "sh",
      "-c",
      `made=$(buildah ${storage} from scratch) && buildah ${storage} copy -q "$made" "$1" /data &&
        buildah ${storage} commit -q --disable-compression=false "$made" "oci:$2:1.0" && buildah ${storage} rm "$made"`,
      "sh",
      data,
      theirs,
    ],
    prepare: () => removeTree(theirs),
  };
  const size = (job: string): WantedFigure => ({
    name: `size of ${job}`,
    unit: "% of theirs",
    of: () => (100 * blobBytes(join(out, layout))) / blobBytes(theirs),
    isSteady: true,
  });
  const name = (codec: string) => `image of ${DATA_SIZE / 2 ** 20} MiB, ${codec}`;
  const limit =
    "The compressor is nearly all of it. Ours is zlib, whose bytes others can make again and are known; skopeo and buildah have one of Go " +
    "(klauspost), whose levels pack less in less time: see the sizes. Beside it Node starts and pipeline.ts is loaded, bills of " +
    "materials are made, and three digests are taken of what skopeo takes one: of each file for the list of files, of the store path, " +
    "and of the layer, in one read.";
  const job = (what: string, theirSide: Side, { codec = "gzip", level = "6", repeats = 5 } = {}): Job => {
    const [tool = ""] = theirSide.name.split(" ", 1);
    return {
      name: name(what),
      sides: [ours(codec, level), theirSide],
      repeats,
      target: 1,
      limit,
      figures: [size(name(what))],
      ...(isMissing(tool) && { missing: `${tool} is not on the PATH` }),
    };
  };
  return [
    job("gzip, level 6", skopeo("gzip", "6")),
    // Levels are no measure that two compressors have in common: this is the one of theirs that packs as well.
    job("gzip, to the same size: our level 6, their level 9", skopeo("gzip", "9"), { repeats: 3 }),
    job("gzip, to the size of what they take by themselves: our level 4", skopeo("gzip"), { level: "4" }),
    job("gzip, level 6, from a folder", buildah, { repeats: 3 }),
    job("zstd, level 3", skopeo("zstd", "3"), { codec: "zstd", level: "3" }),
  ];
}

function isMissing(tool: string): boolean {
  return spawnSync(tool, ["--version"]).error !== undefined;
}

/** Of all blobs of a layout. */
function blobBytes(layout: string): number {
  const blobs = join(layout, "blobs/sha256");
  return readdirSync(blobs).reduce((sum, name) => sum + statSync(join(blobs, name)).size, 0);
}
