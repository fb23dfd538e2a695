// From locked store paths to a folder of links to their programs. What runs there starts them from the store: no root is entered.
import type { EnvironmentPrograms } from "#environment/programs.ts";
import type { Recipe } from "#environment/step.ts";
import type { LockedNixpkgs } from "./locked-nixpkgs.ts";

export async function nixpkgsRecipe(
  name: string,
  { packages, closure }: LockedNixpkgs,
  programs: EnvironmentPrograms,
): Promise<Recipe> {
  const link = await programs.stage("environment/nixpkgs/link-programs");
  return {
    root: {
      name,
      files: [],
      closure,
      sources: [...link.sources, ...packages],
      inputs: [],
      invoke: () => link.invoke({ packages }, {}),
    },
    place: "",
    isRootless: true,
    variables: (output) => ({ PATH: `${output}/bin` }),
  };
}
