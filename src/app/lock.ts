// What environments of a pipeline are made of, chosen once and written beside it. All are known before anything is written.
import { join } from "node:path";
import type { Environment } from "#base/environment.ts";
import { buildGraph } from "#compile/graph.ts";
import { loadPipeline } from "#compile/load.ts";
import type { EnvironmentRequest } from "#author/environment-request.ts";
import { lockEnvironments, lockedEnvironment, resolveEnvironment } from "#environment/environment.ts";
import type { LockedEnvironment } from "#environment/environment.ts";
import { lockFileOf } from "#environment/lock-file.ts";
import type { Locking } from "#environment/debian/lock-debian.ts";
import { mirrorsOf } from "#environment/mirrors.ts";
import type { Home } from "#home/home.ts";

export interface LockOptions {
  pipeline: string;
  params: Readonly<Record<string, string>>;
  /** Choose again what is locked already. */
  update: boolean;
  home: Home;
  env: Environment;
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
  packages: number;
  bytes: number;
  /** Packages whose version is another, that came, and that are gone. */
  changes: { name: string; from?: string; to?: string }[];
}

export async function lock(options: LockOptions): Promise<Locked> {
  const { pipeline, params, update, home, env, now, signal, say } = options;
  const loaded = await loadPipeline(pipeline);
  const graph = await buildGraph(loaded, { params, model: true });
  const { root } = graph;
  const chosen = new Map<EnvironmentRequest, LockedEnvironment>();
  const environments: LockedLine[] = [];
  const read: Locking["read"] = new Map();
  for (const node of graph.nodes) {
    if (node.kind !== "environment") continue;
    const { name, request } = node;
    const before = lockedEnvironment(root, request);
    if (before !== undefined && !update) {
      environments.push({ ...sizeOf(before), name, status: "kept", changes: [] });
      continue;
    }
    const temporary = join(home.folder, "pipelite/lock");
    const found = await resolveEnvironment(request, {
      root,
      temporary,
      mirrors: mirrorsOf(env),
      now,
      signal,
      say,
      read,
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

function sizeOf({ packages }: LockedEnvironment): { packages: number; bytes: number } {
  return { packages: packages.length, bytes: packages.reduce((sum, { size }) => sum + size, 0) };
}

function changesOf(before: LockedEnvironment, after: LockedEnvironment): LockedLine["changes"] {
  const versions = (locked: LockedEnvironment) =>
    new Map(locked.packages.map(({ name, version }) => [name, version]));
  const [old, now] = [versions(before), versions(after)];
  return [...new Set([...old.keys(), ...now.keys()])].toSorted().flatMap((name) => {
    const [from, to] = [old.get(name), now.get(name)];
    if (from === to) return [];
    return [{ name, ...(from !== undefined && { from }), ...(to !== undefined && { to }) }];
  });
}
