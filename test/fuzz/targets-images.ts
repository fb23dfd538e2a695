// Parsers of what images are made of, in layouts and in registries.
import { parseImageConfig, parseImageDocument, parseReferrer } from "#package/oci.ts";
import { parseImageReference } from "#package/image-reference.ts";
import {
  bytesDocument,
  OCI_TYPES,
  writeImageConfig,
  writeImageIndex,
  writeImageManifest,
  writeReferrer,
} from "#package/oci-writer.ts";
import { NarWriter } from "#nix/nar.ts";
import { tellTree } from "#package/store-layer.ts";
import { readTar } from "#package/tar-reader.ts";
import { writeTar } from "#package/tar-writer.ts";
import { parseShipped } from "#ship/image/shipped.ts";
import { readPlans } from "#ship/image/plans.ts";
import { documents, isSyntax, ofFile, ofText, texts } from "./corpus.ts";
import type { Target } from "./fuzz.ts";

const platform = { os: "linux", architecture: "amd64" };
const content = bytesDocument(OCI_TYPES.layer.gzip, Buffer.from("x"));
const layer = { ...content, diffId: content.digest, comment: "x" };
const config = writeImageConfig(platform, { layers: [layer], createdAt: 1, start: { env: { A: "1" } } });
const manifest = writeImageManifest(config, [layer], { a: "b" });
const referrer = writeReferrer(manifest, { artifactType: "application/x", content, annotations: {} });
const tree = writeTar(
  [
    { name: "x", kind: "folder", mode: 0o555, mtime: 1 },
    { name: "x/a", mode: 0o444, mtime: 1, content: Buffer.from("a") },
    { name: "x/b", kind: "link", mode: 0o777, mtime: 1, target: "a" },
  ],
  "pax",
);

export const imageTargets: readonly Target[] = [
  {
    name: "image-document",
    parse: (input) => void (parseReferrer(input) ?? parseImageDocument(input)),
    corpus: [manifest.bytes, referrer.bytes, writeImageIndex([{ ...manifest, platform }]).bytes],
  },
  { name: "image-config", parse: (input) => void parseImageConfig(input), corpus: [config.bytes] },
  {
    name: "image-reference",
    parse: ofText(parseImageReference),
    corpus: texts("registry.example.org:5000/a/b:1.0@sha256:".padEnd(105, "0"), "debian", "[::1]/x"),
  },
  {
    name: "store-layer",
    parse: (input) => {
      const writer = new NarWriter(() => undefined);
      tellTree(input, { entries: [...readTar(input)], root: "x" }, writer);
      writer.end();
    },
    isRefusal: isOfTree,
    corpus: [tree],
  },
  {
    name: "shipped",
    parse: (input) => void parseShipped(input),
    isRefusal: isSyntax,
    corpus: documents({
      version: 1,
      roots: [],
      paths: [
        {
          path: `/nix/store/${"0".repeat(32)}-x`,
          narHash: `sha256:${"0".repeat(64)}`,
          narSize: 1,
          references: [],
        },
      ],
      files: [{ path: "usr/bin/x", kind: "link", mode: 511, content: "/nix" }],
      start: "{}",
    }),
  },
  {
    name: "layers-file",
    parse: ofFile("layers.json", readPlans),
    corpus: documents({ version: 1, images: { hello: [["a", "b"], ["c"]] } }),
  },
];

/** Told by who knows the layer. */
function isOfTree(error: unknown): boolean {
  return error instanceof Error && error.constructor === Error && error.message.startsWith("'");
}
