// Before a run begins: its secrets, and that none of them is in what it is made from.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { sourceFilter } from "#compile/compile.ts";
import { derive } from "#compile/derive.ts";
import { isBuildNode, type Graph } from "#compile/nodes.ts";
import { secretUses } from "#compile/secret-parts.ts";
import type { Origin } from "#environment/step.ts";
import { writeDerivation } from "#nix/aterm.ts";
import { SECRET_BYTES_MIN } from "#secrets/needles.ts";
import type { Secrets } from "#secrets/secrets.ts";
import { readSecrets, secretFound } from "#secrets/sources.ts";
import { findInTree } from "#secrets/tree.ts";
import type { GraphNode } from "#compile/nodes.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { PlanOptions } from "./options.ts";
import type { Workspace } from "./realise.ts";
import { pipeliteError } from "./errors.ts";

/**
 * Those that the pipeline declares, and the key of the model.
 * @param early names of those that were made while it was loaded, whether or not something has them by now
 */
export function secretsOf(
  graph: Graph,
  early: readonly string[],
  { secrets: sources = {}, env, model }: PlanOptions,
): Secrets {
  const names = [...secretUses(graph.nodes).map(({ name }) => name), ...early];
  const declared = readSecrets({ names, sources, env });
  const key = model?.key;
  // Servers on this machine are asked with a word for a key.
  if (key === undefined || Buffer.byteLength(key) < SECRET_BYTES_MIN) return declared;
  const found = { name: MODEL_KEY, from: "environment", status: "present" } as const;
  return declared.with({ name: MODEL_KEY, value: key }, found);
}

/** What has run by now was not searched for a secret that nobody knew of. @throws SECRET_LATE */
export function refuseLateSecrets(added: readonly GraphNode[], { found }: Secrets): void {
  const late = secretUses(added).find(({ name }) => found.every((each) => each.name !== name));
  if (late !== undefined) throw pipeliteError("SECRET_LATE", late);
}

const MODEL_KEY = "PIPELITE_MODEL_KEY";

/** Sources are searched before they are in the store. @throws SECRET_FOUND */
export async function searchSources(
  { nodes, root }: Pick<Graph, "nodes" | "root">,
  secrets: Secrets,
): Promise<void> {
  if (secrets.isEmpty) return;
  for (const node of nodes) {
    if (node.kind !== "source") continue;
    const path = resolve(root, node.path);
    if (!existsSync(path)) continue;
    const leak = await findInTree(secrets, path, { include: await sourceFilter(node) });
    if (leak === undefined) continue;
    const file = leak.file === "" ? "" : `the file ${leak.file} of `;
    throw secretFound(leak.secret, `${file}the source ${node.path}`);
  }
}

/** What stages are given, and code that an earlier run has put into the store. @throws SECRET_FOUND */
export async function searchCompiled(
  work: Workspace,
  nodes: readonly GraphNode[],
  secrets: Secrets,
): Promise<void> {
  if (secrets.isEmpty) return;
  const { store, prepared } = work;
  for (const node of nodes) {
    const ready = isBuildNode(node) ? prepared.prepared.get(node) : undefined;
    if (ready === undefined) continue;
    const { code, ingredients } = ready;
    const secret = secrets.in(JSON.stringify([node.name, ingredients.params]));
    if (secret !== undefined) throw secretFound(secret, `what the stage '${node.name}' is given`);
    if (code === undefined) continue;
    const leak = await findInTree(secrets, store.physical(code));
    if (leak === undefined) continue;
    const where = `the code of the stage '${node.name}'`;
    throw secretFound(leak.secret, `${where}, and since an earlier run in ${store.physical(code)}`);
  }
  searchDerivations(work, nodes, secrets);
}

/** @throws SECRET_FOUND */
function searchDerivations(
  { prepared, outputs }: Workspace,
  nodes: readonly GraphNode[],
  secrets: Secrets,
): void {
  const somewhere = "/nix/store/00000000000000000000000000000000-x" as StorePath;
  const origins = new Map<GraphNode, Origin>(
    nodes.flatMap((node) =>
      [node, ...node.needs].map(
        (each) => [each, { kind: "path", path: outputs.get(each) ?? somewhere }] as const,
      ),
    ),
  );
  for (const node of nodes) {
    const ready = isBuildNode(node) ? prepared.prepared.get(node) : undefined;
    if (ready === undefined || ready.recipe !== undefined) continue;
    const secret = secrets.in(writeDerivation(derive(ready, origins)));
    if (secret !== undefined) throw secretFound(secret, `the derivation of '${node.name}'`);
  }
}
