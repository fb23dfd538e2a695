// From what pipeline.ts asks for to how it is made: the lock file says what of, and each kind of environment how.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { canonicalJson } from "#base/canonical-json.ts";
import { hexDigestOf } from "#base/digest.ts";
import { nameOfEnvironment } from "#author/environment.ts";
import type { EnvironmentRequest, NodeModulesRequest } from "#author/environment-request.ts";
import { parseWheelName } from "#package/wheel.ts";
import {
  ARCHITECTURES,
  debianArchitecture,
  faultOfLocked,
  type DebianArchitecture,
  type LockedDebian,
} from "./debian/locked.ts";
import { debianRecipe } from "./debian/recipe.ts";
import { pipeliteError } from "./errors.ts";
import { lockFileOf, lockSection, writeLockSection } from "./lock-file.ts";
import type { Locking, EnvironmentPart } from "./locking.ts";
import type { EnvironmentPrograms } from "./programs.ts";
import type { Recipe } from "./step.ts";
import type { DebianLocking } from "./debian/lock-debian.ts";
import { faultOfLockedImage, type LockedImage } from "./image/locked-image.ts";
import { imageRecipe } from "./image/image-recipe.ts";
import { faultOfLockedPython, type LockedPython } from "./python/locked-python.ts";
import { pythonRecipe } from "./python/python-recipe.ts";
import { storePathName } from "#nix/store-path.ts";
import { faultOfLockedNixpkgs, type LockedNixpkgs } from "./nixpkgs/locked-nixpkgs.ts";
import { npmRecipe } from "./npm/npm-recipe.ts";
import { packagesOfLock } from "./npm/package-lock.ts";
import { nixpkgsRecipe } from "./nixpkgs/nixpkgs-recipe.ts";

const SECTION = "environments";

/** What `pipelite lock` pins. */
export type LockableRequest = Exclude<EnvironmentRequest, NodeModulesRequest>;

export type LockedEnvironment = LockedDebian | LockedImage | LockedPython | LockedNixpkgs;

export interface Wanted {
  /** Of the node, for messages and as the name of the root. */
  name: string;
  place: string;
  request: EnvironmentRequest;
  /** The folder of the pipeline. */
  root: string;
}

/** @throws PipeliteError ENVIRONMENT_NOT_LOCKED */
export async function recipeOf(wanted: Wanted, programs: EnvironmentPrograms): Promise<Recipe> {
  const { name, place, request, root } = wanted;
  if (request.kind === "node-modules") return npmRecipe(name, packagesOfLock(root, request.lock), programs);
  const locked = lockedEnvironment(root, request);
  if (locked === undefined)
    throw pipeliteError("ENVIRONMENT_NOT_LOCKED", { place, name, what: notLocked(root, request) });
  if ("closure" in locked) return nixpkgsRecipe(name, locked, programs);
  if ("layers" in locked) return imageRecipe(name, locked, { root, programs });
  if (!("wheels" in locked)) return debianRecipe(name, locked, programs);
  const { request: own } = locked;
  const { readRequirementsFile } = await import("./python/lock-python.ts");
  if (readRequirementsFile(root, own).sha256 !== locked.requirements)
    throw pipeliteError("REQUIREMENTS_CHANGED", { place, file: own.requirements });
  const below = { name: nameOfEnvironment(own.base), place, request: own.base, root };
  return pythonRecipe(name, locked, { base: await recipeOf(below, programs), programs });
}

/** Files beside pipeline.ts that say what an environment is, besides the lock file. */
export function requestFilesOf(root: string, request: EnvironmentRequest): string[] {
  if (request.kind === "node-modules") return [resolve(root, request.lock)];
  return request.kind === "python" ? [resolve(root, request.requirements)] : [];
}

/** The environments that one is made on, which are locked before it, and itself; none for what npm has locked. */
export function requestsIn(request: EnvironmentRequest): LockableRequest[] {
  if (request.kind === "node-modules") return [];
  return request.kind === "python" ? [request.base, request] : [request];
}

/** What an environment comes to now. Nothing is written. What locks is loaded here: a run needs none of it. */
export async function resolveEnvironment(
  request: LockableRequest,
  locking: Locking & Pick<DebianLocking, "read">,
  lockedOf: (request: EnvironmentRequest) => LockedEnvironment | undefined,
): Promise<LockedEnvironment> {
  if (request.kind === "image") return (await import("./image/lock-image.ts")).lockImage(request, locking);
  if (request.kind === "nixpkgs")
    return (await import("./nixpkgs/lock-nixpkgs.ts")).lockNixpkgs(request, locking);
  if (request.kind === "python") {
    const base = lockedOf(request.base);
    if (base === undefined || "wheels" in base || "closure" in base)
      throw new Error("what wheels are installed on is not locked");
    return (await import("./python/lock-python.ts")).lockPython(request, base, locking);
  }
  const before = lockedEnvironment(locking.root, request);
  const { lockDebian } = await import("./debian/lock-debian.ts");
  return lockDebian(request, { ...locking, before: before as LockedDebian | undefined });
}

/** What it is made of, for people. */
export function environmentPartsOf(locked: LockedEnvironment): { unit: string; parts: EnvironmentPart[] } {
  if ("closure" in locked) {
    const parts = locked.closure.map(({ path, size }) => {
      const [, name = storePathName(path), version = ""] = /^(.*?)-(\d.*)$/.exec(storePathName(path)) ?? [];
      return { name, version, size };
    });
    return { unit: "path", parts };
  }
  if ("packages" in locked) return { unit: "package", parts: locked.packages };
  if ("wheels" in locked) {
    const parts = locked.wheels.map(({ file, size }) => {
      const { name = file, version = "" } = parseWheelName(file) ?? {};
      return { name, version, size };
    });
    return { unit: "wheel", parts };
  }
  const parts = locked.layers.map(({ sha256, size }, index) => ({
    name: `layer ${index + 1}`,
    version: sha256.slice(0, 12),
    size,
  }));
  return { unit: "layer", parts };
}

/** @throws PipeliteError LOCK_FILE_INVALID */
export function lockedEnvironment(root: string, request: EnvironmentRequest): LockedEnvironment | undefined {
  const section = lockSection(root, SECTION);
  const key = lockKey(request);
  if (!Object.hasOwn(section, key)) return undefined;
  const value = section[key];
  const fault = faultOf(value, request);
  if (fault === undefined) return value as LockedEnvironment;
  const problem = `${SECTION}, '${key}': ${fault}`;
  throw pipeliteError("LOCK_FILE_INVALID", { file: lockFileOf(root), problem });
}

/** What a lock file lacks: all of it, or this kind of machine. */
function notLocked(root: string, request: LockableRequest): string {
  const section = lockSection(root, SECTION);
  const other = ARCHITECTURES.find((each) => Object.hasOwn(section, lockKey(request, each)));
  const file = lockFileOf(root);
  if (other === undefined) return `${file} does not say what it is made of`;
  return `${file} says what it is made of on ${other}, and this machine is ${debianArchitecture(process.arch)}`;
}

function faultOf(value: unknown, request: EnvironmentRequest): string | undefined {
  switch (request.kind) {
    case "debian":
      return faultOfLocked(value, request);
    case "image":
      return faultOfLockedImage(value, request);
    case "python":
      return faultOfLockedPython(value, request);
    case "nixpkgs":
      return faultOfLockedNixpkgs(value, request);
    case "node-modules":
      return "npm's own lock is the lock of a node_modules";
  }
}

/** Whether a lock file of a pipeline still has what is under a key. @throws PipeliteError LOCK_FILE_INVALID */
export function isLockedKey(root: string, key: string): boolean {
  if (key.startsWith(NPM_LOCK)) return existsSync(resolve(root, key.slice(NPM_LOCK.length)));
  return Object.hasOwn(lockSection(root, SECTION), key);
}

const NPM_LOCK = "node-modules: ";

export function lockEnvironments(
  root: string,
  locked: ReadonlyMap<EnvironmentRequest, LockedEnvironment>,
): void {
  const members = { ...lockSection(root, SECTION) };
  for (const [request, each] of locked) members[lockKey(request)] = each;
  writeLockSection(root, SECTION, members);
}

/** For people to find it by, and one for each request and kind of machine. */
export function lockKey(
  request: EnvironmentRequest,
  architecture: DebianArchitecture = debianArchitecture(process.arch),
): string {
  const digest = hexDigestOf(canonicalJson({ request, architecture })).slice(0, 12);
  switch (request.kind) {
    case "debian":
      return `debian ${request.suite} ${architecture}: ${request.packages.join(" ")} (${digest})`;
    case "image":
      return `image ${architecture}: ${request.from} (${digest})`;
    case "python":
      return `python ${architecture}: ${request.requirements} (${digest})`;
    case "nixpkgs":
      return `nixpkgs ${architecture}: ${request.packages.join(" ")} (${digest})`;
    case "node-modules":
      return `${NPM_LOCK}${request.lock}`;
  }
}
