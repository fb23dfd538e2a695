// Texts with secrets in them: what is said of them, and what is sent.
import type { Secrets } from "#secrets/secrets.ts";
import { requireSecret } from "#secrets/sources.ts";
import type { FetchNode, GraphNode, TextParts } from "./nodes.ts";

/** With the names of secrets in their places: what a derivation, a record and a message have. */
export function publicForm(parts: TextParts): string {
  return parts.map((part) => (typeof part === "string" ? part : `{${part.name}}`)).join("");
}

export interface PrivateRequest {
  url: string;
  headers: Record<string, string>;
}

/** What is asked of the server; undefined for a plain URL. @throws SECRET_MISSING */
export function privateRequest(node: FetchNode, secrets: Secrets): PrivateRequest | undefined {
  const { url, headers } = node.request;
  if (Object.keys(headers).length === 0 && url.every((part) => typeof part === "string")) return undefined;
  const text = (parts: TextParts, encode: (value: string, index: number) => string): string =>
    parts
      .map((part, index) =>
        typeof part === "string" ? part : encode(requireSecret(secrets, part.name, node.place), index),
      )
      .join("");
  return {
    // One that is the beginning has what a URL begins with.
    url: text(url, (value, index) => (index === 0 ? value : encodeURIComponent(value))),
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, parts]) => [name, text(parts, (value) => value)]),
    ),
  };
}

/** The names of secrets that these have, and where. */
export function secretUses(nodes: readonly GraphNode[]): { name: string; place: string }[] {
  return nodes.flatMap((node) => {
    const { place } = node;
    if (node.kind === "answer") return node.key === undefined ? [] : [{ name: node.key, place }];
    if (node.kind !== "fetch") return [];
    const parts = [node.request.url, ...Object.values(node.request.headers)].flat();
    return parts.flatMap((part) => (typeof part === "string" ? [] : [{ name: part.name, place }]));
  });
}
