// The public keys of those who signed in this home, kept when they sign, so that signatures can be verified later. A key
// in here says nothing about whose it is: that is what a release policy says.
import { existsSync, mkdirSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomically } from "#base/files.ts";
import { parsePublicKey, writePublicKey, type PublicKey } from "#sigstore/index.ts";

function keysFolder(home: string): string {
  return join(home, "pipelite", "keys");
}

export function keepPublicKey(home: string, key: PublicKey): void {
  const digits = Buffer.from(key.keyId.slice("SHA256:".length), "base64").toString("hex");
  const file = join(keysFolder(home), `${digits}.pub`);
  mkdirSync(keysFolder(home), { recursive: true });
  writeFileAtomically(file, writePublicKey(key));
}

/** Every key that can be read; ids are computed from the keys themselves. */
export function readKeyring(home: string): PublicKey[] {
  if (!existsSync(keysFolder(home))) return [];
  return readdirSync(keysFolder(home))
    .filter((name) => name.endsWith(".pub"))
    .flatMap((name) => {
      try {
        return [parsePublicKey(readFileSync(join(keysFolder(home), name), "utf8"), name)];
      } catch {
        return [];
      }
    });
}
