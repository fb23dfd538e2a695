// The jobs of the benchmark that are about size: very many small paths, and few very large ones, into a cache and out of it. What counts
// is the memory: it must not grow with what goes through.
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { removeTree } from "#base/files.ts";
import type { Job, Measured, Place } from "./measure.ts";
import { NIX_ENV } from "./nix.ts";
import { script } from "./script.ts";

const PATHS = 10_000;
const LARGE_FILES = 10;
const LARGE_BYTES = 512 * 1024 * 1024;
const MEMORY_MIB_MAX = 400;
/** What takes long on a busy machine is still measured: what counts is the memory. */
const HOUR_MS = 3_600_000;
const LIMIT = "Each path is written, hashed and registered, some milliseconds each; Nix does the same.";

export const SCALE_JOBS: Readonly<Record<string, (place: Place) => Job[]>> = {
  "scale-many": (place) =>
    both(place, {
      what: `${(PATHS + 1).toLocaleString("en")} paths`,
      fill: `
        for (let at = 0; at < ${PATHS}; at += 500)
          await Promise.all(Array.from({ length: 500 }, (_, index) =>
            store.addText("path-" + (at + index), Buffer.from("path " + (at + index)))));`,
    }),
  "scale-large": (place) =>
    both(place, {
      what: `${((LARGE_FILES * LARGE_BYTES) / 2 ** 30).toFixed(0)} GiB of noise`,
      fill: `
        const { createWriteStream, rmSync } = await import("node:fs");
        const { randomBytes } = await import("node:crypto");
        for (let at = 0; at < ${LARGE_FILES}; at += 1) {
          const file = process.argv[1] + "-noise";
          const to = createWriteStream(file);
          for (let done = 0; done < ${LARGE_BYTES}; done += 2 ** 22)
            if (!to.write(randomBytes(2 ** 22))) await new Promise((go) => to.once("drain", go));
          await new Promise((go) => to.end(go));
          await store.addTree(file, { name: "noise-" + at });
          rmSync(file);
        }`,
    }),
};

function both(place: Place, { what, fill }: { what: string; fill: string }): Job[] {
  const { folder, pipelite } = place;
  const home = join(folder, "home");
  const code = `
    const store = openStore(process.argv[1]);
    ${fill}
    const all = store.validPaths();
    console.log((await store.addText("top", Buffer.from(all.join("\\n")), all)).path);
    store.close();`;
  const [program, ...words] = script(place, code, home);
  const made = spawnSync(program, words, { encoding: "utf8" });
  if (made.status !== 0) throw new Error(`The paths were not made: ${made.stderr}`);
  const path = made.stdout.trim();
  const [cache, nixCache] = [join(folder, "cache"), join(folder, "nix-cache")];
  const [ours, theirs] = [join(folder, "ours"), join(folder, "theirs")];
  const env = { ...NIX_ENV, HOME: folder };
  const emptied = (target: string) => () => {
    removeTree(target);
    removeTree(join(folder, ".cache"));
    mkdirSync(join(folder, ".cache"));
  };
  const memory = (name: string) => ({
    name: `memory of ${name}`,
    unit: "MiB",
    of: ({ peakMib }: Measured) => peakMib,
    target: MEMORY_MIB_MAX,
    isSteady: true,
  });
  return [
    {
      name: `push of ${what} into a folder`,
      sides: [
        {
          name: "pipelite",
          command: [pipelite, "cache", "push", path, "--to", cache, "--store", home, "-q"],
          prepare: emptied(cache),
        },
        {
          name: "nix copy, zstd",
          command: ["nix", "copy", "--store", home, "--to", `file://${nixCache}?compression=zstd`, path],
          env,
          prepare: emptied(nixCache),
        },
      ],
      repeats: 1,
      target: 1,
      limitMs: HOUR_MS,
      limit: LIMIT,
      figures: [memory(`a push of ${what}`)],
    },
    {
      name: `pull of ${what} from a folder`,
      sides: [
        {
          name: "pipelite",
          command: [pipelite, "cache", "pull", path, "--from", cache, "--store", ours, "-q"],
          prepare: emptied(ours),
        },
        {
          name: "nix copy",
          command: ["nix", "copy", "--store", theirs, "--from", `file://${cache}`, path],
          env,
          prepare: emptied(theirs),
        },
      ],
      repeats: 1,
      target: 1,
      limitMs: HOUR_MS,
      limit: LIMIT,
      figures: [memory(`a pull of ${what}`)],
    },
  ];
}
