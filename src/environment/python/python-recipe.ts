// From locked wheels to the step that installs them beside the root of another environment.
import { parseWheelName } from "#package/wheel.ts";
import type { EnvironmentPrograms } from "#environment/programs.ts";
import { pathOfFile, type LockedFile, type Recipe } from "#environment/step.ts";
import type { LockedPython } from "./locked-python.ts";

export async function pythonRecipe(
  name: string,
  locked: LockedPython,
  { base, programs }: { base: Recipe; programs: EnvironmentPrograms },
): Promise<Recipe> {
  const install = await programs.stage("environment/python/python-install");
  const files = locked.wheels.map(({ file, sha256, size }): LockedFile => {
    const project = parseWheelName(file)?.name ?? "";
    // A local version has a `+`, which a store path may have; an epoch's `!` it may not.
    return { name: file, sha256, size, from: { kind: "index", project } };
  });
  const names = locked.wheels.map(({ file }) => file);
  return {
    root: {
      name,
      files,
      sources: install.sources,
      inputs: [base.root],
      invoke: (pathOf) => {
        const below = pathOf(base.root);
        const folders = (base.variables(below)["PATH"] ?? "").split(":");
        const inputs = { base: `${below}${base.place}`, wheels: files.map(pathOfFile) };
        return install.invoke(inputs, { names, python: locked.python, folders });
      },
    },
    place: "/base",
    variables: (output) => {
      const below = base.variables(`${output}/base`);
      return { ...below, PATH: `${output}/bin:${below["PATH"] ?? ""}` };
    },
  };
}
