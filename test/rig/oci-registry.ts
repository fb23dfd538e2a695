// A registry of images in memory (OCI distribution-spec 1.1), which goes wrong where a test wants it.
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface RegistryOptions {
  /** Says what goes wrong with a request: a status, `cut` for a connection that ends after half of what is sent. */
  fault?: (request: { method: string; path: string; count: number }) => number | "cut" | undefined;
  /** `user:password`; asked for by basic, or by tokens. */
  user?: string;
  login?: "basic" | "token";
  /** Lists what lies beside an image. */
  referrers?: boolean;
  /** Where the next page of such a list is said to be, each with one entry; without it there is one page. @param at where it is */
  pages?: (at: string) => string;
  /** Changes what it answers: headers by name. */
  lie?: (request: { method: string; path: string }) => Record<string, string> | undefined;
  /** Bytes of a manifest as it gives them back. */
  swap?: (bytes: Buffer) => Buffer;
}

export interface OciRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  host: string;
  /** `REPOSITORY sha256:...` */
  blobs: Map<string, Buffer>;
  /** `REPOSITORY TAG-OR-DIGEST` */
  manifests: Map<string, Buffer>;
  /** `METHOD PATH`, in the order in which they came. */
  requests: string[];
  /** Bytes of bodies that came. */
  received: number;
}

export async function startOciRegistry(options: RegistryOptions = {}): Promise<OciRegistry> {
  const blobs = new Map<string, Buffer>();
  const manifests = new Map<string, Buffer>();
  const uploads = new Map<string, Buffer>();
  const requests: string[] = [];
  let uploadCount = 0;
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const registry: OciRegistry = {
    host,
    blobs,
    manifests,
    requests,
    received: 0,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "" } = request;
    const { pathname: path, searchParams: query } = new URL(url, `http://${host}`);
    requests.push(`${method} ${path}`);
    const count = requests.filter((each) => each === `${method} ${path}`).length;
    const fault = options.fault?.({ method, path, count });
    const pieces: Buffer[] = [];
    let size = 0;
    const length = Number(request.headers["content-length"] ?? 0);
    const [, uploadId = ""] = /\/blobs\/uploads\/([^/]+)$/.exec(path) ?? [];
    for await (const piece of request) {
      pieces.push(piece as Buffer);
      size += (piece as Buffer).length;
      if (fault === "cut" && size >= length / 2) {
        uploads.set(uploadId, Buffer.concat([uploads.get(uploadId) ?? Buffer.alloc(0), ...pieces]));
        registry.received += size;
        request.socket.destroy();
        return;
      }
    }
    registry.received += size;
    if (fault === "cut") return void request.socket.destroy();
    const answer = (status: number, headers: Record<string, string> = {}, body: Buffer | string = "") => {
      const told = { ...headers, ...options.lie?.({ method, path }) };
      response.writeHead(status, told).end(method === "HEAD" ? undefined : body);
    };
    if (fault !== undefined) return answer(fault, { "retry-after": "0" });
    if (path === "/token") return answer(200, {}, JSON.stringify({ token: tokenFor(request, query) }));
    if (!isLoggedIn(request)) return answer(401, { "www-authenticate": challenge() });
    const body = Buffer.concat(pieces);
    const [, repository = "", kind = "", name = ""] =
      /^\/v2\/(.+?)\/(blobs|manifests|referrers)\/(.*)$/.exec(path) ?? [];
    if (kind === "blobs" && name.startsWith("uploads/"))
      return upload({ method, repository, id: uploadId, query, body, request }, answer);
    if (kind === "blobs") {
      const blob = blobs.get(`${repository} ${name}`);
      if (blob === undefined) return answer(404);
      return answer(200, { "content-length": String(blob.length), "docker-content-digest": name }, blob);
    }
    if (kind === "manifests" && method === "PUT") {
      const digest = digestOf(body);
      for (const each of [digest, name]) manifests.set(`${repository} ${each}`, body);
      return answer(201, { "docker-content-digest": digest });
    }
    if (kind === "manifests") {
      const bytes = manifests.get(`${repository} ${name}`);
      return bytes === undefined ? answer(404) : answer(200, {}, options.swap?.(bytes) ?? bytes);
    }
    if (kind === "referrers" && options.referrers === true) {
      const listed = [...manifests]
        .filter(([key, bytes]) => key.startsWith(`${repository} sha256:`) && subjectOf(bytes) === name)
        .map(([, bytes]) => ({
          mediaType: "application/vnd.oci.image.manifest.v1+json",
          digest: digestOf(bytes),
          size: bytes.length,
        }));
      const list = (entries: object[]) => JSON.stringify({ schemaVersion: 2, manifests: entries });
      if (options.pages === undefined) return answer(200, {}, list(listed));
      const page = Number(query.get("page") ?? "0");
      const next = options.pages(`${path}?page=${page + 1}`);
      const link = page + 1 < listed.length ? { link: `<${next}>; rel="next"` } : {};
      return answer(200, link, list(listed.slice(page, page + 1)));
    }
    return answer(404);
  }

  interface Upload {
    method: string;
    repository: string;
    id: string;
    query: URLSearchParams;
    body: Buffer;
    request: IncomingMessage;
  }

  function upload(
    { method, repository, id, query, body, request }: Upload,
    answer: (status: number, headers?: Record<string, string>) => void,
  ): void {
    if (method === "POST") {
      const [mount, from] = [query.get("mount") ?? "", query.get("from") ?? ""];
      const other = blobs.get(`${from} ${mount}`);
      if (other !== undefined) {
        blobs.set(`${repository} ${mount}`, other);
        return answer(201, { location: `/v2/${repository}/blobs/${mount}` });
      }
      uploadCount += 1;
      uploads.set(`${uploadCount}`, Buffer.alloc(0));
      return answer(202, { location: `/v2/${repository}/blobs/uploads/${uploadCount}?state=x` });
    }
    const here = uploads.get(id);
    if (here === undefined) return answer(404);
    const location = `/v2/${repository}/blobs/uploads/${id}?state=${here.length}`;
    const range = here.length === 0 ? {} : { range: `0-${here.length - 1}` };
    if (method === "GET") return answer(204, { location, ...range });
    if (method === "PATCH") {
      const [, start] = /^(\d+)-\d+$/.exec(request.headers["content-range"] ?? "") ?? [];
      if (Number(start) !== here.length) return answer(416, { location, ...range });
    }
    const all = Buffer.concat([here, body]);
    uploads.set(id, all);
    if (method === "PATCH") return answer(202, { location, range: `0-${all.length - 1}` });
    const digest = query.get("digest") ?? "";
    if (digestOf(all) !== digest) return answer(400);
    blobs.set(`${repository} ${digest}`, all);
    return answer(201, { "docker-content-digest": digest });
  }

  function challenge(): string {
    return options.login === "token"
      ? `Bearer realm="http://${host}/token",service="here"`
      : 'Basic realm="here"';
  }

  function tokenFor(request: IncomingMessage, query: URLSearchParams): string {
    const isUser = request.headers.authorization === `Basic ${btoa(options.user ?? "")}`;
    return isUser ? `may ${query.getAll("scope").join(" ")}`.replaceAll(/\W/g, "_") : "nothing";
  }

  function isLoggedIn(request: IncomingMessage): boolean {
    if (options.user === undefined) return true;
    const { authorization = "" } = request.headers;
    return options.login === "token"
      ? /^Bearer may_.*pull_push/.test(authorization)
      : authorization === `Basic ${btoa(options.user)}`;
  }

  return registry;
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function subjectOf(bytes: Buffer): string | undefined {
  return (JSON.parse(bytes.toString()) as { subject?: { digest: string } }).subject?.digest;
}
