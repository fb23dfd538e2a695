// `archive.json`: what an archive is of, for programs; and which names the members of one may have.
import { documentJson } from "#base/canonical-json.ts";
import * as shape from "#base/shape.ts";
import { isObject, parseStrictJson } from "#base/strict-json.ts";

/** Raised when older readers would get an archive wrong. */
export const FORM = 1;

export interface Manifest {
  form: typeof FORM;
  run: string;
  /** `sha256:<hex>` of the record of that run. */
  record: string;
  pipeline: string;
  /** The system that its derivations are for, as Nix calls it. */
  system: string;
  /** What is in `program`. */
  pipelite: string;
  /** What that, and the stages, ran on. */
  node: string;
  /** Whether the source files are in it, or why not. */
  sources: string;
}

const MANIFEST = shape.object<Manifest>({
  form: shape.oneOf(FORM),
  run: shape.matching(/^[\w-]+$/, "name of a run"),
  record: shape.digest,
  pipeline: shape.text,
  system: shape.text,
  pipelite: shape.text,
  node: shape.text,
  sources: shape.text,
});

export function writeManifest(manifest: Manifest): Uint8Array {
  return Buffer.from(documentJson(manifest));
}

/** The form that such a file says it has. @throws SyntaxError */
export function formOf(bytes: Uint8Array): unknown {
  const value = parseStrictJson(bytes);
  return isObject(value) ? value["form"] : undefined;
}

/** @throws SyntaxError with what is wrong */
export function parseManifest(bytes: Uint8Array): Manifest {
  return shape.requireShape(MANIFEST, parseStrictJson(bytes));
}

export const MEMBER_NAMES = {
  readme: "README",
  sums: "SHA256SUMS",
  signature: "SHA256SUMS.sigstore.json",
  manifest: "archive.json",
  cacheInfo: "store/nix-cache-info",
} as const;

const LOG = String.raw`(log\.pub|checkpoint|checkpoints/\d{1,15}|tile/[\w./]+)`;
const WORD = String.raw`[\w@+=-][\w.@+=-]*`;
/** Files of a home that may be in an archive, below `home/`: no private key, no database, no lock. */
const HOME = new RegExp(
  String.raw`^(journal\.ndjson|log/${LOG}|former-logs/${WORD}/${LOG}|` +
    String.raw`(runs|events|audits|keys|attestations|signatures|deviations|releases|breaks|rebuilds|retention)(/${WORD}){1,3})$`,
);
const STORE = new RegExp(
  String.raw`^(nix-cache-info|[0-9a-z]{32}\.narinfo|nar/[0-9a-z]{32}-[\w+.?=-]+\.nar|realisations/sha256:[0-9a-f]{64}![\w+.?=-]+\.doi)$`,
);
const BUILD_LOG = /^[0-9a-z]{32}-[\w+.?=-]+\.drv$/;
/** As SHA256SUMS can name them without its escapes. */
// oxlint-disable-next-line no-control-regex
const PLAIN = /^[^\\\u0000-\u001f\u007f]+$/;

/** Whether a file of a home, relative to `<home>/pipelite`, may be in an archive. */
export function isHomeFile(name: string): boolean {
  return HOME.test(name) && !/(^|\/)(\.|[^/]*\.key$)/.test(name);
}

/** Whether a member of an archive may be called so. */
export function isMemberName(name: string): boolean {
  const slash = name.indexOf("/");
  if (slash < 0)
    return [MEMBER_NAMES.readme, MEMBER_NAMES.sums, MEMBER_NAMES.signature, MEMBER_NAMES.manifest].some(
      (each) => each === name,
    );
  const [folder, rest] = [name.slice(0, slash), name.slice(slash + 1)];
  switch (folder) {
    case "home":
      return isHomeFile(rest);
    case "logs":
      return BUILD_LOG.test(rest);
    case "program":
    case "sources":
      return PLAIN.test(rest);
    case "store":
      return STORE.test(rest);
    default:
      return false;
  }
}
