// A binary cache as what it is: files under names. Where they are (a folder, a web server, a bucket) is the business of
// the other files here. Specification: Nix manual, "Binary cache protocol".

export type AsyncChunks = AsyncIterable<Uint8Array>;

/** Bytes that can be read more than once, since an upload may be tried again. */
export interface Body {
  readonly sizeBytes: number;
  chunks(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /** A file of just these bytes, which whoever takes them all may move away. */
  readonly file?: string;
}

export interface CacheFiles {
  /** As people see it: without user, password and token. */
  readonly url: string;
  /**
   * The file from its byte `from` on; undefined where there is none.
   * @throws PipeliteError CACHE_FAILED, CACHE_REFUSED
   */
  read(name: string, signal: AbortSignal, from?: number): Promise<AsyncChunks | undefined>;
  has(name: string, signal: AbortSignal): Promise<boolean>;
  /** @throws PipeliteError CACHE_WRITE_FAILED, CACHE_REFUSED */
  write(name: string, body: Body, signal: AbortSignal): Promise<void>;
  /** The answer to a question that only our own server understands; undefined from any other. */
  ask(name: string, question: string, signal: AbortSignal): Promise<string | undefined>;
}

/** Without what nobody else should see. */
export function shownUrl(url: URL): string {
  const shown = new URL(url);
  shown.username = "";
  shown.password = "";
  shown.search = "";
  shown.hash = "";
  return shown.href.replace(/\/$/, "");
}

/** A word that is no URL may still hold a password. */
export function shownWord(word: string): string {
  return word.replace(/\/\/.*@/s, "//").replace(/[?#].*/s, "");
}
