// Reads the key that a command signs with.
import type { Signer } from "#app/attest.ts";
import type { KeySource } from "#app/sign.ts";
import type { SecretSource } from "#secrets/sources.ts";
import type { SigningKey } from "#sigstore/index.ts";
import { pathOf, say, type Context, type GlobalFlags } from "./context.ts";
import { pipeliteError } from "./errors.ts";

export interface KeyFlags extends GlobalFlags {
  key: string;
  passphraseFile: string | undefined;
  publicKey: string | undefined;
}

/** Reads the key, and warns of how it is kept. */
export async function readKey(context: Context, flags: KeyFlags): Promise<SigningKey> {
  const app = await import("#app/sign.ts");
  const { key, warnings } = app.readKey(sourceOf(context, flags), context.env);
  for (const warning of warnings) say(context, flags, `warning: ${warning}`);
  return key;
}

/** The variable that a key is in; undefined for one that is elsewhere. */
export function variableOf(key: string | undefined): string | undefined {
  return key?.startsWith("env:") === true ? key.slice("env:".length) : undefined;
}

/** `env:VARIABLE`, `command:WORDS`, or a file; one that is called like the others is named as `./env:x`. */
function sourceOf(context: Context, { key, passphraseFile, publicKey }: KeyFlags): KeySource {
  const [, kind, rest = ""] = /^(env|command|sigstore):(.+)$/s.exec(key) ?? [];
  if (kind === "sigstore")
    throw pipeliteError("ARGUMENT_INVALID", {
      value: key,
      name: "--key",
      problem: "only provenance and sbom are signed without a key of one's own",
    });
  if (kind === "command") {
    if (passphraseFile !== undefined)
      throw pipeliteError("FLAGS_APART", { one: "--key command:", other: "--passphrase-file" });
    if (publicKey === undefined) {
      const suggestion =
        "A command does not tell whose signature it gives: name the file with its public key";
      throw pipeliteError("ARGUMENT_MISSING", { name: "--public-key", suggestion });
    }
    return { from: "command", command: rest, publicFile: pathOf(context, publicKey) };
  }
  if (publicKey !== undefined)
    throw pipeliteError("FLAGS_APART", { one: "--public-key", other: "a key that is at hand" });
  const passphrase = { passphraseFile: passphraseFile && pathOf(context, passphraseFile) };
  return kind === "env"
    ? { from: "environment", variable: rest, ...passphrase }
    : { from: "file", file: pathOf(context, key), ...passphrase };
}

export interface SignerFlags extends GlobalFlags {
  key: string | undefined;
  passphraseFile: string | undefined;
  publicKey: string | undefined;
  timestamp: readonly string[];
  trustedRoot: string | undefined;
  identityToken: SecretSource | undefined;
}

/** Who signs statements. @param unsigned the flag without which nothing is; undefined where it is there */
export async function signerOf(
  context: Context,
  flags: SignerFlags,
  unsigned: string | undefined,
): Promise<Signer> {
  const { key, timestamp, trustedRoot, identityToken, passphraseFile, publicKey } = flags;
  const [, config] = /^sigstore:(.+)$/s.exec(key ?? "") ?? [];
  const isStamped = timestamp.length > 0;
  if ((isStamped || config !== undefined) && unsigned !== undefined)
    throw pipeliteError("ARGUMENT_MISSING", { name: unsigned, suggestion: "Nothing is signed without it" });
  if ((isStamped || config !== undefined) && trustedRoot === undefined)
    throw pipeliteError("ARGUMENT_MISSING", {
      name: "--trusted-root",
      suggestion: "What authorities and logs answer is believed only by those that this file names",
    });
  if (config === undefined) {
    if (identityToken !== undefined)
      throw pipeliteError("FLAGS_APART", { one: "--identity-token", other: "a key of one's own" });
    const read = key === undefined ? undefined : await readKey(context, { ...flags, key });
    const timestamps = isStamped && {
      timestamps: { urls: timestamp, rootFile: pathOf(context, trustedRoot ?? "") },
    };
    return { by: "key", key: read, ...timestamps };
  }
  const other =
    passphraseFile !== undefined
      ? "--passphrase-file"
      : publicKey !== undefined
        ? "--public-key"
        : isStamped
          ? "--timestamp"
          : undefined;
  if (other !== undefined) throw pipeliteError("FLAGS_APART", { one: "--key sigstore:", other });
  return {
    by: "identity",
    token: sourceAt(context, identityToken ?? { from: "environment", variable: "SIGSTORE_ID_TOKEN" }),
    configFile: pathOf(context, config),
    rootFile: pathOf(context, trustedRoot ?? ""),
    env: context.env,
  };
}

function sourceAt(context: Context, source: SecretSource): SecretSource {
  return source.from === "file" ? { ...source, path: pathOf(context, source.path) } : source;
}
