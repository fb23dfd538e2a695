// Uploads into a served store: the NAR first, then the narinfo that names it, as Nix does. A path is taken when its narinfo
// comes, and only with the content that it says.
import { createHash, timingSafeEqual } from "node:crypto";
import {
  createReadStream,
  createWriteStream,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  statfsSync,
} from "node:fs";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { isPipeliteError, systemErrorCode } from "#base/errors.ts";
import { messageOf, parseStrictJson } from "#base/strict-json.ts";
import { parseNarInfo } from "#nix/narinfo.ts";
import { realisationOf } from "#nix/realisation.ts";
import { storePathHash } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import { decompressNar } from "./compression.ts";
import type { AsyncChunks } from "./files.ts";
import { requestText } from "./request-text.ts";
import type { CacheResponse } from "./routes.ts";

const TEXT_MAX_BYTES = 16 * 1024 * 1024;
const NAR_NAME = /^nar\/[\w][\w.+=-]{0,250}$/;
/** Starts the name of what is still coming in: no client can give one like it. */
const UNFINISHED = "-";

/** How often the disk is asked how much room it has. */
const LOOK_BYTES = 16 * 1024 * 1024;
/** NARs that wait for their narinfo, and for how long. */
const WAITING_MAX = 10_000;
const WAITING_MAX_MS = 3_600_000;

class NoRoom extends Error {}

const NO_ROOM: CacheResponse = { status: 507, text: "there is no room here\n" };

export class Uploads {
  readonly #store: Store;
  readonly #tokens: readonly Buffer[];
  readonly #folder: string;
  readonly #keptFreeBytes: number;
  #count = 0;

  /** @param keptFreeBytes of the disk, which no upload may take */
  constructor(store: Store, tokens: readonly string[], keptFreeBytes: number) {
    this.#store = store;
    this.#keptFreeBytes = keptFreeBytes;
    this.#tokens = tokens.map(digestOf);
    this.#folder = join(store.temporaryDir, `uploads-${process.pid}`);
    mkdirSync(this.#folder, { recursive: true });
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async put(path: string, request: IncomingMessage, signal: AbortSignal): Promise<CacheResponse> {
    if (!this.#mayUpload(request.headers.authorization)) {
      request.resume();
      return { status: 401, text: "a token is wanted\n" };
    }
    if (NAR_NAME.test(path)) return this.#keepNar(path, request, signal);
    const text = await requestText(request, TEXT_MAX_BYTES);
    if (text === undefined) return { status: 413, text: "too large\n" };
    try {
      if (path.endsWith(".narinfo")) return await this.#take(path, text);
      if (path.startsWith("realisations/") && path.endsWith(".doi")) return await this.#believe(path, text);
      // Nix writes it into every cache that has none; ours says its own.
      if (path === "nix-cache-info" || /^(log\/.+|[0-9a-z]{32}\.ls)$/.test(path)) return { status: 200 };
    } catch (error) {
      if (error instanceof NoRoom) return NO_ROOM;
      if (!isPipeliteError(error) && !(error instanceof SyntaxError)) throw error;
      if (isPipeliteError(error, "STORE_NO_SPACE")) throw error;
      return { status: 400, text: `${messageOf(error)}\n` };
    }
    return { status: 404, text: "no such name\n" };
  }

  /** By `Bearer TOKEN`, or as the password of `Basic`, which is all that Nix can send. */
  #mayUpload(authorization: string | undefined): boolean {
    const [, scheme, value = ""] = /^(bearer|basic) +(\S+)$/i.exec(authorization ?? "") ?? [];
    if (scheme === undefined) return false;
    const isBearer = scheme.toLowerCase() === "bearer";
    const token = isBearer
      ? value
      : Buffer.from(value, "base64")
          .toString("utf8")
          .replace(/^[^:]*:/, "");
    const digest = digestOf(token);
    return this.#tokens.some((known) => timingSafeEqual(known, digest));
  }

  #fileOf(path: string): string {
    return join(this.#folder, path.slice("nar/".length));
  }

  async #keepNar(path: string, request: IncomingMessage, signal: AbortSignal): Promise<CacheResponse> {
    const unfinished = join(this.#folder, `${UNFINISHED}${++this.#count}`);
    try {
      this.#forgetOld();
      this.#requireRoom(Number(request.headers["content-length"] ?? 0));
      const fd = openSync(unfinished, "wx");
      const file = createWriteStream(unfinished, { fd });
      await pipeline(request, (chunks: AsyncChunks) => this.#withRoom(chunks), file, { signal });
      renameSync(unfinished, this.#fileOf(path));
      return { status: 200 };
    } catch (error) {
      if (error instanceof NoRoom || ["ENOSPC", "EDQUOT"].includes(systemErrorCode(error) ?? "")) {
        request.resume();
        return NO_ROOM;
      }
      throw error;
    } finally {
      rmSync(unfinished, { force: true });
    }
  }

  /** What was sent and named by no narinfo since: whoever sends it again has it taken. */
  #forgetOld(): void {
    const waiting = readdirSync(this.#folder).filter((name) => !name.startsWith(UNFINISHED));
    let count = waiting.length;
    for (const name of waiting) {
      const file = join(this.#folder, name);
      const stat = statSync(file, { throwIfNoEntry: false });
      if (stat === undefined || Date.now() - stat.mtimeMs < WAITING_MAX_MS) continue;
      rmSync(file, { force: true });
      count -= 1;
    }
    if (count >= WAITING_MAX) throw new NoRoom();
  }

  #requireRoom(bytes: number): void {
    const { bavail, bsize } = statfsSync(this.#folder);
    if (bavail * bsize - bytes < this.#keptFreeBytes) throw new NoRoom();
  }

  /** The same bytes, as long as the disk has room for them: packed ones may unpack to any number. */
  async *#withRoom(chunks: AsyncChunks): AsyncChunks {
    let unchecked = LOOK_BYTES;
    for await (const chunk of chunks) {
      unchecked += chunk.length;
      if (unchecked >= LOOK_BYTES) {
        this.#requireRoom(chunk.length);
        unchecked = 0;
      }
      yield chunk;
    }
  }

  async #take(name: string, text: string): Promise<CacheResponse> {
    const info = parseNarInfo(text);
    if (name !== `${storePathHash(info.path)}.narinfo`)
      return { status: 400, text: `${name} is about ${info.path}\n` };
    if (this.#store.isPresent(info.path)) return { status: 200 };
    const file = NAR_NAME.test(info.url) ? this.#fileOf(info.url) : undefined;
    if (file === undefined || statSync(file, { throwIfNoEntry: false }) === undefined)
      return { status: 400, text: `${info.url} has not come before ${name}\n` };
    const chunks = decompressNar(createReadStream(file), info.compression);
    if (chunks === undefined) return { status: 415, text: `nothing here unpacks ${info.compression}\n` };
    await this.#store.addNar(info, this.#withRoom(chunks));
    rmSync(file, { force: true });
    return { status: 200 };
  }

  async #believe(name: string, text: string): Promise<CacheResponse> {
    const realisation = realisationOf(parseStrictJson(text));
    if (name !== `realisations/${realisation.id}.doi`)
      return { status: 400, text: `${name} is about ${realisation.id}\n` };
    const known = this.#store.realisation(realisation.id);
    if (known !== undefined && known.outPath !== realisation.outPath)
      return { status: 409, text: `${realisation.id} gave ${known.outPath} here\n` };
    await this.#store.adoptRealisations([realisation]);
    return { status: 200 };
  }
}

function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
