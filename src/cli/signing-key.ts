// Reads the key that a command signs with.
import type { AttestationSigner } from "#app/attest.ts";
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
export async function readSigner(context: Context, flags: KeyFlags): Promise<SigningKey> {
  const app = await import("#app/sign.ts");
  const { key, warnings } = app.readKey(sourceOf(context, flags), context.env);
  for (const warning of warnings) say(context, flags, `warning: ${warning}`);
  return key;
}

/** The variable that a key is in; undefined for one that is elsewhere. */
function variableOf(key: string | undefined): string | undefined {
  return key?.startsWith("env:") === true ? key.slice("env:".length) : undefined;
}

/** `env:VARIABLE`, `command:WORDS`, or a file; one that is called like the others is named as `./env:x`. */
function sourceOf(context: Context, { key, passphraseFile, publicKey }: KeyFlags): KeySource {
  const [, kind, rest = ""] = /^(env|command|sigstore):(.+)$/s.exec(key) ?? [];
  if (kind === "sigstore")
    throw pipeliteError("ARGUMENT_INVALID", {
      value: key,
      name: "--key",
      problem: "what this signs needs a key of one's own",
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

/** The variable that a key, or a token, is in: what is built without a sandbox could read it. */
export function variableBehind(key: string | undefined, signer: AttestationSigner): string | undefined {
  if (signer.by === "key") return variableOf(key);
  return signer.token.from === "environment" ? signer.token.variable : undefined;
}

export interface VouchingFlags extends GlobalFlags {
  timestamp: readonly string[];
  trustedRoot: string | undefined;
  identityToken: SecretSource | undefined;
  ask: readonly string[];
  witness: readonly string[];
}

export interface SignerFlags extends VouchingFlags {
  key: string | undefined;
  passphraseFile: string | undefined;
  publicKey: string | undefined;
}

/** Who signs statements. @param unsigned the flag without which nothing is; undefined where it is there */
export async function signerOf(
  context: Context,
  flags: SignerFlags,
  unsigned: string | undefined,
): Promise<AttestationSigner> {
  const { key, timestamp, trustedRoot, identityToken, ask, witness, passphraseFile, publicKey } = flags;
  const [, config] = /^sigstore:(.+)$/s.exec(key ?? "") ?? [];
  const isStamped = timestamp.length > 0;
  const isAsked = ask.length > 0 || witness.length > 0;
  if (witness.length > 0 && ask.length === 0)
    throw pipeliteError("ARGUMENT_MISSING", {
      name: "--ask",
      suggestion: "A witness signs when it is asked",
    });
  const given = [key, trustedRoot, identityToken, passphraseFile, publicKey];
  if (unsigned !== undefined && (isStamped || isAsked || given.some((each) => each !== undefined)))
    throw pipeliteError("ARGUMENT_MISSING", { name: unsigned, suggestion: "Nothing is signed without it" });
  if ((isStamped || config !== undefined) && trustedRoot === undefined)
    throw pipeliteError("ARGUMENT_MISSING", {
      name: "--trusted-root",
      suggestion: "What authorities and logs answer is believed only by those that this file names",
    });
  if (config === undefined) {
    if (identityToken !== undefined)
      throw pipeliteError("FLAGS_APART", { one: "--identity-token", other: "a key of one's own" });
    const witnesses = witnessesOf(context, flags);
    return {
      by: "key",
      key: key === undefined ? undefined : await readSigner(context, { ...flags, key }),
      ...(isStamped && { timestamps: { urls: timestamp, rootFile: pathOf(context, trustedRoot ?? "") } }),
      ...(witnesses.urls.length > 0 && { witnesses }),
    };
  }
  const others: [name: string, isGiven: boolean][] = [
    ["--passphrase-file", passphraseFile !== undefined],
    ["--public-key", publicKey !== undefined],
    ["--timestamp", isStamped],
    // It is entered into the log of others.
    ["--ask", ask.length > 0],
    ["--witness", witness.length > 0],
  ];
  const other = others.find(([, isGiven]) => isGiven)?.[0];
  if (other !== undefined) throw pipeliteError("FLAGS_APART", { one: "--key sigstore:", other });
  return {
    by: "identity",
    token: sourceAt(context, identityToken ?? { from: "environment", variable: "SIGSTORE_ID_TOKEN" }),
    configFile: pathOf(context, config),
    rootFile: pathOf(context, trustedRoot ?? ""),
    env: context.env,
  };
}

/** Who signs in their own name: what witnesses sign is the log. */
export function personIn(
  context: Context,
  flags: Omit<SignerFlags, "ask" | "witness">,
): Promise<AttestationSigner> {
  return signerOf(context, { ...flags, ask: [], witness: [] }, undefined);
}

/**
 * Witnesses that the command line names, or else the environment: in $PIPELITE_WITNESSES, words that are addresses of those who are
 * asked, and keys.
 */
export function witnessesOf(
  { env }: Pick<Context, "env">,
  { ask, witness }: Pick<VouchingFlags, "ask" | "witness">,
): { urls: readonly string[]; keys: readonly string[] } {
  if (ask.length > 0 || witness.length > 0) {
    if (ask.length > 0 && witness.length === 0)
      throw pipeliteError("ARGUMENT_MISSING", {
        name: "--witness",
        suggestion: "An address does not tell whose signature counts: name the key",
      });
    return { urls: ask, keys: witness };
  }
  const words = (env["PIPELITE_WITNESSES"] ?? "").split(/\s+/).filter(Boolean);
  const isUrl = (word: string): boolean => word.includes("://");
  return { urls: words.filter(isUrl), keys: words.filter((word) => !isUrl(word)) };
}

function sourceAt(context: Context, source: SecretSource): SecretSource {
  return source.from === "file" ? { ...source, path: pathOf(context, source.path) } : source;
}
