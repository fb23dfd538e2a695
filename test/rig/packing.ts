// `pipelite pack`, with all that a test does not ask for as it is when nobody asks.
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { pack } from "#app/pack.ts";
import type { Project } from "./project.ts";

type PackRequest = Parameters<typeof pack>[0];

export function packImages(project: Project, more: Partial<PackRequest> = {}): ReturnType<typeof pack> {
  return packLatest(project, {
    formats: ["oci"],
    out: mkdtempSync(join(project.folder, "images-")),
    ...more,
  });
}

/** Packs the latest run of a project, as the command does without flags but for these. */
export function packLatest(
  project: Pick<Project, "door">,
  more: Partial<PackRequest> & Pick<PackRequest, "formats" | "out">,
): ReturnType<typeof pack> {
  return pack({
    home: project.door,
    which: { word: "latest" },
    names: [],
    isSingle: false,
    codec: undefined,
    epoch: undefined,
    keyFile: undefined,
    pathKeyFile: undefined,
    level: undefined,
    layersFile: undefined,
    isAttested: false,
    signal: new AbortController().signal,
    ...more,
  });
}
