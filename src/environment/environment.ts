// From what pipeline.ts asks for to how it is made: the lock file says what of, and each kind of environment how.
import { canonicalJson } from "#base/canonical-json.ts";
import { hexDigestOf } from "#base/digest.ts";
import type { EnvironmentRequest } from "#author/environment-request.ts";
import { debianArchitecture, faultOfLocked, type LockedDebian } from "./debian/locked.ts";
import { debianRecipe } from "./debian/recipe.ts";
import { pipeliteError } from "./errors.ts";
import { lockFileOf, lockSection, writeLockSection } from "./lock-file.ts";
import type { EnvironmentPrograms } from "./programs.ts";
import type { Recipe } from "./step.ts";
import { lockDebian, type Locking } from "./debian/lock-debian.ts";

const SECTION = "environments";

export type LockedEnvironment = LockedDebian;

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
  const locked = lockedEnvironment(root, request);
  if (locked === undefined)
    throw pipeliteError("ENVIRONMENT_NOT_LOCKED", { place, name, file: lockFileOf(root) });
  return debianRecipe(name, locked, programs);
}

/** What an environment comes to now. Nothing is written. */
export function resolveEnvironment(
  request: EnvironmentRequest,
  locking: Omit<Locking, "before">,
): Promise<LockedEnvironment> {
  return lockDebian(request, { ...locking, before: lockedEnvironment(locking.root, request) });
}

/** @throws PipeliteError LOCK_FILE_INVALID */
export function lockedEnvironment(root: string, request: EnvironmentRequest): LockedEnvironment | undefined {
  const section = lockSection(root, SECTION);
  const key = lockKey(request);
  if (!Object.hasOwn(section, key)) return undefined;
  const fault = faultOfLocked(section[key], request);
  if (fault === undefined) return section[key] as LockedEnvironment;
  const problem = `${SECTION}, '${key}': ${fault}`;
  throw pipeliteError("LOCK_FILE_INVALID", { file: lockFileOf(root), problem });
}

export function lockEnvironments(
  root: string,
  locked: ReadonlyMap<EnvironmentRequest, LockedEnvironment>,
): void {
  const members = { ...lockSection(root, SECTION) };
  for (const [request, each] of locked) members[lockKey(request)] = each;
  writeLockSection(root, SECTION, members);
}

/** For people to find it by, and one for each request and kind of machine. */
export function lockKey(request: EnvironmentRequest): string {
  const { kind, suite, packages } = request;
  const architecture = debianArchitecture(process.arch);
  const digest = hexDigestOf(canonicalJson({ request, architecture })).slice(0, 12);
  return `${kind} ${suite} ${architecture}: ${packages.join(" ")} (${digest})`;
}
