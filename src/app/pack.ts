// Packages of distributions, made of a run by what its pipeline.ts declares.
import { suggestionFor } from "#base/near-words.ts";
import { loadPipeline } from "#compile/load.ts";
import type { Home } from "#home/home.ts";
import { readSecretKey } from "#cache/trust.ts";
import type { WhichRun } from "#home/runs.ts";
import type { PackageKey } from "#keys/package-key.ts";
import type { ShipmentFormat } from "#ship/formats.ts";
import type { Codec } from "#ship/payload.ts";
import { PLACELESS, ship } from "#ship/ship.ts";
import type { WriteImages } from "#ship/image/write-image.ts";
import { PACKAGE_FORMATS, type WrittenPackage } from "#ship/shipment.ts";
import { readPlans, writePlans } from "#ship/image/plans.ts";
import { openStore } from "#store/index.ts";
import { pipeliteError } from "./errors.ts";
import { sbom } from "./sbom.ts";

export interface PackRequest {
  home: Home;
  which: WhichRun;
  /** Names of packages; all where there are none. */
  names: readonly string[];
  formats: readonly ShipmentFormat[];
  out: string;
  isSingle: boolean;
  codec: Codec | undefined;
  epoch: number | undefined;
  /** File of the key that signs. */
  keyFile: string | undefined;
  /** File of the key that signs paths in a cache of Nix. */
  pathKeyFile: string | undefined;
  /** Of gzip or zstd in images; undefined for the usual one. */
  level: number | undefined;
  /** File that keeps which paths share a layer. */
  layersFile: string | undefined;
  /** Signs packages and images, and the outputs that are in them, by the key of this home. */
  isAttested: boolean;
  signal: AbortSignal;
}

export interface Packed {
  runId: string;
  packages: WrittenPackage[];
  manifests: string[];
  /** Names of the signatures and of the provenance beside packages. */
  signatures: string[];
}

/** @throws PipeliteError PACK_NOT_DECLARED, PACK_NAME_UNKNOWN, RUN_NOT_FOUND, RECORD_CHANGED, and what `ship` throws */
export async function pack(request: PackRequest): Promise<Packed> {
  const {
    home,
    which,
    names,
    epoch,
    keyFile,
    pathKeyFile,
    level,
    layersFile,
    isAttested,
    signal,
    formats,
    ...rest
  } = request;
  const key = keyFile === undefined ? undefined : await keyIn(keyFile);
  const { runId } = home.runs.find(which);
  const { record } = home.runs.requireUnchanged(runId);
  const loaded = await loadPipeline(record.pipelineFile);
  const { packs: declared, file } = loaded;
  if (declared.length === 0) throw pipeliteError("PACK_NOT_DECLARED", { file });
  const unknown = names.find((name) => !declared.some((each) => each.name === name));
  if (unknown !== undefined)
    throw pipeliteError("PACK_NAME_UNKNOWN", {
      name: unknown,
      file,
      suggestion: suggestionFor(
        unknown,
        declared.map(({ name }) => name),
      ),
    });
  const packs = names.length === 0 ? declared : declared.filter(({ name }) => names.includes(name));
  using store = openStore(home.folder, { readOnly: true });
  const pathKey = pathKeyFile === undefined ? undefined : readSecretKey(pathKeyFile);
  const plans = layersFile === undefined ? new Map<string, string[][]>() : readPlans(layersFile);
  // What signs, and knows of signatures, is loaded where there is something to sign.
  const attachmentsOf: WriteImages["attachmentsOf"] = async (shipment, image) => {
    const { attachmentsFor } = await import("./image-attachments.ts");
    return attachmentsFor({ home, runId, isAttested })(shipment, image);
  };
  const images = { kept: home.layout.packed, level, plans, attachmentsOf, signal };
  const documents = formats.some(hasBill) ? { "sbom.cdx.json": await bill(home, runId) } : {};
  const shipped = await ship({
    packs,
    documents,
    formats,
    store,
    record,
    loaded,
    epoch,
    key,
    pathKey,
    images,
    ...rest,
  });
  if (layersFile !== undefined) writePlans(layersFile, plans);
  const signed = isAttested ? await import("./package-signatures.ts") : undefined;
  const signatures =
    (await signed?.signPackages(shipped.packages, { home, runId, store, out: rest.out })) ?? [];
  return { runId, ...shipped, signatures };
}

async function keyIn(file: string): Promise<PackageKey> {
  const { readPackageKey } = await import("#keys/package-key.ts");
  return readPackageKey(file);
}

/** Images have theirs beside them, as referrers. */
function hasBill(format: ShipmentFormat): boolean {
  return [...PACKAGE_FORMATS, ...PLACELESS].some((each) => each === format);
}

/** What the results of the run are made of: the same in every home, whenever it is packed. */
async function bill(home: Home, runId: string): Promise<string> {
  const { documents } = await sbom({
    home,
    which: { word: runId },
    closures: ["runtime"],
    formats: ["cyclonedx"],
    time: undefined,
    supplier: undefined,
    out: undefined,
  });
  return documents[0]?.text ?? "";
}
