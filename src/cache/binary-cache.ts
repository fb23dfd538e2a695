// A binary cache that is asked: about paths, closures and realisations. Whatever it says is checked here or, where the
// bytes themselves must be seen, by the store that takes them.
import { parseStrictJson, messageOf } from "#base/strict-json.ts";
import { isPipeliteError } from "#base/errors.ts";
import { parseNarInfo, type NarInfo } from "#nix/narinfo.ts";
import { buildTraceFile, parseBuildTrace, type BuildTraceEntry } from "#nix/build-trace.ts";
import { realisationOf, splitRealisationId, type Realisation, type RealisationId } from "#nix/realisation.ts";
import type { NixPublicKey } from "#nix/signature.ts";
import { STORE_DIR, storePathHash, type StorePath } from "#nix/store-path.ts";
import { decompressNar } from "./compression.ts";
import { pipeliteError } from "./errors.ts";
import type { CacheFiles, AsyncChunks } from "./files.ts";
import { isSigned, isTraceSigned, isVouchedFor } from "./trust.ts";

/** A narinfo with very many references stays far below this. */
const TEXT_MAX_BYTES = 16 * 1024 * 1024;
/** As large as an output may be. */
const NAR_MAX_BYTES = 2 ** 40;
/** Packed, a NAR may be so much larger than it is: whatever packs it, that is not reached. */
const PACKED_MIN_BYTES = 1024 * 1024;
/** What Nix takes where a cache says nothing. */
const USUAL_PRIORITY = 50;

export interface CacheInfo {
  /** Smaller is asked first. */
  priority: number;
  /** Tells whole closures, and which of many paths are missing, in one answer. */
  isOurs: boolean;
}

export class BinaryCache {
  readonly #files: CacheFiles;
  readonly #keys: readonly NixPublicKey[];
  #info: Promise<CacheInfo> | undefined;

  constructor(files: CacheFiles, keys: readonly NixPublicKey[]) {
    this.#files = files;
    this.#keys = keys;
  }

  get url(): string {
    return this.#files.url;
  }

  /** @throws PipeliteError CACHE_FOREIGN of a cache for another store folder */
  info(signal: AbortSignal): Promise<CacheInfo> {
    this.#info ??= this.#readInfo(signal);
    return this.#info;
  }

  async #readInfo(signal: AbortSignal): Promise<CacheInfo> {
    const text = (await this.#text("nix-cache-info", signal)) ?? "";
    const fields = new Map(text.split("\n").map((line) => splitField(line)));
    const storeDir = fields.get("StoreDir") ?? STORE_DIR;
    if (storeDir !== STORE_DIR) throw pipeliteError("CACHE_FOREIGN", { url: this.url, storeDir });
    const priority = Number(fields.get("Priority") ?? USUAL_PRIORITY);
    return {
      priority: Number.isFinite(priority) ? priority : USUAL_PRIORITY,
      isOurs: fields.get("WantClosureQuery") === "1",
    };
  }

  /**
   * What the cache says of a path, if it has it.
   * @throws PipeliteError CACHE_ANSWER_WRONG, CACHE_UNTRUSTED, CACHE_FAILED
   */
  async narInfo(path: StorePath, signal: AbortSignal): Promise<NarInfo | undefined> {
    const name = `${storePathHash(path)}.narinfo`;
    const text = await this.#text(name, signal);
    if (text === undefined) return undefined;
    const info = this.#parse(name, text);
    if (info.path !== path) throw this.#wrong(name, `it is about ${info.path}`);
    this.#requireTrust(info);
    return info;
  }

  /** The whole closure in one answer; undefined where the cache does not give such answers or does not have the path. */
  async closure(path: StorePath, signal: AbortSignal): Promise<NarInfo[] | undefined> {
    if (!(await this.info(signal)).isOurs) return undefined;
    const name = `${storePathHash(path)}.closure.narinfo`;
    const text = await this.#files.ask(name, "", signal);
    if (text === undefined) return undefined;
    const infos = text
      .split("\n\n")
      .filter((each) => each.trim() !== "")
      .map((each) => this.#parse(name, each.endsWith("\n") ? each : `${each}\n`));
    for (const info of infos) this.#requireTrust(info);
    return infos;
  }

  #requireTrust(info: NarInfo): void {
    if (!isVouchedFor(info, this.#keys))
      throw pipeliteError("CACHE_UNTRUSTED", { path: info.path, url: this.url });
  }

  /**
   * What a derivation gave, when a trusted key signed it; one without a signature counts as missing.
   * @param drvPath of the derivation, all of whose inputs are store paths: newer caches know it by that
   */
  async realisation(
    id: RealisationId,
    signal: AbortSignal,
    drvPath?: StorePath,
  ): Promise<Realisation | undefined> {
    const name = `realisations/${id}.doi`;
    const text = await this.#text(name, signal);
    if (text === undefined)
      return drvPath === undefined || (await this.info(signal)).isOurs
        ? undefined
        : this.#fromBuildTrace({ id, drvPath }, signal);
    let realisation: Realisation;
    try {
      realisation = realisationOf(parseStrictJson(text));
    } catch (error) {
      throw this.#wrong(name, messageOf(error), error);
    }
    if (realisation.id !== id) throw this.#wrong(name, `it is about ${realisation.id}`);
    return isSigned(realisation, this.#keys) ? realisation : undefined;
  }

  /** The same as Nix 2.35 and newer write it. Its signatures are of another text than those of a realisation. */
  async #fromBuildTrace(
    { id, drvPath }: { id: RealisationId; drvPath: StorePath },
    signal: AbortSignal,
  ): Promise<Realisation | undefined> {
    const key = { drvPath, output: splitRealisationId(id).output };
    const name = buildTraceFile(key);
    const text = await this.#text(name, signal);
    if (text === undefined) return undefined;
    let entry: BuildTraceEntry;
    try {
      entry = parseBuildTrace(text, key);
    } catch (error) {
      throw this.#wrong(name, messageOf(error), error);
    }
    if (!isTraceSigned(entry, this.#keys)) return undefined;
    return { id, outPath: entry.outPath, dependencies: new Map(), signatures: [] };
  }

  /** The NAR of a path, unpacked; it ends with an error as soon as it is larger than the cache said. */
  async *nar(info: NarInfo, signal: AbortSignal): AsyncChunks {
    const { url: file, compression, narSize } = info;
    const packed = await this.#files.read(file, signal);
    if (packed === undefined) throw this.#wrong(file, "it is not there, though a narinfo names it");
    const chunks = decompressNar(this.#atMost(packed, narSize, file), compression);
    if (chunks === undefined)
      throw pipeliteError("CACHE_COMPRESSION_UNKNOWN", { url: this.url, file, compression });
    let size = 0;
    try {
      for await (const chunk of chunks) {
        size += chunk.length;
        if (size > narSize) throw this.#wrong(file, `it is larger than ${narSize} bytes`);
        yield chunk;
      }
    } catch (error) {
      if (signal.aborted || isPipeliteError(error)) throw error;
      throw this.#wrong(file, `it can't be unpacked (${messageOf(error)})`, error);
    }
  }

  /** Packed bytes may come to nothing (empty frames of zstd) and never end. */
  async *#atMost(packed: AsyncChunks, narSize: number, file: string): AsyncChunks {
    const max = 2 * narSize + PACKED_MIN_BYTES;
    let size = 0;
    for await (const chunk of packed) {
      size += chunk.length;
      if (size > max) throw this.#wrong(file, `it is larger than ${max} bytes, for a NAR of ${narSize}`);
      yield chunk;
    }
  }

  #parse(name: string, text: string): NarInfo {
    let info: NarInfo;
    try {
      info = parseNarInfo(text);
    } catch (error) {
      throw this.#wrong(name, messageOf(error), error);
    }
    if (!isInside(info.url)) throw this.#wrong(name, `its URL '${info.url}' leads out of the cache`);
    if (info.narSize > NAR_MAX_BYTES) throw this.#wrong(name, `a NAR of ${info.narSize} bytes is too large`);
    return info;
  }

  async #text(name: string, signal: AbortSignal): Promise<string | undefined> {
    const chunks = await this.#files.read(name, signal);
    if (chunks === undefined) return undefined;
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of chunks) {
      size += chunk.length;
      if (size > TEXT_MAX_BYTES) throw this.#wrong(name, `it is larger than ${TEXT_MAX_BYTES} bytes`);
      parts.push(chunk);
    }
    return Buffer.concat(parts).toString("latin1");
  }

  #wrong(file: string, problem: string, cause?: unknown) {
    return pipeliteError("CACHE_ANSWER_WRONG", { url: this.url, file, problem }, cause);
  }
}

function splitField(line: string): [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

/** A relative name without a way up. */
function isInside(url: string): boolean {
  return /^[\w][\w.+=-]*(\/[\w][\w.+=-]*)*$/.test(url);
}
