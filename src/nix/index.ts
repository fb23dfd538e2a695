// `pipelite/nix`: Nix's formats as pure functions, bytes in and bytes out: no files, clock, randomness or network.
// Each is held to values made by real Nix (test/nix/vectors).
export { parseContentAddress, writeContentAddress, contentAddressedPath } from "./content-address.ts";
export type { ContentAddress } from "./content-address.ts";
export { checkDerivation, derivationPath, parseDerivation, writeDerivation } from "./derivation.ts";
export { resolveDerivation } from "./derivation.ts";
export type { Derivation, DerivationOutput, KnownOutputs } from "./derivation.ts";
export { fillOutputPaths, hashModulo } from "./derivation-hash.ts";
export type { DerivationLookup, ModuloHash, ModuloMemo } from "./derivation-hash.ts";
export { ExportParser, ExportWriter } from "./export-stream.ts";
export type { ExportedPath, ExportHandler } from "./export-stream.ts";
export { compressHash, formatHash, hashBytes, parseHash, prefixedHash, sha256 } from "./hash.ts";
export type { Hash, HashAlgorithm, HashFormat } from "./hash.ts";
export { NarParser, NarWriter } from "./nar.ts";
export type { NarHandler } from "./nar.ts";
export { narInfoFingerprint, parseNarInfo, writeNarInfo } from "./narinfo.ts";
export type { NarInfo, SignedInfo } from "./narinfo.ts";
export { decodeNix32, encodeNix32 } from "./nix32.ts";
export { ownPlaceholder, scratchPath, upstreamPlaceholder } from "./placeholder.ts";
export { parseRealisation, realisationId, writeRealisation } from "./realisation.ts";
export type { Realisation, RealisationId } from "./realisation.ts";
export { ReferenceScanner } from "./references.ts";
export { makeSecretKey, parseNixPublicKey, parseSecretKey, parseSignature } from "./signature.ts";
export { signFingerprint, verifyFingerprint, writeNixPublicKey, writeSecretKey } from "./signature.ts";
export type { NixPublicKey, SecretKey, NixSignature } from "./signature.ts";
export { isStorePath, parseStorePath, storePathBase, storePathHash, storePathName } from "./store-path.ts";
export { makeFixedPath, makeOutputPath, makeSourcePath, makeTextPath, STORE_DIR } from "./store-path.ts";
export type { ContentMethod, StorePath } from "./store-path.ts";
