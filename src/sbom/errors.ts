// The errors of this folder: what is wrong, where, and what to do about it.
import { errorsOf } from "#base/errors.ts";

export const pipeliteError = errorsOf({
  SBOM_UNREADABLE: {
    exit: 3,
    message: "Cannot read a bill of materials: {problem}",
    hint: "`pipelite sbom` writes CycloneDX and SPDX as JSON",
  },
});
