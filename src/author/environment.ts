// Environments: a root file system from locked inputs, in which a stage or a command runs. Here they are described only;
// `pipelite lock` pins what they are made of, and a run builds them as it builds stages.
import { compareByteStrings } from "#base/bytes.ts";
import { callerPlace } from "./source-position.ts";
import { pipeliteError } from "./errors.ts";
import type { DebianRepository, EnvironmentRequest } from "./environment-request.ts";
import type { Environment, Tool } from "./nodes.ts";

export interface DebianOptions {
  /** Code name of a release. */
  readonly suite?: string;
  /** A moment of the snapshot archive, `20260101T000000Z`: locking again gives the same packages. */
  readonly snapshot?: string;
  readonly repositories?: readonly DebianRepository[];
}

const NAME = /^[a-z0-9][a-z0-9+.-]+$/;
const SUITE = /^[a-z][a-z0-9./_-]*$/;
const SNAPSHOT = /^\d{8}T\d{6}Z$/;

/**
 * Debian packages with all that they depend on: `debian(["python3-numpy"])`. Recommended packages are left out. Programs:
 * `debian(...).tool("python3")`; for the programs of a stage: `stage(..., { environment: debian(...) })`.
 */
export function debian(packages: readonly string[], options: DebianOptions = {}): Environment {
  const place = callerPlace();
  const invalid = (problem: string) => pipeliteError("ENVIRONMENT_INVALID", { place, problem });
  if (!Array.isArray(packages) || packages.length === 0) throw invalid("it needs a list of packages");
  const { suite = "bookworm", snapshot, repositories } = options;
  for (const name of packages)
    if (typeof name !== "string" || !NAME.test(name))
      throw invalid(`'${String(name)}' is not the name of a package`);
  if (!SUITE.test(suite) || suite.includes("..")) throw invalid(`'${suite}' is not the name of a suite`);
  if (snapshot !== undefined && !SNAPSHOT.test(snapshot))
    throw invalid(`'${snapshot}' is no moment such as 20260101T000000Z`);
  return environment(place, {
    kind: "debian",
    packages: [...new Set(packages)].toSorted(compareByteStrings),
    suite,
    ...(snapshot !== undefined && { snapshot }),
    ...(repositories !== undefined && { repositories: repositories.map(repository) }),
  });
}

function repository({ name, suite, components, keys }: DebianRepository): DebianRepository {
  return { name, suite, components: [...components], keys };
}

function environment(place: string, request: EnvironmentRequest): Environment {
  const made: Environment = Object.freeze({
    kind: "environment",
    place,
    request,
    tool: (program: string): Tool =>
      Object.freeze({ kind: "tool", program, place: callerPlace(), environment: made }),
  });
  return made;
}

/** In words, for messages and as a name in the run. */
export function nameOfEnvironment({ packages, suite }: EnvironmentRequest): string {
  const [first = ""] = packages;
  const more = packages.length > 1 ? `-and-${packages.length - 1}-more` : "";
  return `${suite.replaceAll(/[^a-z0-9-]/g, "-")}-${first}${more}`;
}
