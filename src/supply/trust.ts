// Whom a verifier believes: a file of its own, apart from the release policy. What it does not name is not trusted.
import { parseStrictJson, messageOf } from "#base/strict-json.ts";
import * as shape from "#base/shape.ts";
import { storePathName, type StorePath } from "#nix/store-path.ts";
import type { ClosureKind } from "#sbom/bom.ts";
import type { Identity } from "#sigstore/identity.ts";
import { parsePublicKey, type PublicKey } from "#sigstore/key.ts";
import { parseTrustedRoot, type TrustedRoot } from "#sigstore/trusted-root.ts";
import { parseVerifier, type NoteVerifier } from "#tlog/note.ts";
import { pipeliteError } from "./errors.ts";

export interface Trust {
  /** Keys of builders. */
  keys: readonly TrustedKey[];
  /** Ids of builders (docs/provenance.md). */
  builders: readonly string[];
  /**
   * What may have been read under a name: the hashes, `sha256:<hex>`, that the store path with this name may have. Each name must
   * have been read. Anything without it.
   */
  sources: Readonly<Record<string, readonly string[]>>;
  /** `here`: all that an output was built from must be in the store, and is hashed; `named`: the builder's word is enough. */
  dependencies: "here" | "named";
  /** The closure that a bill of materials beside the bundles must list; none is asked for without it. */
  sbom?: ClosureKind;
  /** Whether somebody who is trusted must have signed it. */
  sbomSignature?: "required";
  /** Pipelines that the outputs may be of; any without it. */
  pipelines: readonly string[] | undefined;
  /** Logs that must have what is verified; none is asked for without one. */
  logs: readonly NoteVerifier[];
  /** Those that must have signed the checkpoint, each of them. */
  witnesses: readonly NoteVerifier[];
  /** Authorities and logs of others: timestamps, and certificates of those who sign without a key of their own. */
  root?: TrustedRoot;
  /** Those who sign under certificates of the root's authorities; nobody without them. */
  identities?: readonly TrustedIdentity[];
  /** Whether each signature must have a timestamp by one of them. */
  timestamps?: "required";
}

/** Both must be the certificate's own, letter by letter. */
export interface TrustedIdentity extends Identity {
  /** They may speak for these of the builders alone. */
  builders?: readonly string[];
}

export interface TrustedKey {
  key: PublicKey;
  /** The times between which it signs; what it signed at other times is refused. */
  from?: string;
  until?: string;
  /** Since when somebody else may have it: what it signed counts only where a witness saw it before. */
  revoked?: string;
  /** It may speak for these of the builders alone. */
  builders?: readonly string[];
}

interface TrustFile {
  version: number;
  keys: KeyEntry[];
  builders: string[];
  pipelines?: string[];
  logs?: string[];
  witnesses?: string[];
  sources?: Record<string, string[]>;
  dependencies?: Trust["dependencies"];
  sbom?: ClosureKind;
  sbomSignature?: "required";
  trustedRoot?: unknown;
  identities?: IdentityEntry[];
  timestamps?: "required";
}

interface IdentityEntry extends Identity {
  builders?: string[];
}

interface KeyEntry extends Omit<TrustedKey, "key" | "builders"> {
  /** PEM. */
  key: string;
  builders?: string[];
}

const TRUST = shape.object<TrustFile>({
  version: shape.oneOf(1),
  keys: shape.list(
    shape.object<KeyEntry>({
      key: shape.text,
      from: shape.optional(shape.time),
      until: shape.optional(shape.time),
      revoked: shape.optional(shape.time),
      builders: shape.optional(shape.list(shape.text)),
    }),
  ),
  builders: shape.list(shape.text),
  pipelines: shape.optional(shape.list(shape.text)),
  logs: shape.optional(shape.list(shape.text)),
  witnesses: shape.optional(shape.list(shape.text)),
  sources: shape.optional(shape.mapOf(shape.list(shape.digest))),
  dependencies: shape.optional(shape.oneOf("here", "named")),
  sbom: shape.optional(shape.oneOf("runtime", "build")),
  sbomSignature: shape.optional(shape.oneOf("required")),
  trustedRoot: shape.optional(shape.json),
  identities: shape.optional(
    shape.list(
      shape.object<IdentityEntry>({
        issuer: shape.text,
        subject: shape.text,
        builders: shape.optional(shape.list(shape.text)),
      }),
    ),
  ),
  timestamps: shape.optional(shape.oneOf("required")),
});

/** @throws PipeliteError TRUST_INVALID, SIGNING_KEY_INVALID, SIGNING_KEY_KIND, NOTE_KEY_INVALID */
export function parseTrust(text: string, file: string): Trust {
  const {
    keys,
    builders,
    pipelines,
    logs = [],
    witnesses = [],
    sources = {},
    dependencies,
    sbom,
    sbomSignature,
    trustedRoot,
    identities = [],
    timestamps,
  } = read(text, file);
  const refuse = (problem: string): never => {
    throw pipeliteError("TRUST_INVALID", { file, problem });
  };
  if (witnesses.length > 0 && logs.length === 0)
    refuse("it names witnesses and no log: they sign checkpoints of logs");
  if (sbomSignature !== undefined && sbom === undefined)
    refuse("it asks for a signature on a bill of materials, and not for one: name the closure as sbom");
  const root = trustedRoot === undefined ? undefined : rootOf(trustedRoot, file);
  if (timestamps !== undefined && (root?.timestampAuthorities ?? []).length === 0)
    refuse("it asks for timestamps, and its trustedRoot has no authority for them");
  if (identities.length > 0) requireWhole(root, refuse);
  const names = identities.map(({ issuer, subject }) => JSON.stringify([issuer, subject]));
  if (new Set(names).size < names.length) refuse("it names an identity twice");
  const trusted = keys.map(({ key, ...rest }) => ({ key: parsePublicKey(key, file), ...rest }));
  const ids = trusted.map(({ key }) => key.keyId);
  const twice = ids.find((id, at) => ids.indexOf(id) !== at);
  if (twice !== undefined) refuse(`it names the key ${twice} twice`);
  return {
    keys: trusted,
    builders,
    pipelines,
    logs: logs.map((each) => parseVerifier(each, "log")),
    witnesses: witnesses.map((each) => parseVerifier(each, "witness")),
    sources,
    dependencies: dependencies ?? "here",
    ...(sbom !== undefined && { sbom }),
    ...(sbomSignature !== undefined && { sbomSignature }),
    ...(root !== undefined && { root }),
    ...(identities.length > 0 && { identities }),
    ...(timestamps !== undefined && { timestamps }),
  };
}

/** A certificate is believed by four who vouch for each other: without one of them the others could say anything. */
function requireWhole(root: TrustedRoot | undefined, refuse: (problem: string) => never): void {
  const {
    certificateAuthorities = [],
    certificateLogs = [],
    logs = [],
    timestampAuthorities = [],
  } = root ?? {};
  const lists = { certificateAuthorities, ctlogs: certificateLogs, tlogs: logs, timestampAuthorities };
  const [missing] = Object.entries(lists).find(([, list]) => list.length === 0) ?? [];
  if (missing !== undefined) refuse(`it names identities, and its trustedRoot has no ${missing}`);
}

function rootOf(value: unknown, file: string): TrustedRoot {
  try {
    return parseTrustedRoot(value);
  } catch (error) {
    throw pipeliteError("TRUST_INVALID", { file, problem: messageOf(error) }, error);
  }
}

function read(text: string, file: string): TrustFile {
  try {
    return shape.requireShape(TRUST, parseStrictJson(text));
  } catch (error) {
    throw pipeliteError("TRUST_INVALID", { file, problem: messageOf(error) }, error);
  }
}

/** Whether a source of this name may have this hash. @param narHash SHA-256 of its NAR in hex */
export function isTrustedSource(sources: Trust["sources"], path: StorePath, narHash: string): boolean {
  const name = storePathName(path);
  return Object.hasOwn(sources, name) && sources[name]?.includes(`sha256:${narHash}`) === true;
}
