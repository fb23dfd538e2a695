// Derivations: what to run, with which inputs, to make which outputs; the unit of building, and by its path the name of
// what it will make. aterm.ts has the text form, derivation-hash.ts the hashes that output paths are made from.
// Specification: Nix manual, "Store Derivation"; invariants as Nix 2.31 and newer enforce them (`checkInvariants`).
import { writeDerivation, type Derivation } from "./aterm.ts";
import {
  fillOutputPaths,
  outputVariable,
  type DerivationLookup,
  type ModuloMemo,
} from "./derivation-hash.ts";
import { sha256 } from "./hash.ts";
import { makeTextPath, type StorePath } from "./store-path.ts";
import { pipeliteError } from "./errors.ts";

export { parseDerivation, writeDerivation, type Derivation, type DerivationOutput } from "./aterm.ts";

/** Path of the .drv file: that of a text object which refers to all inputs. */
export function derivationPath(derivation: Derivation): StorePath {
  return makeTextPath({
    name: `${derivation.name}.drv`,
    sha256: sha256(writeDerivation(derivation)),
    references: [...derivation.inputDrvs.keys(), ...derivation.inputSrcs],
  });
}

/**
 * Checks what newer Nix demands of every derivation it registers: its output paths are those that follow from it, the
 * variables named after outputs say so, each input derivation is there for an output of it.
 * @throws PipeliteError DRV_INVARIANT_BROKEN, DRV_INPUT_INVALID
 */
export function checkDerivation(derivation: Derivation, lookup: DerivationLookup, memo?: ModuloMemo): void {
  const { name, env } = derivation;
  const refuse = (reason: string): never => {
    throw pipeliteError("DRV_INVARIANT_BROKEN", { name, reason });
  };
  if (name.endsWith(".drv")) refuse("its name ends in .drv");
  for (const [path, outputs] of derivation.inputDrvs) {
    if (outputs.length === 0) {
      throw pipeliteError("DRV_INPUT_INVALID", { path, reason: "no output of it is named" });
    }
  }
  const right = fillOutputPaths(derivation, lookup, memo);
  for (const [output, actual] of derivation.outputs) {
    const wanted = right.outputs.get(output) ?? actual;
    const actualPath = outputVariable(output, actual);
    const wantedPath = outputVariable(output, wanted);
    if (actual.kind !== wanted.kind || actualPath !== wantedPath) {
      refuse(`the path of output '${output}' is '${actualPath}', and '${wantedPath}' follows from it`);
    }
    const variable = env.get(output);
    const isFree = actual.kind === "floating" || actual.kind === "impure";
    if (!isFree && variable !== wantedPath) {
      refuse(`the variable ${output} is '${variable ?? "not set"}', not '${wantedPath}'`);
    }
  }
}
