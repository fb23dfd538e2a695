// Environments: a root file system from locked inputs, in which a stage or a command runs. Here they are described only;
// `pipelite lock` pins what they are made of, and a run builds them as it builds stages.
import { compareByteStrings } from "#base/bytes.ts";
import { isStorePath, storePathName } from "#nix/store-path.ts";
import { parseImageReference } from "#package/image-reference.ts";
import { callerPlace } from "./source-position.ts";
import { requireText } from "./texts.ts";
import { pipeliteError } from "./errors.ts";
import { isLocalImage } from "./environment-request.ts";
import type {
  DebianRepository,
  EnvironmentRequest,
  ImageRequest,
  NixpkgsRequest,
  NodeModulesRequest,
} from "./environment-request.ts";
import { isFileOf, isNode } from "./nodes.ts";
import type { AnyNode, Composed, Environment, FileOf, Tool } from "./nodes.ts";
import { knownOptions } from "./options.ts";
import { isReserved } from "./command.ts";

export interface DebianOptions {
  /** Code name of a release. */
  readonly suite?: string;
  /** A moment of the snapshot archive, `20260101T000000Z`: locking again gives the same packages. */
  readonly snapshot?: string;
  readonly repositories?: readonly DebianRepository[];
}

const NAME = /^[a-z0-9][a-z0-9+.-]+$/;
/** As apt names a package of another architecture. */
const QUALIFIED = /^[a-z0-9][a-z0-9+.-]+:[a-z0-9-]+$/;
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
  const known = ["suite", "snapshot", "repositories"];
  const { suite = "bookworm", snapshot, repositories } = ownMachineOptions(options, known, place);
  for (const name of packages) {
    if (typeof name === "string" && QUALIFIED.test(name))
      throw pipeliteError("ENVIRONMENT_OF_OTHER_MACHINE", { place, asked: `package '${name}'` });
    if (typeof name !== "string" || !NAME.test(name))
      throw invalid(`'${String(name)}' is not the name of a package`);
  }
  if (!SUITE.test(suite) || suite.includes("..")) throw invalid(`'${suite}' is not the name of a suite`);
  if (snapshot !== undefined && !SNAPSHOT.test(snapshot))
    throw invalid(`'${snapshot}' is no moment such as 20260101T000000Z`);
  if (repositories !== undefined && !(Array.isArray(repositories) && repositories.every(isRepository)))
    throw invalid("its `repositories` are a list of { name, suite, components, keys }");
  return described(place, {
    kind: "debian",
    packages: [...new Set(packages)].toSorted(compareByteStrings),
    suite,
    ...(snapshot !== undefined && { snapshot }),
    ...(repositories !== undefined && { repositories: repositories.map(repository) }),
  });
}

function isRepository(value: unknown): value is DebianRepository {
  if (typeof value !== "object" || value === null) return false;
  const { name, suite, components, keys } = value as Partial<Record<keyof DebianRepository, unknown>>;
  return [name, suite, keys, ...(Array.isArray(components) ? components : [undefined])].every(
    (each) => typeof each === "string" && each !== "",
  );
}

function repository({ name, suite, components, keys }: DebianRepository): DebianRepository {
  return { name, suite, components: [...components], keys };
}

export interface ImageEnvironmentOptions {
  /** Of several images in one file or folder: the tag of the one that is meant. */
  readonly tag?: string;
}

/**
 * An image as a root file system: `image("registry.example/tools:1.4")`, `image("registry.example/tools@sha256:...")`, or one in a
 * folder (an OCI layout) or a file (`docker save`) beside pipeline.ts: `image("./tools.tar")`. What it would start, and as
 * whom, is left aside.
 */
export function image(from: string, options: ImageEnvironmentOptions = {}): Environment {
  const place = callerPlace();
  const { tag } = ownMachineOptions(options, ["tag"], place);
  const invalid = (problem: string) => pipeliteError("ENVIRONMENT_INVALID", { place, problem });
  if (typeof from !== "string") throw invalid("it needs the name of an image, or the path of one");
  const request: ImageRequest = { kind: "image", from, ...(tag !== undefined && { tag }) };
  if (!isLocalImage(request)) {
    const reference = parseImageReference(from);
    if (reference === undefined)
      throw invalid(`'${from}' is not the name of an image; a path begins with ./`);
    if (reference.tag === undefined && reference.sha256 === undefined)
      throw invalid(`'${from}' has neither a tag nor a digest`);
    if (tag !== undefined) throw invalid("the option `tag` is for files and folders: a name has its own");
  }
  return described(place, request);
}

export interface PythonOptions {
  /**
   * A file beside pipeline.ts: `pylock.toml`, `uv.lock`, `poetry.lock`, or requirements with hashes as pip reads them.
   */
  readonly requirements: string;
  /** What has the Python: `debian(["python3"])`, or an image. */
  readonly base: Environment;
  /** `3.12`, where the base does not tell. */
  readonly python?: string;
}

/**
 * Wheels of Python, each pinned by its hash, on the Python of another environment:
 * `python({ requirements: "requirements.lock", base: debian(["python3"]) })`. No code of theirs runs when they are installed.
 */
export function python(options: PythonOptions): Environment {
  const place = callerPlace();
  const invalid = (problem: string) => pipeliteError("ENVIRONMENT_INVALID", { place, problem });
  const known = ["requirements", "base", "python"];
  const { requirements, base, python: version } = ownMachineOptions(options, known, place);
  if (typeof requirements !== "string" || requirements === "")
    throw invalid("it needs a file of requirements");
  if (!isEnvironment(base))
    throw invalid('its `base` must be an environment: `debian(["python3"])`, `image(...)`');
  const { request } = base;
  if (base.composed !== undefined)
    throw invalid("wheels are installed on packages or an image: compose what `python` gives");
  if (request.kind === "python")
    throw invalid("wheels are installed on packages or an image, not on other wheels");
  if (request.kind === "node-modules") throw invalid("wheels are installed on packages or an image");
  if (request.kind === "nixpkgs")
    throw invalid("wheels are made for packages of Debian or an image: nixpkgs has its own Python packages");
  if (version !== undefined && !/^3\.\d+$/.test(version))
    throw invalid(`'${version}' is no version such as 3.12`);
  return described(place, {
    kind: "python",
    requirements,
    base: request,
    ...(version !== undefined && { python: version }),
  });
}

export interface NixpkgsOptions {
  /** Whose list names are looked up in, such as `nixos-25.05`: a folder where `PIPELITE_MIRRORS` says that nixpkgs is. */
  readonly channel?: string;
}

const PACKAGE = /^[a-zA-Z0-9_][a-zA-Z0-9+._?=-]*$/;
const CHANNEL = /^[a-z0-9][a-zA-Z0-9._-]*$/;

/**
 * Programs of nixpkgs out of a binary cache, without Nix: `nixpkgs("/nix/store/...-python3-3.12.8")`, or by the name that it has in
 * a published list of store paths: `nixpkgs("python3")`. They run from their paths; there is no root file system.
 */
export function nixpkgs(packages: string | readonly string[], options: NixpkgsOptions = {}): Environment {
  const place = callerPlace();
  const invalid = (problem: string) => pipeliteError("ENVIRONMENT_INVALID", { place, problem });
  const { channel } = ownMachineOptions(options, ["channel"], place);
  const all: readonly unknown[] = Array.isArray(packages) ? packages : [packages];
  if (all.length === 0) throw invalid("it needs a store path, the name of a package, or a list of them");
  const names = all.map((each) => {
    if (typeof each === "string" && (isStorePath(each) || PACKAGE.test(each))) return each;
    throw invalid(`'${String(each)}' is neither a store path nor the name of a package`);
  });
  if (channel !== undefined && (typeof channel !== "string" || !CHANNEL.test(channel)))
    throw invalid(`'${channel}' is not the name of a channel`);
  return described(place, {
    kind: "nixpkgs",
    packages: [...new Set(names)],
    ...(channel !== undefined && { channel }),
  });
}

export interface NodeModulesOptions {
  /** A `package-lock.json` beside pipeline.ts. */
  readonly lock: string;
}

/**
 * A node_modules for stages: what npm's lock says, for this machine and without what is for development only, each package held
 * against its integrity and unpacked without running anything of it:
 * `stage(..., { environment: nodeModules({ lock: "package-lock.json" }) })`.
 */
export function nodeModules(options: NodeModulesOptions): Environment {
  const place = callerPlace();
  const { lock } = ownMachineOptions(options, ["lock"], place);
  if (typeof lock !== "string" || lock === "")
    throw pipeliteError("ENVIRONMENT_INVALID", {
      place,
      problem: "it needs a `lock`: the path of a package-lock.json",
    });
  return described(place, { kind: "node-modules", lock });
}

export interface EnvironmentOptions {
  /** `debian([...])`, `image("...")`, or one that is composed itself. */
  readonly root: Environment;
  /**
   * What lies in the folder of a node lies in the root, at the same place: `bin/solve` at `/bin/solve`. So does a file of one, and
   * what `nodeModules` gives: at `/node_modules`.
   */
  readonly add?: readonly (AnyNode<never> | FileOf | Environment)[];
  /** Folders of the root, ahead of its own PATH. */
  readonly path?: readonly string[];
  /** Variables of what runs in it. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * A root file system with more in it: files that earlier stages made, or that lie beside pipeline.ts. Nothing is copied: the
 * root is one of links. A file that both have, with other bytes, is an error.
 */
export function environment(options: EnvironmentOptions): Environment {
  const place = callerPlace();
  const invalid = (problem: string) => pipeliteError("ENVIRONMENT_INVALID", { place, problem });
  const {
    root,
    add = [],
    path = [],
    env = {},
  } = ownMachineOptions(options, ["root", "add", "path", "env"], place);
  if (!isEnvironment(root)) throw invalid("its `root` must be an environment: `debian([...])`, `image(...)`");
  if (root.request.kind === "node-modules")
    throw invalid("what `nodeModules` gives is no root file system: it belongs to `add`");
  if (root.request.kind === "nixpkgs")
    throw invalid("what `nixpkgs` gives is no root file system: name all its packages in one list");
  if (!Array.isArray(add)) throw invalid("its `add` must be a list");
  const nodes = add.filter((each) => !isEnvironment(each));
  const modules = add.filter((each) => isEnvironment(each));
  for (const each of nodes) if (!isNode(each) && !isFileOf(each)) throw invalid(NO_PART);
  for (const { request } of modules) if (request.kind !== "node-modules") throw invalid(NO_PART);
  if (modules.length + (hasModules(root) ? 1 : 0) > 1)
    throw invalid("it has `nodeModules` twice: one lock must have all packages");
  for (const folder of path)
    if (typeof folder !== "string" || !/^\/[^:\0]*$/.test(folder))
      throw invalid(`'${folder}' of its \`path\` is not the absolute path of a folder`);
  for (const [name, value] of Object.entries(env)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || isReserved(name) || ["PATH", "HOME"].includes(name))
      throw invalid(`'${name}' can't be a variable of it (\`path\` is for the PATH)`);
    if (typeof value !== "string" || value.includes("\0")) throw invalid(`the variable '${name}' is no text`);
  }
  const [own] = modules;
  return described(place, root.request, {
    root,
    add: nodes,
    ...(own !== undefined && { modules: own }),
    path: [...path],
    env: { ...env },
  });
}

const NO_PART = "what it adds must be nodes, files of nodes, or what `nodeModules` gives";

function hasModules({ composed }: Environment): boolean {
  return composed !== undefined && (composed.modules !== undefined || hasModules(composed.root));
}

/** As `knownOptions`; a machine can't be chosen. @throws ENVIRONMENT_OF_OTHER_MACHINE */
function ownMachineOptions<T extends object>(options: T, known: readonly string[], place: string): T {
  const machine = Object.keys(options).find((name) => MACHINE_OPTIONS.has(name));
  if (machine !== undefined)
    throw pipeliteError("ENVIRONMENT_OF_OTHER_MACHINE", { place, asked: `option '${machine}'` });
  return knownOptions(options, known, place);
}

/** What other tools call it. */
const MACHINE_OPTIONS: ReadonlySet<string> = new Set(["architecture", "arch", "platform", "system"]);

function isEnvironment(value: unknown): value is Environment {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "environment";
}

function described(place: string, request: EnvironmentRequest, composed?: Composed): Environment {
  const made: Environment = Object.freeze({
    kind: "environment",
    place,
    request,
    ...(composed !== undefined && { composed: Object.freeze(composed) }),
    tool: (program: string): Tool => {
      const at = callerPlace();
      requireText(program, "the name of a program", at);
      if (request.kind === "node-modules")
        throw pipeliteError("ENVIRONMENT_INVALID", {
          place: at,
          problem:
            "`nodeModules` is for stages: its programs are scripts of Node, which a stage imports or starts",
        });
      return Object.freeze({ kind: "tool", program, place: at, environment: made });
    },
  });
  return made;
}

/** In words, for messages and as a name in the run. */
export function nameOfEnvironment(request: EnvironmentRequest): string {
  if (request.kind === "image") return nameOfImage(request);
  if (request.kind === "python") return `python-on-${nameOfEnvironment(request.base)}`;
  if (request.kind === "nixpkgs") return nameOfNixpkgs(request);
  if (request.kind === "node-modules") return nameOfModules(request);
  const { packages, suite } = request;
  const [first = ""] = packages;
  const more = packages.length > 1 ? `-and-${packages.length - 1}-more` : "";
  return `${suite.replaceAll(/[^a-z0-9-]/g, "-")}-${first}${more}`;
}

function nameOfNixpkgs({ packages: [first = "", ...others] }: NixpkgsRequest): string {
  const name = isStorePath(first) ? storePathName(first) : first;
  return `nixpkgs-${name.replaceAll(/[^0-9a-zA-Z._-]+/g, "-")}${others.length > 0 ? `-and-${others.length}-more` : ""}`;
}

/** By the folder that the lock is in. */
function nameOfModules({ lock }: NodeModulesRequest): string {
  const folder = lock
    .split("/")
    .slice(0, -1)
    .findLast((part) => part !== "." && part !== "..");
  return ["node-modules", folder?.replaceAll(/[^0-9a-zA-Z._-]+/g, "-")].filter(Boolean).join("-");
}

/** Without the registry, and without a digest. */
function nameOfImage({ from, tag }: ImageRequest): string {
  const [path = ""] = from.split("@", 1);
  const last = path.slice(path.replace(/\/+$/, "").lastIndexOf("/") + 1).replace(/\.(tar|tgz|tar\.gz)$/, "");
  const words = `image-${last}${tag === undefined ? "" : `-${tag}`}`;
  return words
    .replaceAll(/[^0-9a-zA-Z._-]+/g, "-")
    .replace(/-+$/, "")
    .slice(0, 80);
}
