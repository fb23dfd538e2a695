// A small archive that is right in every way, and what its members can be swapped for.
import { createHash, generateKeyPairSync } from "node:crypto";
import { compareByteStrings } from "#base/bytes.ts";
import { digestOf } from "#base/digest.ts";
import { FORM, NAMES, writeManifest } from "#archive/manifest.ts";
import { headerOf } from "#archive/write.ts";
import { cacheInfoText } from "#cache/cache-info.ts";
import { writeContentAddress } from "#nix/content-address.ts";
import { sha256 } from "#nix/hash.ts";
import { NarWriter } from "#nix/nar.ts";
import { writeNarInfo, type NarInfo } from "#nix/narinfo.ts";
import { makeTextPath, storePathBase, storePathHash, type StorePath } from "#nix/store-path.ts";
import { TAR_END, tarPadding } from "#package/tar-writer.ts";
import { signerOf, writeVerifier } from "#tlog/note.ts";

export type Members = Map<string, Uint8Array>;

export const RUN = "20260102T030405006Z-abcdef";
const SYSTEM = "x86_64-linux";
/** Of a log that nothing is signed by here. */
export const LOG_KEY: string = writeVerifier(
  signerOf("0123456789abcdef.log.invalid", "log", generateKeyPairSync("ed25519").privateKey),
);

export function text(content: string): Uint8Array {
  return Buffer.from(content);
}

/** A path of the store that is one text. */
export interface TextPath {
  info: NarInfo;
  nar: Uint8Array;
}

export function textPath(name: string, content: string, references: StorePath[] = []): TextPath {
  const hash = { algorithm: "sha256", bytes: sha256(text(content)) } as const;
  const path = makeTextPath({ name, sha256: hash.bytes, references });
  const nar = narOf(content);
  return {
    info: { ...infoOf(path, nar, references), contentAddress: writeContentAddress({ method: "text", hash }) },
    nar,
  };
}

export function infoOf(path: StorePath, nar: Uint8Array, references: readonly StorePath[] = []): NarInfo {
  const narHash = sha256(nar);
  return {
    path,
    url: `nar/${storePathBase(path)}.nar`,
    compression: "none",
    fileHash: { algorithm: "sha256", bytes: narHash },
    fileSize: nar.length,
    narHash,
    narSize: nar.length,
    references,
    signatures: [],
  };
}

export function narOf(content: string): Uint8Array {
  const parts: Uint8Array[] = [];
  const writer = new NarWriter((chunk) => void parts.push(new Uint8Array(chunk)));
  const bytes = text(content);
  writer.startFile(false, bytes.length);
  writer.content(bytes);
  writer.endFile();
  writer.end();
  return Buffer.concat(parts);
}

/** Puts a path among the members, or in the place of the one that is there. */
export function put(members: Members, { info, nar }: TextPath): void {
  members.set(`store/${storePathHash(info.path)}.narinfo`, text(writeNarInfo(info)));
  members.set(`store/nar/${storePathBase(info.path)}.nar`, nar);
}

export const LEAF: TextPath = textPath("leaf", "one\n");
export const TOP: TextPath = textPath("top", `see ${LEAF.info.path}\n`, [LEAF.info.path]);

/** A run that read one text, which refers to another, and made nothing. */
export function recordOf(): Record<string, unknown> {
  const { info } = TOP;
  return {
    schema: 2,
    runId: RUN,
    pipeline: "small",
    pipelineFile: "/work/pipeline.ts",
    startedAt: "2026-01-02T03:04:05.006Z",
    finishedAt: "2026-01-02T03:04:06.006Z",
    durationMs: 1000,
    status: "passed",
    engine: "embedded",
    sandbox: { kind: "starter", tried: [] },
    params: {},
    host: { system: SYSTEM, kernel: "6", cores: 2, node: "26.10.0", pipelite: "0.2.0" },
    stages: [],
    materials: [
      {
        name: "top",
        kind: "source",
        path: info.path,
        narHash: `sha256:${Buffer.from(info.narHash).toString("hex")}`,
        narSize: info.narSize,
      },
    ],
    results: {},
    counts: { built: 0, cached: 0, substituted: 0, failed: 0, skipped: 0, cancelled: 0 },
    claims: [],
  };
}

export function putRecord(members: Members, record: unknown): void {
  const bytes = text(JSON.stringify(record));
  members.set(`home/runs/${RUN}.json`, bytes);
  members.set(NAMES.manifest, manifestOf({ record: digestOf(bytes) }));
}

export function manifestOf(change: Record<string, unknown>): Uint8Array {
  const manifest = {
    form: FORM,
    run: RUN,
    record: digestOf(""),
    pipeline: "small",
    system: SYSTEM,
    pipelite: "0.2.0",
    node: "26.10.0",
    sources: "as the run read them",
  } as const;
  return writeManifest({ ...manifest, ...change });
}

export function smallMembers(): Members {
  const members: Members = new Map([
    [NAMES.readme, text("read me\n")],
    ["home/journal.ndjson", text("{}\n")],
    ["home/log/log.pub", text(`${LOG_KEY}\n`)],
    ["program/dist/cli.cjs", text("process.exit(0);\n")],
    ["sources/pipeline.ts", text("export {};\n")],
    [NAMES.cacheInfo, text(cacheInfoText())],
  ]);
  put(members, LEAF);
  put(members, TOP);
  putRecord(members, recordOf());
  return members;
}

export function sumsOf(members: Members): string {
  const names = [...members.keys()].filter((name) => name !== NAMES.sums);
  const lines = names.toSorted(compareByteStrings).map(
    (name) =>
      `${createHash("sha256")
        .update(members.get(name) ?? "")
        .digest("hex")}  ${name}\n`,
  );
  return lines.join("");
}

/** @param sums in place of those that are right */
export function archiveOf(members: Members, sums: string = sumsOf(members)): Buffer {
  const all = new Map(members).set(NAMES.sums, Buffer.from(sums, "latin1"));
  return tarOf([...all].toSorted(([a], [b]) => compareByteStrings(a, b)));
}

/** In this order, whatever it is. */
export function tarOf(members: readonly (readonly [name: string, bytes: Uint8Array])[]): Buffer {
  const parts = members.flatMap(([name, bytes]) => [
    headerOf(name, bytes.length),
    bytes,
    tarPadding(bytes.length),
  ]);
  return Buffer.concat([...parts, TAR_END]);
}
