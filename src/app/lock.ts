// What environments of a pipeline are made of, chosen once and written beside it. All are known before anything is written.
import { dirname, join } from "node:path";
import type { Variables } from "#base/environment.ts";
import { isPipeliteError } from "#base/errors.ts";
import { buildGraph } from "#compile/graph.ts";
import { loadPipeline } from "#compile/load.ts";
import type { GraphNode } from "#compile/nodes.ts";
import { nameOfEnvironment } from "#author/environment.ts";
import type { EnvironmentRequest } from "#author/environment-request.ts";
import {
  lockEnvironments,
  lockedEnvironment,
  lockKey,
  environmentPartsOf,
  requestsIn,
  resolveEnvironment,
} from "#environment/environment.ts";
import type { LockableRequest, LockedEnvironment } from "#environment/environment.ts";
import { lockFileOf } from "#environment/lock-file.ts";
import type { DebianLocking } from "#environment/debian/lock-debian.ts";
import { mirrorsOf } from "#environment/mirrors.ts";
import { openSubstituter, type Caches, type OpenCache } from "#cache/open.ts";
import { lockedTools, TOOLS_REQUEST } from "#export/shell-tools.ts";
import type { Home } from "#home/home.ts";
import { openStore } from "#store/store.ts";
import { pipelineFile } from "./home.ts";

export interface LockOptions extends Locking {
  params: Readonly<Record<string, string>>;
  /** Choose again what is locked already. */
  update: boolean;
  /** Also bash, git and jq of the shells of an export; without it they are only kept, or chosen again. */
  shells?: boolean;
}

interface Locking {
  pipeline: string;
  home: Home;
  env: Variables;
  /** Where store paths of nixpkgs are, and files of known hash. */
  caches?: (Caches & OpenCache) | undefined;
  now: Date;
  signal: AbortSignal;
  /** Is told what is done. */
  say: (line: string) => void;
}

export interface Locked {
  file: string;
  environments: LockedLine[];
}

export interface LockedLine {
  name: string;
  /** `kept` where it was locked, and nothing else was asked for. */
  status: "locked" | "updated" | "kept";
  /** What it is made of: packages, layers. */
  parts: number;
  unit: string;
  bytes: number;
  /** Parts whose version is another, that came, and that are gone. */
  changes: { name: string; from?: string; to?: string }[];
}

export async function lock(options: LockOptions): Promise<Locked> {
  const { pipeline, params, shells = false } = options;
  const loaded = await loadPipeline(pipeline);
  const { root, nodes } = await buildGraph(loaded, { params, model: true });
  const isWanted = shells || lockedTools(root) !== undefined;
  return lockRequests(root, [...wantedBy(nodes), ...(isWanted ? [{ request: TOOLS_REQUEST }] : [])], options);
}

/** What no mirror that can be reached comes to. */
const NO_MIRROR = ["MIRROR_MISSING", "SUITE_UNAVAILABLE"];

/**
 * Pins bash, git and jq of the shells of an export where they are not pinned yet.
 * @returns why that could not be, where no mirror could be reached
 */
export async function lockShells(options: Locking): Promise<string | undefined> {
  const root = dirname(pipelineFile(options.pipeline));
  if (lockedTools(root) !== undefined) return undefined;
  try {
    const { file } = await lockRequests(root, [{ request: TOOLS_REQUEST }], { ...options, update: false });
    options.say(`pinned bash, git and jq of the shells in ${file}`);
    return undefined;
  } catch (error) {
    if (isPipeliteError(error) && NO_MIRROR.includes(error.code)) return error.message;
    throw error;
  }
}

async function lockRequests(
  root: string,
  wanted: readonly Wanted[],
  { update, home, env, now, signal, say, caches }: Locking & Pick<LockOptions, "update">,
): Promise<Locked> {
  const chosen = new Map<EnvironmentRequest, LockedEnvironment>();
  const environments: LockedLine[] = [];
  const read: DebianLocking["read"] = new Map();
  const lockedOf = (request: EnvironmentRequest) =>
    [...chosen].find(([other]) => lockKey(other) === lockKey(request))?.[1] ??
    lockedEnvironment(root, request);
  using store = openStore(home.folder);
  const onRefused = (url: string, error: Error): void => say(`${error.message}; ${url} is asked no more`);
  const substituter = caches && openSubstituter(store, caches, signal, { onRefused });
  for (const { request, place } of wanted) {
    const name = request === TOOLS_REQUEST ? "shells" : nameOfEnvironment(request);
    const before = lockedEnvironment(root, request);
    if (before !== undefined && !update) {
      environments.push({ ...sizeOf(before), name, status: "kept", changes: [] });
      continue;
    }
    const temporary = join(home.folder, "pipelite/lock");
    const locking = {
      root,
      temporary,
      store,
      mirrors: mirrorsOf(env),
      caches: substituter,
      env,
      now,
      signal,
      say,
      read,
    };
    const found = await resolveEnvironment(request, locking, lockedOf).catch((error: unknown) => {
      throw place === undefined ? error : saidAt(place, error);
    });
    chosen.set(request, found);
    const status = before === undefined ? "locked" : "updated";
    environments.push({
      ...sizeOf(found),
      name,
      status,
      changes: before === undefined ? [] : changesOf(before, found),
    });
  }
  if (chosen.size > 0) lockEnvironments(root, chosen);
  return { file: lockFileOf(root), environments };
}

interface Wanted {
  request: LockableRequest;
  /** Where pipeline.ts asks for it, if it does. */
  place?: string;
}

/** Each once, and after those that it is made on. */
function wantedBy(nodes: readonly GraphNode[]): Wanted[] {
  const all = nodes.flatMap((node) =>
    node.kind === "environment"
      ? requestsIn(node.request).map((request): Wanted => ({ request, place: node.place }))
      : [],
  );
  return [...Map.groupBy(all, ({ request }) => lockKey(request)).values()].flatMap(([first]) => first ?? []);
}

/** What could not be locked is known by a package or an image: its error names the line that asks for that, too. */
function saidAt(place: string, error: unknown): unknown {
  if (isPipeliteError(error) && !("place" in error.details)) error.message = `${place}: ${error.message}`;
  return error;
}

function sizeOf(locked: LockedEnvironment): Pick<LockedLine, "parts" | "unit" | "bytes"> {
  const { unit, parts } = environmentPartsOf(locked);
  return { parts: parts.length, unit, bytes: parts.reduce((sum, { size }) => sum + size, 0) };
}

function changesOf(before: LockedEnvironment, after: LockedEnvironment): LockedLine["changes"] {
  const versions = (locked: LockedEnvironment) =>
    new Map(environmentPartsOf(locked).parts.map(({ name, version }) => [name, version]));
  const [old, now] = [versions(before), versions(after)];
  return [...new Set([...old.keys(), ...now.keys()])].toSorted().flatMap((name) => {
    const [from, to] = [old.get(name), now.get(name)];
    if (from === to) return [];
    return [{ name, ...(from !== undefined && { from }), ...(to !== undefined && { to }) }];
  });
}
