// A closure for Nix: a binary cache in a folder, for `nix copy --from file://...`, and one file for `nix-store --import`.
import { createHash } from "node:crypto";
import { closeSync, openSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { writeAll } from "#base/file-pieces.ts";
import { folderFiles } from "#cache/folder.ts";
import { push } from "#cache/push.ts";
import type { SecretKey } from "#nix/signature.ts";
import type { Store } from "#store/index.ts";
import type { Shipment, WrittenPackage } from "./shipment.ts";

export interface WriteNix {
  store: Store;
  /** Signs the paths. */
  pathKey: SecretKey | undefined;
  signal: AbortSignal;
}

const ZSTD_LEVEL = 3;

export async function writeNixFiles(
  shipment: Shipment,
  folder: string,
  { store, pathKey: key, signal }: WriteNix,
): Promise<WrittenPackage[]> {
  const { pack, architecture, paths, needs } = shipment;
  const name = `${pack.name}-${pack.version}`;
  const cache = `${name}-${architecture}.nix-cache`;
  await push(store, folderFiles(join(folder, cache)), needs, { compression: "zstd", key, signal });
  const file = `${name}-${architecture}.nix-export`;
  const [digest, fd] = [createHash("sha256"), openSync(join(folder, file), "wx", 0o644)];
  let bytes = 0;
  try {
    const sink = (chunk: Uint8Array): void => {
      digest.update(chunk);
      bytes += chunk.length;
      writeAll(fd, chunk);
    };
    await store.exportPaths(store.sortedClosure(needs), sink, signal);
  } finally {
    closeSync(fd);
  }
  const sha256 = digest.digest("hex");
  const common = {
    name: pack.name,
    version: pack.version,
    architecture,
    paths: paths.map(({ path }) => path),
  };
  const own = { codec: `libzstd-${process.versions.zstd}/zstd`, level: ZSTD_LEVEL };
  const tree = digestOfFolder(join(folder, cache));
  return [
    { format: "nix", file: cache, ...common, ...tree, payload: { ...own, sha256 } },
    { format: "nix", file, ...common, bytes, sha256, payload: { codec: "none", level: 0, sha256 } },
  ];
}

/** Of names and sizes, which have the digests of what they name in them. */
function digestOfFolder(folder: string): { bytes: number; sha256: string } {
  const digest = createHash("sha256");
  let bytes = 0;
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  const places = files.map(({ parentPath, name }) => join(parentPath, name)).toSorted();
  for (const place of places) {
    const { size } = statSync(place);
    bytes += size;
    digest.update(`${place.slice(folder.length + 1)} ${size}\n`);
  }
  return { bytes, sha256: digest.digest("hex") };
}
