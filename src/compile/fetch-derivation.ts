// A download as Nix's own fetchurl has it: a fixed-output derivation whose builder both engines know.
import { byteStringOf } from "#base/bytes.ts";
import type { Derivation } from "#nix/derivation.ts";
import { formatHash, parseHash, type Hash } from "#nix/hash.ts";
import { makeFixedPath } from "#nix/store-path.ts";
import { pipeliteError } from "./errors.ts";
import type { FetchNode } from "./nodes.ts";

/** The derivation that Nix's own fetchurl makes; the embedded engine and Nix both know the builder. */
export function fetchDerivation(node: FetchNode): Derivation {
  let hash: Hash;
  try {
    hash = parseHash(node.hash, "sha256");
  } catch (error) {
    throw pipeliteError("FETCH_HASH_INVALID", { place: node.place, hash: node.hash }, error);
  }
  const path = makeFixedPath({ name: node.name, method: "flat", hash });
  const env = {
    name: node.name,
    out: path,
    url: node.url,
    urls: node.url,
    executable: "",
    unpack: "",
    builder: "builtin:fetchurl",
    system: "builtin",
    outputHash: formatHash(hash, "hex"),
    outputHashAlgo: "sha256",
    outputHashMode: "flat",
    preferLocalBuild: "1",
    impureEnvVars: "http_proxy https_proxy ftp_proxy all_proxy no_proxy",
  };
  return {
    name: node.name,
    outputs: new Map([["out", { kind: "fixed", path, method: "flat", hash }]]),
    inputDrvs: new Map(),
    inputSrcs: [],
    system: "builtin",
    builder: "builtin:fetchurl",
    args: [],
    env: new Map(Object.entries(env).map(([key, value]) => [key, byteStringOf(value)])),
  };
}

/** Why a download can't be asked for, whatever is there. */
export function urlProblem(url: URL | null): string | undefined {
  if (url === null) return "it is not a URL";
  if (url.protocol === "file:" && url.hostname !== "") return "a file is on this machine: file:///...";
  return ["http:", "https:", "file:"].includes(url.protocol) ? undefined : "it must be http, https or file";
}
