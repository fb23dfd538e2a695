// `pipelite key`: keys that sign runs.
import { pathOf, print, printJson, say, type Context, type GlobalFlags } from "#cli/context.ts";
import { readPassphrase } from "#cli/signing-key.ts";
import { writeSigningKey } from "#keys/key-file.ts";
import { generateKey, writePublicKey } from "#sigstore/index.ts";

export interface KeyNewFlags extends GlobalFlags {
  passphraseFile: string | undefined;
}

export function keyNew(context: Context, flags: KeyNewFlags, word: string): void {
  const file = pathOf(context, word);
  const { passphraseFile } = flags;
  const passphrase = passphraseFile === undefined ? undefined : readPassphrase(context, passphraseFile);
  const key = generateKey();
  const { publicFile } = writeSigningKey(file, key, passphrase);
  const { keyId } = key.publicKey;
  const publicKey = writePublicKey(key.publicKey);
  if (flags.json) return printJson(context, { file, publicFile, keyId, publicKey });
  print(context, publicKey);
  say(context, flags, `key: ${file}${passphrase === undefined ? " (without a passphrase)" : ""}`);
  say(context, flags, `public key: ${publicFile}`);
  say(context, flags, `id: ${keyId}`);
}
