// An image made again from what it says of itself: the run that has what it is made of, packed as it was, and compared. What lies
// beside it is no part of that.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { canonicalJson } from "#base/canonical-json.ts";
import { removeTree } from "#base/files.ts";
import { isObject, memberAt, parseStrictJson } from "#base/strict-json.ts";
import type { Home } from "#home/home.ts";
import type { LayerCodec } from "#package/oci-writer.ts";
import { pipeliteError as shipError } from "#ship/errors.ts";
import { runOfRoots } from "#ship/image/findings.ts";
import { inspectImage, type Inspected } from "#ship/image/inspect.ts";
import { PATHS_ANNOTATION } from "#ship/image/layers.ts";
import { layoutSource, readLayout, type ReadImage } from "#ship/image/layout.ts";
import { writePlans } from "#ship/image/plans.ts";
import { PACKING_ANNOTATION } from "#ship/image/write-image.ts";
import { openStore } from "#store/index.ts";
import { pipeliteError } from "./errors.ts";
import { pack } from "./pack.ts";

export interface PackedAgain {
  runId: string;
  file: string;
  /** Signatures are no part of what is compared. */
  status: "same" | "differs";
  /** The first file that is another; undefined where only what is said of the package is. */
  difference: string | undefined;
  /** Stages whose outputs are in the package. */
  stages: string[];
}

/** @throws PipeliteError LAYOUT_INVALID, IMAGE_WRONG, PACK_NOTE_MISSING, PACK_RUN_MISSING, and what `pack` throws */
export async function imageAgain(home: Home, layout: string, signal: AbortSignal): Promise<PackedAgain> {
  const { image, inspected } = await look(home, layout);
  const { name, packing, timeSeconds, plan } = saidBy(layout, image, inspected);
  using store = openStore(home.folder, { readOnly: true });
  const run = runOfRoots(home, inspected.says.roots, store);
  if (run === undefined)
    throw pipeliteError("PACK_RUN_MISSING", { file: basename(layout), pipeline: `the image of ${name}` });
  const { runId, stages } = run.record;
  const folder = mkdtempSync(join(tmpdir(), "pipelite-again-"));
  try {
    const layersFile = join(folder, "layers.json");
    writePlans(layersFile, new Map([[name, plan]]));
    const { packages } = await pack({
      home,
      which: { word: runId },
      names: [name],
      formats: ["oci"],
      out: folder,
      isSingle: false,
      codec: packing.codec,
      epoch: timeSeconds,
      keyFile: undefined,
      pathKeyFile: undefined,
      level: packing.level,
      layersFile,
      isAttested: false,
      signal,
    });
    const again = await look(home, join(folder, packages[0]?.file ?? ""));
    const isSame = again.image.descriptor.sha256 === image.descriptor.sha256;
    const paths = new Set<string>(again.inspected.paths.keys());
    return {
      runId,
      file: basename(layout),
      status: isSame ? "same" : "differs",
      difference: isSame ? undefined : firstDifference(inspected, again.inspected),
      stages: stages
        .filter(({ drvPath, outPath }) => drvPath !== undefined && paths.has(outPath ?? ""))
        .map((stage) => stage.name),
    };
  } finally {
    removeTree(folder);
  }
}

async function look(home: Home, layout: string): Promise<{ image: ReadImage; inspected: Inspected }> {
  const { images } = await readLayout(layout);
  const [image, other] = images;
  if (image === undefined || other !== undefined) {
    const problem = `it has images for ${images.length} platforms, and each is made where its run was`;
    throw shipError("PACK_NOTE_MISSING", { file: layout, problem });
  }
  return { image, inspected: await inspectImage(layoutSource(layout), image, home.layout.temporary) };
}

interface Said {
  name: string;
  packing: { codec: Exclude<LayerCodec, "none">; level: number };
  timeSeconds: number;
  /** Names of paths, layer by layer. */
  plan: string[][];
}

/** How it was packed, by its labels and annotations. @throws PipeliteError PACK_NOTE_MISSING */
function saidBy(file: string, { bytes }: ReadImage, { start }: Inspected): Said {
  const manifest = parseStrictJson(bytes);
  const label = (key: string): unknown =>
    memberAt(parseStrictJson(Buffer.from(start)), "Labels", `org.opencontainers.image.${key}`);
  const [name, created] = [label("title"), label("created")];
  const packing = memberAt(manifest, "annotations", PACKING_ANNOTATION);
  const [, codec, level] = /\/(gzip|zstd)-(\d+)\/\d+$/.exec(typeof packing === "string" ? packing : "") ?? [];
  const time = typeof created === "string" ? Date.parse(created) : Number.NaN;
  if (typeof name !== "string" || Number.isNaN(time) || (codec !== "gzip" && codec !== "zstd"))
    throw shipError("PACK_NOTE_MISSING", { file, problem: "it does not say how it was packed" });
  const layers = isObject(manifest) && Array.isArray(manifest["layers"]) ? manifest["layers"] : [];
  const plan = layers.flatMap((layer: unknown) => {
    const names = memberAt(layer, "annotations", PATHS_ANNOTATION);
    return typeof names === "string" ? [names.split(" ")] : [];
  });
  return { name, packing: { codec, level: Number(level) }, timeSeconds: Math.floor(time / 1000), plan };
}

/** The first path or file that is another. */
function firstDifference(one: Inspected, other: Inspected): string | undefined {
  const rows = ({ paths, files }: Inspected): Map<string, string> =>
    new Map([
      ...[...paths].map(([path, hash]) => [path.slice(1), hash] as const),
      ...[...files].map(([path, file]) => [path, canonicalJson(file)] as const),
    ]);
  const [a, b] = [rows(one), rows(other)];
  return [...new Set([...a.keys(), ...b.keys()])].toSorted().find((path) => a.get(path) !== b.get(path));
}
