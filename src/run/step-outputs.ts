// Where the outputs of the steps of environments are, as far as the builds of before tell.
import type { Builds } from "#home/builds.ts";
import { deriveStep, type Origin, type Step } from "#environment/step.ts";
import { derivationPath } from "#nix/derivation.ts";
import { ownRealisationId } from "#nix/own-realisation.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";

interface Known {
  store: Store;
  builds: Builds;
  isolation: string;
  /** Found so far. */
  steps: Map<Step, StorePath>;
}

/** Where every input of a step is; undefined when that of one is not known yet. It need not be in the store any more. */
export function inputsOf(work: Known, step: Step): Map<Step, StorePath> | undefined {
  const paths = new Map<Step, StorePath>();
  for (const input of step.inputs) {
    const path = outputOfStep(work, input);
    if (path === undefined) return undefined;
    paths.set(input, path);
  }
  return paths;
}

/** The output of a step, as far as the builds of before tell. */
export function outputOfStep(work: Known, step: Step): StorePath | undefined {
  const known = work.steps.get(step);
  if (known !== undefined) return known;
  const inputs = inputsOf(work, step);
  if (inputs === undefined) return undefined;
  const derivation = deriveStep(step, originIn(inputs));
  const row = work.builds.find(derivationPath(derivation));
  const isWeak = row?.sandbox === "none" && work.isolation !== "none";
  const path = isWeak
    ? undefined
    : (row?.outPath ?? work.store.realisation(ownRealisationId(derivation))?.outPath);
  if (path !== undefined) work.steps.set(step, path);
  return path;
}

export function originIn(paths: ReadonlyMap<Step, StorePath>): (step: Step) => Origin {
  return (step) => {
    const path = paths.get(step);
    if (path === undefined) throw new Error(`the output of ${step.name} is not known`);
    return { kind: "path", path };
  };
}
