// What environments are asked to be, as values.

/** What an environment is asked to be; its canonical JSON is the key under which it is locked. */
export type EnvironmentRequest = DebianRequest;

export interface DebianRequest {
  readonly kind: "debian";
  /** Sorted, each once. */
  readonly packages: readonly string[];
  readonly suite: string;
  readonly snapshot?: string;
  readonly repositories?: readonly DebianRepository[];
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
