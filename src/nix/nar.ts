// NAR: the one serialisation of a file tree that Nix hashes. Only what a build may depend on is in it: names, kinds,
// contents, the executable bit and symlink targets. Specification: Nix manual, "Nix Archive (NAR) format"; limits as
// in Nix 2.35 (`libutil/archive.cc`). The writer and the parser take and give the same sequence of calls,
// NarHandler, so that one can be joined to the other.
export type { NarHandler } from "./nar-format.ts";
export { NarParser } from "./nar-parser.ts";
export { NarWriter } from "./nar-writer.ts";
