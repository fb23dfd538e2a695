// What environments are asked to be, as values.

/** What an environment is asked to be; its canonical JSON is the key under which it is locked. */
export type EnvironmentRequest =
  | DebianRequest
  | ImageRequest
  | PythonRequest
  | NixpkgsRequest
  | NodeModulesRequest;

export interface DebianRequest {
  readonly kind: "debian";
  /** Sorted, each once. */
  readonly packages: readonly string[];
  readonly suite: string;
  readonly snapshot?: string;
  readonly repositories?: readonly DebianRepository[];
  /** These packages and nothing that they need: files are taken out of them, and no root is made. */
  readonly isBare?: true;
}

/** An image of a container registry, or one in a file or folder beside pipeline.ts. */
export interface ImageRequest {
  readonly kind: "image";
  /** A name with a tag or a digest, or a path that begins with `./`, `../` or `/`. */
  readonly from: string;
  /** Of several images in one file or folder: the tag of the one that is meant. */
  readonly tag?: string;
}

/** Wheels, installed beside the root of another environment. */
export interface PythonRequest {
  readonly kind: "python";
  /** File beside pipeline.ts that says which, with their hashes. */
  readonly requirements: string;
  readonly base: DebianRequest | ImageRequest;
  /** `3.12`, where the base does not tell. */
  readonly python?: string;
}

/** Programs that a binary cache has, with all that they need. */
export interface NixpkgsRequest {
  readonly kind: "nixpkgs";
  /** Store paths, and names that a list of store paths has; what is earlier hides what is later. */
  readonly packages: readonly string[];
  /** Which of the lists there are. */
  readonly channel?: string;
}

/** Packages of npm, as its lock says. */
export interface NodeModulesRequest {
  readonly kind: "node-modules";
  /** File beside pipeline.ts. */
  readonly lock: string;
}

/** Whether an image is in a file or folder, and in no registry. */
export function isLocalImage({ from }: ImageRequest): boolean {
  return /^\.{0,2}\//.test(from);
}

/** Packages from elsewhere than Debian. Where that is, is configuration: `--mirror NAME=URL`. */
export interface DebianRepository {
  /** The name under which its address is given. */
  readonly name: string;
  readonly suite: string;
  readonly components: readonly string[];
  /** File beside pipeline.ts with the public keys that may sign it (OpenPGP, binary or armoured). */
  readonly keys: string;
}
