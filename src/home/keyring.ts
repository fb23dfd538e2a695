// The public keys of those who signed in this home, kept when they sign, so that signatures can be verified later. A key
// in here says nothing about whose it is: that is what a release policy says.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { bytesOfFile, makeFolder, writeFileAtomically } from "#base/files.ts";
import { parsePublicKey, writePublicKey, type PublicKey } from "#sigstore/key.ts";

export class Keyring {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  keep(key: PublicKey): void {
    const digits = Buffer.from(key.keyId.slice("SHA256:".length), "base64").toString("hex");
    makeFolder(this.#folder);
    writeFileAtomically(join(this.#folder, `${digits}.pub`), writePublicKey(key));
  }

  /** Every key that can be read; ids are computed from the keys themselves. */
  get keys(): PublicKey[] {
    if (!existsSync(this.#folder)) return [];
    return readdirSync(this.#folder)
      .filter((name) => name.endsWith(".pub"))
      .flatMap((name) => {
        try {
          const bytes = bytesOfFile(join(this.#folder, name));
          return bytes === undefined ? [] : [parsePublicKey(bytes.toString("utf8"), name)];
        } catch {
          return [];
        }
      });
  }
}
