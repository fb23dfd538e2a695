// Asking an authority, a log or a witness by HTTP: one try, since what it answers may have been entered already.
import { webProblem } from "#base/web.ts";

const TIMEOUT_MS = 30_000;
const ANSWER_MAX = 256 * 1024;

export interface PostResponse {
  status: number;
  bytes: Buffer;
}

export interface Question {
  body: string | Uint8Array<ArrayBuffer>;
  /** Media type of the body, and of the answer that is asked for. */
  types?: { sent: string; wanted: string };
  /** Shows who asks; it goes to this address and to no other. */
  token?: string;
  signal: AbortSignal;
}

/**
 * @param failed the error for what went wrong on the way
 * @throws what `failed` makes, and the reason of the signal
 */
export async function post(
  address: string | URL,
  { body, types, token, signal }: Question,
  failed: (problem: string, cause: unknown) => Error,
): Promise<PostResponse> {
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const headers = {
      ...(types !== undefined && { "content-type": types.sent, accept: types.wanted }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
    const response = await fetch(address, {
      method: "POST",
      body,
      headers,
      signal: limit,
      redirect: "error",
    });
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      if (bytes > ANSWER_MAX) throw new RangeError("its answer has no end");
      chunks.push(chunk);
    }
    return { status: response.status, bytes: Buffer.concat(chunks) };
  } catch (error) {
    signal.throwIfAborted();
    throw failed(webProblem(error), error);
  }
}

/** The start of what it said, for messages. @param token that it may have said again, and nobody is to see */
export function said({ status, bytes }: PostResponse, token?: string): string {
  const text = bytes.toString("utf8").trim();
  const shown = token === undefined ? text : text.replaceAll(token, "TOKEN");
  return `it answered ${status}: ${shown.slice(0, 200)}`;
}
