// A registry that is written to (OCI distribution-spec 1.1): each request as whoever it wants to know, again where trouble may
// pass, and with the answer that was wanted or an error that says what was sent where.
import type { Variables } from "#base/environment.ts";
import { hexDigestOf } from "#base/digest.ts";
import { isPipeliteError } from "#base/errors.ts";
import {
  BadAnswer,
  fetchFollowing,
  pause,
  pauseAfter,
  Refused,
  SilentServer,
  webProblem,
} from "#base/web.ts";
import { credentialsOf } from "#environment/image/credentials.ts";
import { addressOf, authorise } from "#environment/image/registry-access.ts";
import { pipeliteError } from "#ship/errors.ts";

export interface RegistryPlace {
  registry: string;
  repository: string;
  /** Repositories of the registry whose blobs may be taken over. */
  mounts: readonly string[];
  env: Variables;
  signal: AbortSignal;
}

export interface RegistryRequest {
  method: "GET" | "HEAD" | "POST" | "PATCH" | "PUT";
  /** Below `/v2/REPOSITORY/`, or a whole address that the registry gave. */
  at: string | URL;
  /** What it is about, for errors: `blob sha256:...`. */
  what: string;
  headers?: Readonly<Record<string, string>>;
  body?: Uint8Array;
  /** Statuses that are an answer; others are errors. */
  wanted: readonly number[];
}

/** A server may be silent for this long; while something is sent, for so long as a slow line takes for a piece. */
const SILENCE_MS = { asking: 30_000, sending: 180_000 };
const ANSWER_BYTES_MAX = 4 * 2 ** 20;

export class RegistryClient {
  readonly repository: string;
  readonly host: string;
  readonly #place: RegistryPlace;
  readonly #base: string;
  #authorization: string | undefined;
  #login: Promise<string | undefined> | undefined;

  constructor(place: RegistryPlace) {
    this.#place = place;
    this.repository = place.repository;
    this.host = place.registry;
    this.#base = addressOf(place.registry);
  }

  get signal(): AbortSignal {
    return this.#place.signal;
  }

  get mounts(): readonly string[] {
    return this.#place.mounts;
  }

  /** What may pass is tried again. @throws PipeliteError PUSH_... */
  async send(request: RegistryRequest): Promise<Response> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.sendOnce(request);
      } catch (error) {
        await this.passing(error, attempt, request.what);
      }
    }
  }

  /** Waits before the next try. @throws PipeliteError where there is none */
  async passing(error: unknown, attempt: number, what: string): Promise<void> {
    const { signal } = this.#place;
    if (signal.aborted) throw signal.reason;
    const pauseMs = isPipeliteError(error) ? undefined : pauseAfter(error, attempt);
    if (pauseMs === undefined) throw this.#told(error, what);
    await pause(pauseMs, signal);
  }

  /** One try. @throws BadAnswer, and what `fetch` throws */
  async sendOnce(request: RegistryRequest): Promise<Response> {
    const said = this.#authorization;
    const response = await this.#fetch(request, said);
    if (response.status !== 401) return this.#answer(response, request);
    await response.body?.cancel();
    // Several ask at a time: who was told no may meanwhile be known.
    if (this.#authorization === said) {
      this.#login ??= this.#authorise(response.headers.get("www-authenticate") ?? "").finally(() => {
        this.#login = undefined;
      });
      const next = await this.#login;
      if (next === undefined || next === said) throw new BadAnswer(401, response.headers);
      this.#authorization = next;
    }
    return this.#answer(await this.#fetch(request, this.#authorization), request);
  }

  #authorise(header: string): Promise<string | undefined> {
    const { registry, repository, mounts, env, signal } = this.#place;
    const scope = [
      `repository:${repository}:pull,push`,
      ...mounts.map((each) => `repository:${each}:pull`),
    ].join(" ");
    const credentials = credentialsOf(env, registry, repository);
    return authorise(header, { scope, base: this.#base, credentials, signal });
  }

  /** The whole of a short answer. */
  async bytes(response: Response): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    let size = 0;
    for await (const piece of response.body ?? []) {
      const bytes = piece as Uint8Array;
      size += bytes.length;
      if (size > ANSWER_BYTES_MAX) throw new Refused(`it answers more than ${ANSWER_BYTES_MAX} bytes`);
      pieces.push(bytes);
    }
    return Buffer.concat(pieces);
  }

  /** A document by its tag or digest; undefined for one that is not there. */
  async document(
    name: string,
    accept: string,
  ): Promise<{ bytes: Buffer; etag: string | undefined } | undefined> {
    const what = `manifest ${name}`;
    const at = `manifests/${name}`;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const response = await this.sendOnce({
          method: "GET",
          at,
          what,
          headers: { accept },
          wanted: [200, 404],
        });
        const bytes = await this.bytes(response);
        if (response.status === 404) return undefined;
        const got = `sha256:${hexDigestOf(bytes)}`;
        if (name.startsWith("sha256:") && got !== name) throw this.lies(what, got);
        return { bytes, etag: response.headers.get("etag") ?? undefined };
      } catch (error) {
        await this.passing(error, attempt, what);
      }
    }
  }

  lies(what: string, got: string): Error {
    return pipeliteError("REGISTRY_LIES", { what, place: this.#shown, got });
  }

  /** @param repository another of the same registry */
  addressIn(repository: string, at: string): URL {
    return new URL(`${this.#base}/v2/${repository}/${at}`);
  }

  async #fetch(
    { method, at, headers = {}, body }: RegistryRequest,
    authorization: string | undefined,
  ): Promise<Response> {
    const url = at instanceof URL ? at : this.addressIn(this.repository, at);
    const isOwn = url.origin === new URL(this.#base).origin;
    const sent = {
      ...headers,
      ...(isOwn && authorization !== undefined && { authorization }),
    };
    const silence = AbortSignal.timeout(body === undefined ? SILENCE_MS.asking : SILENCE_MS.sending);
    const signal = AbortSignal.any([this.#place.signal, silence]);
    try {
      if (method === "GET" || method === "HEAD") return await fetchFollowing(url, sent, signal, method);
      const length = { "content-length": String(body?.length ?? 0) };
      return await fetch(url, {
        method,
        headers: { ...sent, ...length },
        redirect: "manual",
        signal,
        ...(body !== undefined && { body: body as Uint8Array<ArrayBuffer> }),
      });
    } catch (error) {
      throw silence.aborted ? new SilentServer() : error;
    }
  }

  async #answer(response: Response, { wanted }: RegistryRequest): Promise<Response> {
    if (wanted.includes(response.status)) return response;
    await response.body?.cancel();
    throw new BadAnswer(response.status, response.headers);
  }

  #told(error: unknown, what: string): unknown {
    if (isPipeliteError(error)) return error;
    const place = this.#shown;
    if (error instanceof BadAnswer) {
      const { status } = error;
      if (status === 401 || status === 403)
        return pipeliteError("REGISTRY_REFUSES", { what, place, status }, error);
      if (status === 429) return pipeliteError("PUSH_TOO_OFTEN", { what, place }, error);
    }
    return pipeliteError("PUSH_FAILED", { what, place, problem: webProblem(error) }, error);
  }

  get #shown(): string {
    return `${this.host}/${this.repository}`;
  }
}
