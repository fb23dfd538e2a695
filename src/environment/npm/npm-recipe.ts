// From npm's lock to the step that unpacks its packages. What runs there is the Node of every stage, which finds them by NODE_PATH.
import type { EnvironmentPrograms } from "#environment/programs.ts";
import { pathOfFile, type Recipe } from "#environment/step.ts";
import type { InstalledPackage } from "./package-lock.ts";

export async function npmRecipe(
  name: string,
  packages: readonly InstalledPackage[],
  programs: EnvironmentPrograms,
): Promise<Recipe> {
  const install = await programs.stage("environment/npm/npm-install");
  const archives = packages.map(({ archive }) => archive);
  const files = [...new Map(archives.map((file) => [pathOfFile(file), file])).values()];
  const places = packages.map(({ place }) => place);
  return {
    root: {
      name,
      files,
      sources: install.sources,
      inputs: [],
      invoke: () => install.invoke({ archives: archives.map(pathOfFile) }, { places }),
    },
    place: "",
    isRootless: true,
    variables: (output) => ({ NODE_PATH: `${output}/node_modules` }),
  };
}
