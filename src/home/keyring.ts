// The public keys of those who signed in this home, kept when they sign, so that signatures can be verified later; and the trusted
// roots by which others vouched for them. What is in here says nothing about who is to be believed: a release policy does.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson } from "#base/canonical-json.ts";
import { hexDigestOf } from "#base/digest.ts";
import { bytesOfFile, makeFolder, writeFileAtomically } from "#base/files.ts";
import { parseStrictJson } from "#base/strict-json.ts";
import { parsePublicKey, writePublicKey, type PublicKey } from "#sigstore/key.ts";
import { parseTrustedRoot, type TrustedRoot } from "#sigstore/trusted-root.ts";

export class Keyring {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  keep(key: PublicKey): void {
    const digits = Buffer.from(key.keyId.slice("SHA256:".length), "base64").toString("hex");
    makeFolder(this.#folder);
    writeFileAtomically(join(this.#folder, `${digits}.pub`), writePublicKey(key), { flush: true });
  }

  /** @param file Sigstore's trusted root, as its JSON */
  keepRoot(file: unknown): void {
    makeFolder(this.#folder);
    writeFileAtomically(
      join(this.#folder, `${rootId(file).slice(0, ROOT_NAME)}${ROOT_ENDING}`),
      canonicalJson(file),
      { flush: true },
    );
  }

  /** Every trusted root that can be read, by the SHA-256 of its canonical JSON, in hex. */
  get roots(): { id: string; root: TrustedRoot }[] {
    return this.#read(ROOT_ENDING, (bytes) => {
      const file = parseStrictJson(bytes);
      return { id: rootId(file), root: parseTrustedRoot(file) };
    });
  }

  /** Every key that can be read; ids are computed from the keys themselves. */
  get keys(): PublicKey[] {
    return this.#read(".pub", (bytes, name) => parsePublicKey(bytes.toString("utf8"), name));
  }

  #read<T>(ending: string, parse: (bytes: Buffer, name: string) => T): T[] {
    if (!existsSync(this.#folder)) return [];
    return readdirSync(this.#folder)
      .filter((name) => name.endsWith(ending))
      .flatMap((name) => {
        try {
          const bytes = bytesOfFile(join(this.#folder, name));
          return bytes === undefined ? [] : [parse(bytes, name)];
        } catch {
          return [];
        }
      });
  }
}

const ROOT_ENDING = ".root.json";
const ROOT_NAME = 32;

/** What a trusted root is called by: the SHA-256 of its canonical JSON, in hex. */
export function rootId(file: unknown): string {
  return hexDigestOf(canonicalJson(file));
}
