// `pipelite/store`: a Nix store on disk, which real Nix opens, verifies, collects and copies from.
export type { Added, AddTree } from "./add.ts";
export type { CollectedGarbage, CollectGarbage } from "./gc.ts";
export type { PathLocks } from "./locks.ts";
export type { BuiltOutput, ExpectedOutput, RegisteredOutput } from "./outputs.ts";
export type { OptimisedStore, OptimiseStore } from "./optimise.ts";
export type { DeletedGeneration, Generation, Profile } from "./profiles.ts";
export type { PathInfo } from "./query.ts";
export type { Root } from "./roots.ts";
export { openStore, type OpenStore, type Store } from "./store.ts";
export { restoreNar, type Chunks, type NarToAdd } from "./transfer.ts";
export type { Include } from "./scan.ts";
export { hashTree, type Sink, type TreeHash } from "./tree.ts";
export type { StoreProblem, VerifiedStore, VerifyStore } from "./verify.ts";
