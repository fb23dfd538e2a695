// From locked packages to the steps that make a root file system of them: one that unpacks each package, and one that
// configures all. Neither names where a package was from: an environment is the same whichever mirror it came from.
import { own } from "#base/own.ts";
import { ENTERED_USER, MOUNT_POINTS } from "#sandbox/entrances.ts";
import { through, type EnvironmentPrograms } from "#environment/programs.ts";
import { pathOfFile, type LockedFile, type Recipe, type Step } from "#environment/step.ts";
import type { LockedDebian, LockedPackage } from "./locked.ts";

const VARIABLES = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/root",
  LANG: "C.UTF-8",
} as const;

/** Folders that are links into /usr: all of Debian since 12 (usrmerge). */
const MERGED: Readonly<Record<string, readonly string[]>> = {
  amd64: ["bin", "sbin", "lib", "lib64"],
  arm64: ["bin", "sbin", "lib"],
};

export async function debianRecipe(
  name: string,
  locked: LockedDebian,
  programs: EnvironmentPrograms,
): Promise<Recipe> {
  const [unpacked, configure, arrange, inner] = await Promise.all([
    unpackSteps(locked, programs),
    programs.stage("environment/debian/debian-configure"),
    programs.entrance("arrange"),
    programs.entrance("configure"),
  ]);
  const params = {
    names: locked.packages.map((each) => each.name),
    base: locked.base,
    entrance: inner.file,
    merged: own(MERGED, locked.architecture) ?? [],
    folders: ["var", "nix", ...MOUNT_POINTS.bound, ...MOUNT_POINTS.fresh],
    user: { passwd: ENTERED_USER, group: "" },
  };
  const root: Step = {
    name,
    files: [],
    sources: [...configure.sources, arrange.source, inner.source],
    inputs: unpacked,
    invoke: (pathOf) => through(arrange, "-", configure.invoke({ packages: unpacked.map(pathOf) }, params)),
  };
  return { root, place: "", variables: () => VARIABLES };
}

/** One for each package. */
export async function unpackSteps(locked: LockedDebian, programs: EnvironmentPrograms): Promise<Step[]> {
  const unpack = await programs.stage("environment/debian/debian-unpack");
  return locked.packages.map((each): Step => {
    const file = lockedFileOf(each, locked);
    return {
      name: `unpacked-${file.name.replace(/\.deb$/, "")}`,
      files: [file],
      sources: unpack.sources,
      inputs: [],
      invoke: () => unpack.invoke({ deb: pathOfFile(file) }, {}),
    };
  });
}

export function lockedFileOf(locked: LockedPackage, { suites }: LockedDebian): LockedFile {
  const { path, sha256, size, archive } = locked;
  const date = suites.find((suite) => suite.archive === archive)?.date;
  const from = { kind: "archive", archive, path, says: locked, ...(date !== undefined && { date }) } as const;
  // `%3a` stands for the colon of an epoch, and a store path has neither.
  const name = path.slice(path.lastIndexOf("/") + 1).replaceAll(/%3a|[^0-9a-zA-Z+._?=-]/gi, "-");
  return { name, sha256, size, from };
}
