// Reads a bill of materials back, ours or a changed one, for what is checked of it: which objects it has, with which hashes, how
// they hang together, and how much is said of each.
import { isObject, parseStrictJson } from "#base/strict-json.ts";
import { pipeliteError } from "./errors.ts";
import { readCycloneDx } from "./read-cyclonedx.ts";
import type { ReadBom } from "./read-parts.ts";
import { readSpdx2 } from "./read-spdx2.ts";
import { readSpdx3 } from "./read-spdx3.ts";

/** @throws PipeliteError SBOM_UNREADABLE for what is no such document */
export function readBom(text: string): ReadBom {
  let value: unknown;
  try {
    value = parseStrictJson(text);
  } catch (error) {
    throw pipeliteError("SBOM_UNREADABLE", { problem: (error as Error).message }, error);
  }
  if (isObject(value)) {
    if (value["bomFormat"] === "CycloneDX") return readCycloneDx(value);
    if (value["spdxVersion"] === "SPDX-2.3") return readSpdx2(value);
    if (Array.isArray(value["@graph"])) return readSpdx3(value["@graph"]);
  }
  throw pipeliteError("SBOM_UNREADABLE", { problem: "it is neither CycloneDX nor SPDX 2.3 or 3" });
}
