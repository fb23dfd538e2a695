// From a shipment to packages of a distribution: one a store path, so that two packages can have the same one, and a small one
// with the profile. Or one package with all of it, which stands for the others.
import type { StorePath } from "#nix/store-path.ts";
import type { PackageFacts } from "#package/packaged.ts";
import { STORE_PACKAGE_SECONDS } from "./compose.ts";
import { pipeliteError } from "./errors.ts";
import { packageNameOf, PATH_VERSION } from "./names.ts";
import type { PackagePlan, ShippedFile, ShippedPath, Shipment } from "./shipment.ts";
import { sortedFiles, withFolders } from "./tree.ts";

/** Files that a format adds: to the profile, or to the package of a store path. */
export interface Additions {
  profile: (shipment: Shipment) => readonly ShippedFile[];
  path: (path: ShippedPath, shipment: Shipment) => readonly ShippedFile[];
}

/** @param isSingle one package with the whole closure */
export function plansOf(
  shipment: Shipment,
  { profile, path: ofPath }: Additions,
  isSingle: boolean,
): PackagePlan[] {
  const { pack, paths } = shipment;
  const added = profile(shipment);
  if (isSingle) {
    const facts: PackageFacts = {
      ...profileFacts(shipment),
      standsFor: paths.map(({ path }) => packageNameOf(path)),
    };
    const files = joined([...paths.flatMap(({ files: all }) => all), ...added], pack.name);
    const of = { paths: paths.map(({ path }) => path), trees: paths.map(({ tree }) => tree) };
    return [{ of: pack.name, facts, files, ...of }];
  }
  const ofStore = paths.map((path) => ({
    of: path.path,
    facts: pathFacts(path, shipment),
    files: joined(withFolders([...path.files, ...ofPath(path, shipment)], isOthers), path.path),
    paths: [path.path],
    trees: [path.tree],
  }));
  const depends = shipment.needs.map((path) => ({ name: packageNameOf(path) }));
  const facts = { ...profileFacts(shipment), depends };
  return [...ofStore, { of: pack.name, facts, files: joined(added, pack.name), paths: [], trees: [] }];
}

function profileFacts({ pack, timeSeconds, architecture }: Shipment): PackageFacts {
  const [summary = "", ...more] = pack.description.trim().split("\n");
  return {
    name: pack.name,
    version: pack.version,
    architecture,
    summary,
    description: more.join("\n").trim(),
    licence: pack.licence,
    maintainer: pack.maintainer,
    ...(pack.homepage !== undefined && { homepage: pack.homepage }),
    timeSeconds,
    depends: [],
    standsFor: [],
    scripts: pack.scripts ?? {},
  };
}

function pathFacts(
  { path, narHash, references }: ShippedPath,
  { pack, architecture }: Shipment,
): PackageFacts {
  return {
    name: packageNameOf(path),
    version: PATH_VERSION,
    architecture,
    summary: `part of ${pack.name}: ${nameOf(path)}`.slice(0, 75),
    description: ["This path of the store:", path, "Its NAR has the SHA-256", narHash]
      .map(wrapped)
      .join("\n"),
    licence: pack.licence,
    maintainer: pack.maintainer,
    timeSeconds: STORE_PACKAGE_SECONDS,
    depends: references.map((each) => ({ name: packageNameOf(each) })),
    standsFor: [],
    scripts: {},
  };
}

/** Lines of a description have 80 columns. */
function wrapped(line: string): string {
  return line.replaceAll(/.{75}(?=.)/g, "$&\n");
}

function nameOf(path: StorePath): string {
  return path.slice(path.indexOf("-") + 1);
}

/** Every folder that a store does not have is there for others, too. */
function isOthers(path: string): boolean {
  return !/^nix(\/|$)/.test(path);
}

/** Folders may come twice, and nothing else. @throws PipeliteError PACK_FILE_TWICE */
function joined(files: readonly ShippedFile[], of: string): ShippedFile[] {
  const all = new Map<string, ShippedFile>();
  for (const file of files) {
    const other = all.get(file.path);
    if (other !== undefined && !(other.kind === "folder" && file.kind === "folder"))
      throw pipeliteError("PACK_FILE_TWICE", { one: of, other: of, file: file.path });
    all.set(file.path, file);
  }
  return sortedFiles([...all.values()]);
}

/** Two packages can't have one file, be its bytes equal: dpkg and apk refuse it. @throws PipeliteError PACK_FILE_TWICE */
export function refuseShared(plans: readonly PackagePlan[]): void {
  const owners = new Map<string, PackagePlan>();
  for (const plan of plans)
    for (const { path, kind } of plan.files) {
      if (kind === "folder") continue;
      const other = owners.get(path);
      if (other !== undefined && other.facts.name !== plan.facts.name)
        throw pipeliteError("PACK_FILE_TWICE", { one: other.of, other: plan.of, file: path });
      owners.set(path, plan);
    }
}
