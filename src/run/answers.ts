// Answers of a language model in a hermetic pipeline. The request is an object with a hash; the model is asked once,
// outside the sandbox; the answer is a fixed-output object of the store, pinned with its hash in `pipelite.lock.json`
// beside the pipeline after it passed its check, and replayed from there ever after.
//
// States: suspended (no answer) -> answered -> verified (pinned) or rejected. Only an answer that its check stage has
// passed is pinned; an error of the server is never an answer.
import { webProblem } from "#base/web.ts";
import * as shape from "#base/shape.ts";
import { messageOf, parseStrictJson } from "#base/strict-json.ts";
import { sriDigestOf } from "#base/digest.ts";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { utf8 } from "#base/bytes.ts";
import { canonicalJson } from "#base/canonical-json.ts";
import { writeFileAtomically } from "#base/files.ts";
import { pipeliteError as lockError } from "#environment/errors.ts";
import { lockFileOf, lockSection, writeLockSection } from "#environment/lock-file.ts";
import { hashBytes } from "#nix/hash.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import { pipeliteError } from "./errors.ts";

export interface Model {
  /** Base of an OpenAI-compatible endpoint (`http://host/v1`); without it only pinned answers can be used. */
  url?: string;
  name: string;
  /** Sent to the endpoint as a bearer token. */
  key?: string | undefined;
}

export interface Pinned {
  model: string;
  /** SRI hash of the answer's bytes. */
  hash: string;
  answer: string;
}

const TIMEOUT_MS = 300_000;

/** The request as it is sent: the body that the stage wrote, with the model's name. */
export function requestFor(body: unknown, model: string): { request: string; hash: string } {
  if (typeof body !== "object" || body === null || !("messages" in body)) {
    throw pipeliteError("MODEL_REQUEST_INVALID", { problem: "it has no messages" });
  }
  const request = canonicalJson({ ...body, model });
  return { request, hash: sriDigestOf(request) };
}

const SECTION = "answers";

/** The pinned answer to a request, whose bytes are checked against the pinned hash. */
export function pinnedAnswer(root: string, requestHash: string): Pinned | undefined {
  const section = lockSection(root, SECTION);
  if (!Object.hasOwn(section, requestHash)) return undefined;
  const pinned = readPinned(root, section[requestHash]);
  if (sriDigestOf(pinned.answer) !== pinned.hash) {
    throw pipeliteError("LOCK_ANSWER_CHANGED", { file: lockFileOf(root), request: requestHash });
  }
  return pinned;
}

const PINNED = shape.object<Pinned>({ model: shape.text, hash: shape.text, answer: shape.text });

function readPinned(root: string, value: unknown): Pinned {
  try {
    return shape.requireShape(PINNED, value);
  } catch (error) {
    const problem = `of one of its answers, ${messageOf(error)}`;
    throw lockError("LOCK_FILE_INVALID", { file: lockFileOf(root), problem }, error);
  }
}

export function pinAnswer(root: string, requestHash: string, pinned: Pinned): void {
  writeLockSection(root, SECTION, { ...lockSection(root, SECTION), [requestHash]: pinned });
}

export function pinnedForm(answer: string, model: string): Pinned {
  return { model, hash: sriDigestOf(answer), answer };
}

/** The answer as a fixed-output object. */
export async function addAnswer(store: Store, name: string, answer: string): Promise<StorePath> {
  const file = join(store.temporaryDir, `answer-${process.pid}`);
  writeFileAtomically(file, answer);
  try {
    return (await store.addFixedFile(file, { name, hash: hashBytes("sha256", utf8(answer)) })).path;
  } finally {
    rmSync(file, { force: true });
  }
}

/** Asks the model. Anything but one complete answer is an error. */
export async function askModel(model: Model, request: string, signal: AbortSignal): Promise<string> {
  if (model.url === undefined) throw pipeliteError("MODEL_URL_MISSING", { model: model.name });
  const { key } = model;
  const url = `${model.url.replace(/\/+$/, "")}/chat/completions`;
  let response: Response;
  try {
    response = await fetch(url, {
      method: "POST",
      body: request,
      headers: {
        "content-type": "application/json",
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
      },
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
  } catch (error) {
    if (signal.aborted) throw error;
    const problem =
      error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw pipeliteError("MODEL_UNREACHABLE", { url, problem }, error);
  }
  const text = await textOf(response, url);
  if (!response.ok)
    throw pipeliteError("MODEL_REFUSED", { url, problem: `${response.status} ${text.slice(0, 200)}` });
  return contentOf(text, url);
}

/** Far more than a model says at a time. */
const ANSWER_BYTES_MAX = 64 * 2 ** 20;

async function textOf(response: Response, url: string): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const part of response.body ?? []) {
      size += part.length;
      if (size > ANSWER_BYTES_MAX) break;
      parts.push(part);
    }
  } catch (error) {
    throw pipeliteError("MODEL_UNREACHABLE", { url, problem: webProblem(error) }, error);
  }
  if (size > ANSWER_BYTES_MAX)
    throw pipeliteError("MODEL_REFUSED", {
      url,
      problem: `its answer has more than ${ANSWER_BYTES_MAX} bytes`,
    });
  return new TextDecoder().decode(Buffer.concat(parts));
}

interface Completion {
  error?: unknown;
  choices?: { finish_reason?: unknown; message?: { content?: unknown } }[];
}

function contentOf(text: string, url: string): string {
  let completion: Completion;
  try {
    completion = parseStrictJson(text) as Completion;
  } catch (error) {
    throw pipeliteError("MODEL_REFUSED", { url, problem: `not JSON: ${text.slice(0, 200)}` }, error);
  }
  const [choice] = completion.choices ?? [];
  const content = choice?.message?.content;
  if (completion.error !== undefined || typeof content !== "string" || content.trim() === "") {
    throw pipeliteError("MODEL_REFUSED", { url, problem: `no answer in ${text.slice(0, 200)}` });
  }
  if (choice?.finish_reason !== "stop") {
    throw pipeliteError("MODEL_REFUSED", {
      url,
      problem: `the answer is cut off (${String(choice?.finish_reason)})`,
    });
  }
  return content;
}
