// The body of a short request.
import type { IncomingMessage } from "node:http";

/** As a byte string; undefined where it is longer than `max` bytes. */
export async function requestText(request: IncomingMessage, max: number): Promise<string | undefined> {
  // Not read at all, so that the answer still reaches who asks.
  if (Number(request.headers["content-length"] ?? 0) > max) return undefined;
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > max) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString("latin1");
}
