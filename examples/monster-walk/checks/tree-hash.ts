// The hash of a folder as Nix counts it: SHA-256 over the folder written as a Nix archive. An own small writer, so that the
// batch record does not rest on the program that made the store. Format: E. Dolstra, "The Purely Functional Software
// Deployment Model" (2006), figure 5.2.
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

export interface TreeHash {
  narSha256: string;
  narSize: number;
  files: FileHash[];
}

export interface FileHash {
  /** Relative to the folder, with `/` between the parts; "" for a tree that is one file. */
  name: string;
  sha256: string;
  size: number;
}

/** Reads a file, folder or symlink. Files are listed by name, symlinks are not followed. */
export function hashTree(path: string): TreeHash {
  const hash = createHash("sha256");
  let narSize = 0;
  const files: FileHash[] = [];
  const put = (...parts: (string | Uint8Array)[]): void => {
    for (const part of parts) {
      const bytes = Buffer.from(part);
      const padded = Buffer.alloc(8 + Math.ceil(bytes.length / 8) * 8);
      padded.writeBigUInt64LE(BigInt(bytes.length));
      bytes.copy(padded, 8);
      hash.update(padded);
      narSize += padded.length;
    }
  };
  const visit = (at: string, name: string): void => {
    const stat = lstatSync(at);
    put("(", "type");
    if (stat.isSymbolicLink()) {
      put("symlink", "target", readlinkSync(at));
    } else if (stat.isDirectory()) {
      put("directory");
      for (const entry of readdirSync(at).toSorted((a, b) =>
        Buffer.compare(Buffer.from(a), Buffer.from(b)),
      )) {
        put("entry", "(", "name", entry, "node");
        visit(join(at, entry), name === "" ? entry : `${name}/${entry}`);
        put(")");
      }
    } else {
      const content = readFileSync(at);
      put("regular", ...((stat.mode & 0o100) === 0 ? [] : ["executable", ""]), "contents", content);
      files.push({ name, sha256: createHash("sha256").update(content).digest("hex"), size: content.length });
    }
    put(")");
  };
  put("nix-archive-1");
  visit(path, "");
  return { narSha256: hash.digest("hex"), narSize, files };
}
