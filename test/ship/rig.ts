// Packages in memory: plans made of a few files, and what each reader finds in the package of them.
import { hash } from "node:crypto";
import { decompress } from "#package/decompress.ts";
import { readApk } from "#package/apk.ts";
import { readCpio } from "#package/cpio.ts";
import { readDeb } from "#package/deb.ts";
import { readRpm, tagNumbers, tagText, tagTexts } from "#package/rpm.ts";
import type { PackageFacts } from "#package/packaged.ts";
import type { TarEntry } from "#package/tar-reader.ts";
import type { PackageFormat, PackagePlan, ShippedFile } from "#ship/shipment.ts";
import { addedFile, addedLink, withFolders } from "#ship/tree.ts";

export const FACTS: PackageFacts = {
  name: "hello",
  version: "1.2.0~rc1",
  architecture: "x86_64",
  summary: "Says hello",
  description: "It says hello to whom it meets.\n\nAnd to others.",
  licence: "MIT",
  maintainer: "Anna Exämple <anna@example.org>",
  homepage: "https://example.org/",
  timeSeconds: 1_700_000_000,
  depends: [{ name: "nix-00000000000000000000000000000000-libhello" }, { name: "other", version: "2.0" }],
  standsFor: ["nix-11111111111111111111111111111111-hello"],
  scripts: { afterInstall: "echo installed\n", beforeRemove: "echo bye" },
};

export function planOf(files: readonly ShippedFile[], facts: Partial<PackageFacts> = {}): PackagePlan {
  return {
    of: "hello",
    facts: { ...FACTS, ...facts },
    files: withFolders(files, (path) => ["usr", "usr/bin"].includes(path)),
    paths: [],
    trees: [],
  };
}

export const HELLO: ShippedFile[] = [
  addedFile("etc/hello.conf", Buffer.from("greeting = hello\n"), { isConfiguration: true }),
  addedFile("nix/store/abc-hello/bin/hello", Buffer.from("#!/bin/sh\necho hello\n"), { mode: 0o555 }),
  addedFile("nix/store/abc-hello/empty", Buffer.alloc(0), { mode: 0o444 }),
  addedFile(`nix/store/abc-hello/${"long/".repeat(30)}name`, Buffer.alloc(3000, "x"), { mode: 0o444 }),
  addedLink("nix/store/abc-hello/link", `${"../".repeat(60)}target`),
  addedLink("usr/bin/hello", "/nix/store/abc-hello/bin/hello"),
];

/** Path -> what is there, as every format has it. */
export type Manifest = Record<string, string>;

export function manifestOf(plan: PackagePlan): Manifest {
  return sorted(
    plan.files.flatMap(({ kind, path, mode, target, digests }) =>
      kind === "folder" ? [] : [[path, shown(kind, mode, target, digests.sha256)]],
    ),
  );
}

export async function manifestIn(format: PackageFormat, bytes: Uint8Array): Promise<Manifest> {
  switch (format) {
    case "deb":
      return ofTar((await readDeb(bytes)).files);
    case "apk":
      return ofTar(readApk(bytes).files);
    case "rpm":
      return ofRpm(bytes);
  }
}

function ofTar(files: readonly TarEntry[]): Manifest {
  return sorted(
    files.flatMap(({ kind, path, mode, target, content }) =>
      kind === "folder" ? [] : [[path, shown(kind, mode, target, hash("sha256", content))]],
    ),
  );
}

/** What the header says, where the payload says the same. */
async function ofRpm(bytes: Uint8Array): Promise<Manifest> {
  const { tags, payload } = readRpm(bytes);
  const suffix = tagText(tags, 1125) === "zstd" ? ".zst" : ".gz";
  const unpacked = await decompress(payload, suffix);
  const entries = [...readCpio(unpacked)];
  const folders = tagTexts(tags, 1118);
  const paths = tagTexts(tags, 1117).map(
    (name, at) => `${folders[tagNumbers(tags, 1116)[at] ?? -1] ?? ""}${name}`,
  );
  const [digests, modes, targets] = [tagTexts(tags, 1035), tagNumbers(tags, 1030), tagTexts(tags, 1036)];
  return sorted(
    entries.flatMap(({ kind, name, mode, target, content }, at) => {
      if (`/${name.slice(2)}` !== paths[at] || ((modes[at] ?? 0) & 0o7777) !== mode || targets[at] !== target)
        throw new Error(`header and payload differ in ${name}`);
      if (kind === "file" && hash("sha256", content) !== digests[at])
        throw new Error(`the digest of ${name}`);
      return kind === "folder" ? [] : [[name.slice(2), shown(kind, mode, target, digests[at] ?? "")]];
    }),
  );
}

function shown(kind: string, mode: number, target: string, sha256: string): string {
  return kind === "link" ? `link ${target}` : `${mode.toString(8)} ${sha256}`;
}

function sorted(rows: (readonly string[])[]): Manifest {
  return Object.fromEntries(
    rows
      .map(([path = "", what = ""]) => [path, what])
      .toSorted(([a], [b]) => ((a ?? "") < (b ?? "") ? -1 : 1)),
  );
}
