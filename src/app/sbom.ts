// Bills of materials of a run: gathered once for each closure, written in each format, and read back for what they have.
import { join } from "node:path";
import { makeFolder, writeFileAtomically } from "#base/files.ts";
import type { Home } from "#home/home.ts";
import type { WhichRun } from "#home/runs.ts";
import type { Bom, ClosureKind, BomFormat, Party } from "#sbom/bom.ts";
import { writeCycloneDx } from "#sbom/cyclonedx.ts";
import { minimumElements, type MinimumElement } from "#sbom/minimum.ts";
import { readBom } from "#sbom/read.ts";
import { writeSpdx2 } from "#sbom/spdx2.ts";
import { writeSpdx3 } from "#sbom/spdx3.ts";
import { rootsOf } from "#supply/closure.ts";
import { bomOf } from "#supply/sbom.ts";
import type { AttestationSigner } from "./attest.ts";

export interface SbomRequest {
  home: Home;
  which: WhichRun;
  closures: readonly ClosureKind[];
  formats: readonly BomFormat[];
  /** Seconds since the epoch, or the end of the run; default: what every time in a store is. */
  time: number | "run" | undefined;
  supplier: string | undefined;
  /** Where the documents go. */
  out: string | undefined;
  /** Signs each of them: as a bundle beside the document. */
  signer?: AttestationSigner | undefined;
  signal?: AbortSignal;
}

export interface SbomOfRun {
  runId: string;
  documents: SbomDocument[];
}

export interface SbomDocument {
  closure: ClosureKind;
  format: BomFormat;
  text: string;
  /** Its name in the folder, where it was written. */
  file?: string;
  /** The bundle that has it, too, signed. */
  bundle?: string;
  /** Store paths. */
  objects: number;
  /** Packages that are known to be in them. */
  packages: number;
  minimum: MinimumElement[];
}

/** The time of every file in a store, in seconds since the epoch. */
const STORE_TIME = 1;

/** @throws PipeliteError RUN_NOT_FOUND, RECORD_CHANGED, SBOM_NO_RESULTS, SBOM_PATH_GONE, and what `attestBy` throws */
export async function sbom(request: SbomRequest): Promise<SbomOfRun> {
  const { home, which, closures, formats, out } = request;
  const { runId, record } = home.runs.find(which);
  const seconds =
    request.time === "run" ? Date.parse(record.finishedAt) / 1000 : (request.time ?? STORE_TIME);
  const time = new Date(Math.trunc(seconds) * 1000).toISOString().replace(".000Z", "Z");
  const supplier: Party | undefined =
    request.supplier === undefined ? undefined : { name: request.supplier, isOrganisation: true };
  const documents: SbomDocument[] = [];
  for (const closure of closures) {
    const bom = await bomOf(home, runId, {
      closure,
      time,
      isTimeKnown: request.time !== undefined,
      ...(supplier && { supplier }),
    });
    for (const format of formats) documents.push(documentOf(bom, format));
  }
  if (out === undefined) return { runId, documents };
  makeFolder(out);
  for (const document of documents) {
    document.file = `${document.closure}.${SUFFIXES[document.format]}`;
    writeFileAtomically(join(out, document.file), document.text);
  }
  const { signer, signal = new AbortController().signal } = request;
  if (signer !== undefined) {
    const { signBills } = await import("./sbom-signatures.ts");
    await signBills(home, { out, documents, results: rootsOf(record, "runtime") }, signer, signal);
  }
  return { runId, documents };
}

const SUFFIXES: Readonly<Record<BomFormat, string>> = {
  cyclonedx: "cdx.json",
  "cyclonedx-1.6": "cdx16.json",
  spdx: "spdx.json",
  spdx3: "spdx3.json",
};

const WRITERS: Readonly<Record<BomFormat, (bom: Bom) => string>> = {
  cyclonedx: (bom) => writeCycloneDx(bom, "1.7"),
  "cyclonedx-1.6": (bom) => writeCycloneDx(bom, "1.6"),
  spdx: writeSpdx2,
  spdx3: writeSpdx3,
};

function documentOf(bom: Bom, format: BomFormat): SbomDocument {
  const text = WRITERS[format](bom);
  const read = readBom(text);
  const objects = read.components.filter(({ path }) => path !== undefined).length;
  return {
    closure: bom.closure,
    format,
    text,
    objects,
    packages: read.components.length - objects,
    minimum: minimumElements(read),
  };
}
