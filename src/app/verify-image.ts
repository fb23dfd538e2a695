// Verification of an image, in a layout or in a registry: its digests, what it says of itself, the store and the run.
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Variables } from "#base/environment.ts";
import { makeFolder, readNamedText } from "#base/files.ts";
import type { Home } from "#home/home.ts";
import type { WhichRun } from "#home/runs.ts";
import { parseImageReference } from "#package/image-reference.ts";
import { imageFindings } from "#ship/image/findings.ts";
import { isLayout, layoutSource, readLayout, type ImageSource, type ImageTree } from "#ship/image/layout.ts";
import { readRegistry, registrySource } from "#ship/image/registry-source.ts";
import { parseTrust } from "#supply/trust.ts";
import { worstOf, type Finding } from "#supply/finding.ts";
import { openStore } from "#store/index.ts";
import { pipeliteError } from "./errors.ts";
import { OCI_SCHEME } from "./push.ts";

export interface VerifyImage {
  home: Home;
  /** A folder with a layout, or `oci://HOST/NAME:TAG`. */
  layout: string;
  /** The run that it must be of; undefined: any of this home. */
  which: WhichRun | undefined;
  /** Names whom to believe of provenance beside it; undefined: the keys that this home knows. */
  trustFile: string | undefined;
  env: Variables;
  signal: AbortSignal;
}

export interface VerifiedImage {
  image: string;
  digest: string;
  status: Finding["status"];
  checks: Finding[];
}

export { OCI_SCHEME };

/** Whether a word means an image and not a run. */
export function isImageWord(word: string, file: string): boolean {
  return word.startsWith(OCI_SCHEME) || (/[./]/.test(word) && isLayout(file));
}

/** @throws PipeliteError LAYOUT_INVALID, IMAGE_WRONG, IMAGE_UNKNOWN, REGISTRY_... */
export async function verify({
  home,
  layout,
  which,
  trustFile,
  env,
  signal,
}: VerifyImage): Promise<VerifiedImage> {
  const { temporary } = home.layout;
  makeFolder(temporary);
  using store = openStore(home.folder);
  const run = which === undefined ? undefined : home.runs.find(which);
  const trust = trustFile === undefined ? undefined : parseTrust(readNamedText(trustFile), trustFile);
  const against = { store, run, home, trust, temporary };
  const check = async (source: ImageSource, tree: ImageTree): Promise<VerifiedImage> => {
    const checks = await imageFindings(source, tree, against);
    return { image: layout, digest: `sha256:${tree.root.sha256}`, status: worstOf(checks), checks };
  };
  if (!layout.startsWith(OCI_SCHEME)) return await check(layoutSource(layout), await readLayout(layout));
  const reference = parseImageReference(layout.slice(OCI_SCHEME.length));
  if (reference === undefined) throw pipeliteError("IMAGE_NAME_INVALID", { word: layout });
  const folder = mkdtempSync(join(temporary, "pulled-"));
  try {
    const source = registrySource(reference, { folder, env, signal });
    return await check(source, await readRegistry(source, reference, { env, signal }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
