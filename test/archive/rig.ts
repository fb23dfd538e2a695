// A small archive that is right in every way, and what its members can be swapped for.
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compareByteStrings } from "#base/bytes.ts";
import { digestOf } from "#base/digest.ts";
import { generateKey } from "#keys/key-file.ts";
import {
  signStatement,
  writeBundle,
  writePublicKey,
  type SigningKey,
  type Statement,
} from "#sigstore/index.ts";
import type { RunRecord } from "#home/run-record.ts";
import { archiveStatement } from "#archive/signature.ts";
import { filesBelow, removeTree } from "#base/files.ts";
import { openHome } from "#home/home.ts";
import { TransparencyLog } from "#home/log.ts";
import { FORM, MEMBER_NAMES, isHomeFile, writeManifest } from "#archive/manifest.ts";
import { headerOf } from "#archive/write.ts";
import { cacheInfoText } from "#cache/cache-info.ts";
import { writeContentAddress } from "#nix/content-address.ts";
import { sha256 } from "#nix/hash.ts";
import { NarWriter } from "#nix/nar.ts";
import { writeNarInfo, type NarInfo } from "#nix/narinfo.ts";
import { makeTextPath, storePathBase, storePathHash, type StorePath } from "#nix/store-path.ts";
import { TAR_END, tarPadding } from "#package/tar-writer.ts";

export type Members = Map<string, Uint8Array>;

export const RUN = "20260102T030405006Z-abcdef";
const SYSTEM = "x86_64-linux";
export function text(content: string): Uint8Array {
  return Buffer.from(content);
}

const KEY = generateKey();

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
  members.set(MEMBER_NAMES.manifest, manifestOf({ record: digestOf(bytes) }));
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

/** A journal of one line, and the log over it; each time another one. */
async function smallLog(): Promise<Members> {
  const folder = mkdtempSync(join(tmpdir(), "pipelite-small-"));
  try {
    const home = openHome(folder);
    const digest = digestOf(JSON.stringify(recordOf()));
    home.journal.append({ kind: "run", subject: RUN, file: `runs/${RUN}.json`, digest });
    await new TransparencyLog(home).publish();
    const names = filesBelow(home.layout.log).map((name) => `log/${name}`);
    return new Map(
      ["journal.ndjson", ...names.filter((name) => isHomeFile(name))].map((name) => [
        `home/${name}`,
        readFileSync(home.pathOf(name)),
      ]),
    );
  } finally {
    removeTree(folder);
  }
}

const LOG = await smallLog();
export const OTHER_LOG: Members = await smallLog();
/** `<16 digits>.log.invalid` */
export const LOG_NAME: string = Buffer.from(LOG.get("home/log/log.pub") ?? "")
  .toString("utf8")
  .replace(/\+.*/s, "");

export function smallMembers(): Members {
  const members: Members = new Map([
    [MEMBER_NAMES.readme, text("read me\n")],
    ...LOG,
    ["home/keys/0a.pub", text(writePublicKey(KEY.publicKey))],
    ["program/dist/cli.cjs", text("process.exit(0);\n")],
    ["sources/pipeline.ts", text("export {};\n")],
    [MEMBER_NAMES.cacheInfo, text(cacheInfoText())],
  ]);
  put(members, LEAF);
  put(members, TOP);
  putRecord(members, recordOf());
  return members;
}

export function sumsOf(members: Members): string {
  const names = [...members.keys()].filter(
    (name) => name !== MEMBER_NAMES.sums && name !== MEMBER_NAMES.signature,
  );
  const lines = names.toSorted(compareByteStrings).map(
    (name) =>
      `${createHash("sha256")
        .update(members.get(name) ?? "")
        .digest("hex")}  ${name}\n`,
  );
  return lines.join("");
}

/** The signature over these sums. @param key default: the one that is in the archive */
export function signatureOf(
  members: Members,
  sums: string,
  { key = KEY, change = {} }: { key?: SigningKey; change?: Partial<Statement> } = {},
): Uint8Array {
  const record = recordOf() as unknown as RunRecord;
  const digest = digestOf(members.get(`home/runs/${RUN}.json`) ?? "");
  const statement = archiveStatement(Buffer.from(sums, "latin1"), { runId: RUN, digest, record });
  return text(writeBundle(signStatement({ ...statement, ...change }, key)));
}

/** @param sums in place of those that are right; @param signature in place of the one over them */
export function archiveOf(
  members: Members,
  sums: string = sumsOf(members),
  signature: Uint8Array = signatureOf(members, sums),
): Buffer {
  const all = new Map(members)
    .set(MEMBER_NAMES.sums, Buffer.from(sums, "latin1"))
    .set(MEMBER_NAMES.signature, signature);
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
