// Reads the key that a command signs with.
import type { SigningKey } from "#sigstore/index.ts";
import { pathOf, say, type Context, type GlobalFlags } from "./context.ts";

export interface KeyFlags extends GlobalFlags {
  key: string;
  passphraseFile: string | undefined;
}

/** Reads the key, and warns of how it is kept. */
export async function readKey(
  context: Context,
  { key: file, passphraseFile, ...flags }: KeyFlags,
): Promise<SigningKey> {
  const app = await import("#app/sign.ts");
  const { key, warnings } = app.readKey(
    pathOf(context, file),
    passphraseFile && pathOf(context, passphraseFile),
  );
  for (const warning of warnings) say(context, flags, `warning: ${warning}`);
  return key;
}
