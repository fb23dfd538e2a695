// `pipelite lock` for wheels: of each requirement the file that fits the Python and the C library of the environment below.
import { smallest } from "#base/extremes.ts";
import { statSync } from "node:fs";
import { resolve } from "node:path";
import type { PythonRequest } from "#author/environment-request.ts";
import { hexDigestOf } from "#base/digest.ts";
import { readNamedFile } from "#base/files.ts";
import { systemReason } from "#base/system-reason.ts";
import { parseWheelName, supportedTags, type PythonTarget } from "#package/wheel.ts";
import type { LockedDebian } from "#environment/debian/locked.ts";
import { debianArchitecture } from "#environment/debian/locked.ts";
import { pipeliteError } from "#environment/errors.ts";
import type { LockedImage } from "#environment/image/locked-image.ts";
import { lockedFile, type Locking } from "#environment/locking.ts";
import type { LockedPython, LockedWheel } from "./locked-python.ts";
import { fetchWheel, indexFilesOf, type IndexFile } from "./package-index.ts";
import { readRequirements, type PythonRequirement } from "./requirements.ts";

const REQUIREMENTS_BYTES_MAX = 64 * 2 ** 20;

export async function lockPython(
  request: PythonRequest,
  base: LockedDebian | LockedImage,
  locking: Locking,
): Promise<LockedPython> {
  const { bytes, sha256 } = readRequirementsFile(locking.root, request);
  const target = targetOf(request, base);
  const { python } = target;
  const variables = {
    python_version: python,
    python_full_version: target.full,
    implementation_version: target.full,
    os_name: "posix",
    sys_platform: "linux",
    platform_machine: target.machine,
    platform_python_implementation: "CPython",
    platform_system: "Linux",
    platform_release: "",
    platform_version: "",
    implementation_name: "cpython",
    extra: "",
  };
  let requirements: PythonRequirement[];
  try {
    requirements = readRequirements(request.requirements, Buffer.from(bytes).toString("utf8"), variables);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw pipeliteError("REQUIREMENTS_INVALID", { file: request.requirements, problem }, error);
  }
  const tags = new Map(supportedTags(target).map((tag, rank) => [tag, rank]));
  const wheels: LockedWheel[] = [];
  for (const each of requirements.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    locking.say(`looking for ${each.name} ${each.version}`);
    wheels.push(await chooseWheel(each, { tags, target, locking }));
  }
  const architecture = debianArchitecture(process.arch);
  return { request, architecture, requirements: sha256, python, wheels };
}

/** @throws PipeliteError REQUIREMENTS_INVALID */
export function readRequirementsFile(
  root: string,
  { requirements }: PythonRequest,
): { bytes: Uint8Array; sha256: string } {
  try {
    const bytes = readNamedFile(resolve(root, requirements), REQUIREMENTS_BYTES_MAX);
    return { bytes, sha256: hexDigestOf(bytes) };
  } catch (error) {
    const { errno } = error as NodeJS.ErrnoException;
    const problem = errno === undefined ? String(error) : systemReason(errno);
    throw pipeliteError("REQUIREMENTS_INVALID", { file: requirements, problem }, error);
  }
}

type Target = PythonTarget & { full: string };

/** What the environment below has, as far as its lock tells; every glibc that wheels are made for is at least 2.17. */
function targetOf({ python }: PythonRequest, base: LockedDebian | LockedImage): Target {
  const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
  const isImage = "layers" in base;
  const versionOf = (name: string): string | undefined =>
    isImage ? undefined : base.packages.find((each) => each.name === name)?.version;
  const said = isImage
    ? base.env.find((each) => each.startsWith("PYTHON_VERSION="))?.slice("PYTHON_VERSION=".length)
    : (versionOf("python3") ?? versionOf("python3-minimal"));
  const found = python ?? /^(3\.\d+)/.exec(said ?? "")?.[1];
  if (found === undefined) throw pipeliteError("PYTHON_UNKNOWN");
  const exact = /^3\.\d+\.\d+/.exec((isImage ? said : versionOf(`python${found}-minimal`)) ?? "")?.[0];
  const full = exact?.startsWith(`${found}.`) === true ? exact : `${found}.0`;
  const glibc = /^2\.\d+/.exec(versionOf("libc6") ?? "")?.[0] ?? "2.17";
  return { python: found, full, glibc, machine };
}

interface Choosing {
  tags: ReadonlyMap<string, number>;
  target: Target;
  locking: Locking;
}

async function chooseWheel(
  wanted: PythonRequirement,
  { tags, target, locking }: Choosing,
): Promise<LockedWheel> {
  const { name, version } = wanted;
  const listed = (await indexFilesOf(name, locking)).filter(({ sha256 = "" }) => wanted.hashes.has(sha256));
  const wheels = listed.flatMap((file) => {
    const wheel = parseWheelName(file.name);
    if (wheel?.name !== name) return [];
    const ranks = wheel.tags.flatMap((tag) => tags.get(tag) ?? []);
    return [{ file, build: wheel.build, rank: ranks.length === 0 ? undefined : smallest(ranks) }];
  });
  const usable = wheels.filter(
    (each): each is (typeof wheels)[number] & { rank: number } => each.rank !== undefined,
  );
  const [best] = usable.toSorted(
    (a, b) => a.rank - b.rank || Number.parseInt(b.build || "0", 10) - Number.parseInt(a.build || "0", 10),
  );
  if (best !== undefined) return lockedWheel(best.file, locking);
  const { python, glibc, machine } = target;
  const problem =
    wheels.length > 0
      ? `there are ${wheels
          .map(({ file }) => file.name)
          .slice(0, 4)
          .join(", ")}`
      : listed.length > 0
        ? "there is its source only"
        : "the index has no file with one of its hashes";
  throw pipeliteError("WHEEL_MISSING", {
    name,
    version,
    python,
    platform: `${machine} with glibc ${glibc}`,
    problem,
  });
}

/** An index need not say how large its files are: then it is found out. */
async function lockedWheel(file: IndexFile, locking: Locking): Promise<LockedWheel> {
  const { name, sha256 = "", size } = file;
  if (size !== undefined) return { file: name, sha256, size };
  const get = async (target: string): Promise<void> => {
    const got = await fetchWheel(file, { target, most: 2 ** 33 }, locking);
    if (got !== sha256)
      throw pipeliteError("FILE_HASH_DIFFERS", { file: name, archive: "of Python", wanted: sha256, got });
  };
  const wheel = await lockedFile({ name, sha256, get }, locking);
  return { file: name, sha256, size: statSync(wheel).size };
}
