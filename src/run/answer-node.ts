// The step of a run in which a model is asked, or its pinned answer is found.
import { bytesInside } from "#base/files.ts";
import { messageOf, parseStrictJson } from "#base/strict-json.ts";
import type { AnswerNode, Graph } from "#compile/nodes.ts";
import type { StorePath } from "#nix/store-path.ts";
import { addAnswer, askModel, pinnedAnswer, pinnedForm, requestFor } from "./answers.ts";
import type { Secrets } from "#secrets/secrets.ts";
import { secretFound } from "#secrets/sources.ts";
import type { Model, Pinned } from "./answers.ts";
import { pipeliteError } from "./errors.ts";
import type { Workspace } from "./realise.ts";

export interface Located {
  request: string;
  requestHash: string;
  /** The answer in the store, when it is pinned. */
  path: StorePath | undefined;
}

/** The request that the stage wrote, and its answer when one is pinned. */
export async function locateAnswer(
  work: Workspace,
  graph: Graph,
  node: AnswerNode,
  model: Model | undefined,
): Promise<Located> {
  const { node: from, file = "" } = node.request;
  const folder = work.outputs.get(from);
  if (folder === undefined || model === undefined)
    throw new Error(`the request of ${node.name} is not known yet`);
  const bytes = bytesInside(work.store.physical(folder), file);
  if (bytes === undefined)
    throw pipeliteError("MODEL_REQUEST_INVALID", { problem: "it is no file, or is reached through a link" });
  const body = parse(bytes);
  const { request, hash } = requestFor(body, model.name);
  const pinned = pinnedAnswer(graph.root, hash);
  const path = pinned && (await addAnswer(work.store, node.name, pinned.answer));
  return { request, requestHash: hash, path };
}

function parse(bytes: Uint8Array): unknown {
  try {
    return parseStrictJson(bytes);
  } catch (error) {
    throw pipeliteError("MODEL_REQUEST_INVALID", { problem: messageOf(error) }, error);
  }
}

/** Asks the model; the answer is in the store but not pinned: that follows when its check has passed. */
export async function ask(
  work: Workspace,
  node: AnswerNode,
  model: Model,
  { request }: Located,
  { signal, secrets }: { signal: AbortSignal; secrets: Secrets },
): Promise<{ path: StorePath; pinned: Pinned }> {
  const answer = await askModel(model, request, signal);
  const secret = secrets.in(answer);
  if (secret !== undefined) throw secretFound(secret, "the answer of the model");
  return { path: await addAnswer(work.store, node.name, answer), pinned: pinnedForm(answer, model.name) };
}
