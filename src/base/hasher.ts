// Hashes that are fed piece by piece, by node:crypto. It is loaded when something is hashed: much that opens a store hashes nothing, and
// loading it takes longer than opening.
import type { Hash } from "node:crypto";

export type Hasher = Hash;

export function createHasher(algorithm: string): Hasher {
  return process.getBuiltinModule("node:crypto").createHash(algorithm);
}
