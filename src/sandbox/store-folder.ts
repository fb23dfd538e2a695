// The folder that becomes /nix/store: the places inputs are mounted on are made before, and taken away after.
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "#base/errors.ts";
import { storePathBase } from "#nix/store-path.ts";
import type { SandboxRequest } from "./request.ts";

import { pipeliteError } from "./errors.ts";

type Folders = Pick<SandboxRequest, "storeDir" | "buildDir" | "inputs">;

/** @returns the inputs to mount: those that are symlinks cannot be and are made again instead. */
export function prepareStoreFolder({ storeDir, buildDir, inputs }: Folders): Folders["inputs"] {
  chmodSync(storeDir, 0o1775);
  chmodSync(buildDir, 0o700);
  return inputs.filter(({ path, physical }) => {
    const stat = lstatSync(physical, { throwIfNoEntry: false });
    if (stat === undefined) throw pipeliteError("SANDBOX_INPUT_MISSING", { path, physical });
    const place = join(storeDir, storePathBase(path));
    if (stat.isSymbolicLink()) symlinkSync(readlinkSync(physical, "buffer"), place);
    else if (stat.isDirectory()) mkdirSync(place);
    else writeFileSync(place, "", { flag: "wx" });
    return !stat.isSymbolicLink();
  });
}

/** Leaves in the folder only what the builder made. */
export function cleanStoreFolder({ storeDir, inputs }: Pick<Folders, "storeDir" | "inputs">): void {
  for (const { path } of inputs) {
    const place = join(storeDir, storePathBase(path));
    const stat = lstatSync(place, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    if (stat.isDirectory()) removeFolder(place);
    else unlinkSync(place);
  }
}

function removeFolder(place: string): void {
  try {
    rmdirSync(place);
  } catch (error) {
    // Left for whoever removes the whole folder: it is no mount point any more, and no output is named like an input.
    if (systemErrorCode(error) !== "ENOTEMPTY") throw error;
  }
}
