// Reads the key that a command signs with.
import { readFileSync } from "node:fs";
import type { SigningKey } from "#sigstore/index.ts";
import { readSigningKey } from "#keys/key-file.ts";
import { pathOf, say, type Context, type GlobalFlags } from "./context.ts";

export interface KeyFlags extends GlobalFlags {
  key: string;
  passphraseFile: string | undefined;
}

/** Reads the key, and warns of how it is kept. */
export function readKey(context: Context, { key: file, passphraseFile, ...flags }: KeyFlags): SigningKey {
  const passphrase = passphraseFile === undefined ? undefined : readPassphrase(context, passphraseFile);
  const { key, warnings } = readSigningKey(pathOf(context, file), passphrase);
  for (const warning of warnings) say(context, flags, `warning: ${warning}`);
  return key;
}

/** The content of a file without the newline at its end. */
export function readPassphrase(context: Context, file: string): string {
  return readFileSync(pathOf(context, file), "utf8").replace(/\r?\n$/, "");
}
