// Paths as Nix builds them: their names follow from how they were made and not from what is in them, so only a signature tells
// that they are what they say.
import { join } from "node:path";
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { sha256 } from "#nix/hash.ts";
import { encodeNix32 } from "#nix/nix32.ts";
import { parseStorePath, type StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";

interface MadePackage {
  /** Path below it -> content; what lies in `bin` is executable. */
  files: Readonly<Record<string, string | Uint8Array>>;
  references?: readonly StorePath[];
  /** Of two packages of one name. */
  tag?: string;
}

/** The path that a package would have. */
export function pathOfPackage(name: string, tag = ""): StorePath {
  const hash = encodeNix32(sha256(Buffer.from(`${tag} ${name}`)).subarray(0, 20));
  return parseStorePath(`/nix/store/${hash}-${name}`);
}

/** Adds a package to a store; `folder` is for what it is made of. */
export async function addPackage(
  store: Store,
  folder: string,
  name: string,
  { files, references = [], tag = "" }: MadePackage,
): Promise<StorePath> {
  const source = mkdtempSync(join(folder, "package-"));
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(join(source, file, ".."), { recursive: true });
    writeFileSync(join(source, file), content);
    if (file.startsWith("bin/")) chmodSync(join(source, file), 0o755);
  }
  const { path: plain, narHash, narSize } = await store.addTree(source, { name: "plain" });
  const path = pathOfPackage(name, tag);
  await store.addNar({ path, narHash, narSize, references }, store.narOf(plain));
  return path;
}

/** The first bytes of an executable of Linux for a machine (`e_machine` of ELF). */
export function elfHead(machine: number): Uint8Array {
  const head = Buffer.alloc(64);
  head.write("\x7fELF\x02\x01\x01", "latin1");
  head.writeUInt16LE(2, 16);
  head.writeUInt16LE(machine, 18);
  return head;
}
