// One package of a format: its files checked, packed into one stream, framed by what the format has around it.
import { createHash, type Hash } from "node:crypto";
import { closeSync, openSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { assert } from "#base/assert.ts";
import { isPipeliteError } from "#base/errors.ts";
import { piecesOfFile, writeAll } from "#base/file-pieces.ts";
import { inTurns, type Steps } from "#base/steps.ts";
import {
  apkArchitecture,
  apkControl,
  apkFileFlaw,
  apkFileName,
  apkInfo,
  apkSignature,
  apkTarHeader,
  apkVersion,
} from "#package/apk.ts";
import { cpioEnd, cpioHeader, filling } from "#package/cpio.ts";
import {
  DEB_DATA_MAX,
  debArchitecture,
  debControlArchive,
  debFileFlaw,
  debFileName,
  debFrame,
  debTarHeader,
  debVersion,
} from "#package/deb.ts";
import { openPgpSign } from "#package/openpgp-signer.ts";
import type { PackageKey } from "#keys/package-key.ts";
import type { FileFlaw, PackageFacts } from "#package/packaged.ts";
import { rpmFileFlaw, rpmFront, rpmHeader, rpmVersion, RPM_RELEASE } from "#package/rpm.ts";
import { TAR_END, tarPadding } from "#package/tar-writer.ts";
import { pipeliteError } from "./errors.ts";
import {
  codecName,
  keptPayload,
  packPayload,
  type Codec,
  type PayloadPart,
  type Payload,
} from "./payload.ts";
import type { PackageFormat, PackagePlan, ShippedFile, WrittenPackage } from "./shipment.ts";
import { shownName } from "./tree.ts";

export interface WriteOptions {
  /** A folder for this call alone. */
  folder: string;
  codec: Codec | undefined;
  key: PackageKey | undefined;
  /** Where payloads are kept; without it none is. */
  kept?: string;
  signal?: AbortSignal;
}

interface Writer {
  /** What it packs by unless another is asked for. */
  usual: Codec;
  codecs: readonly Codec[];
  flaw: FileFlaw;
  version: (version: string) => string | undefined;
  fileName: (facts: PackageFacts) => string;
  architecture: (facts: PackageFacts) => string;
  /** What stands before a file has its digest in it. */
  isHashedBefore?: boolean;
  /** It says the digest of its files before they were packed. */
  isPayloadHashed?: boolean;
  parts: (plan: PackagePlan) => Iterable<PayloadPart>;
  payloadMax: number;
  /** What stands before the payload and behind it. */
  frame: (
    plan: PackagePlan,
    payload: Payload,
    key: PackageKey | undefined,
    signal: AbortSignal | undefined,
  ) => Frame | Promise<Frame>;
}

interface Frame {
  front: Uint8Array;
  back?: Uint8Array;
}

export const WRITERS: Readonly<Record<PackageFormat, Writer>> = {
  deb: {
    usual: "gzip",
    codecs: ["gzip", "zstd"],
    flaw: debFileFlaw,
    version: debVersion,
    fileName: debFileName,
    architecture: debArchitecture,
    payloadMax: DEB_DATA_MAX,
    *parts({ facts, files }) {
      const root = { path: "", kind: "folder", mode: 0o755, target: "", size: 0 } as ShippedFile;
      for (const file of [root, ...files]) {
        yield debTarHeader(file, facts.timeSeconds);
        if (file.source === undefined) continue;
        yield file;
        yield tarPadding(file.size);
      }
      yield TAR_END;
    },
    frame({ facts, files }, { codec, size }) {
      const suffix = codec === "gzip" ? ".gz" : ".zst";
      return debFrame(facts, debControlArchive(facts, files), { size, suffix });
    },
  },
  rpm: {
    usual: "zstd",
    codecs: ["gzip", "zstd"],
    flaw: rpmFileFlaw,
    version: rpmVersion,
    fileName: (facts) => `${facts.name}-${facts.version}-${RPM_RELEASE}.${rpmArchitecture(facts)}.rpm`,
    architecture: rpmArchitecture,
    payloadMax: Number.MAX_SAFE_INTEGER,
    isPayloadHashed: true,
    *parts({ facts, files }) {
      for (const [index, file] of ownFiles(files).entries()) {
        yield cpioHeader(file, { timeSeconds: facts.timeSeconds, inode: index + 1 });
        if (file.source === undefined) continue;
        yield file;
        yield filling(file.size);
      }
      yield cpioEnd();
    },
    async frame({ facts, files }, payload, key, signal) {
      const { codec, unpackedSha256 } = payload;
      assert(unpackedSha256 !== undefined, "the payload was not hashed");
      const said = { ...payload, unpackedSha256, compressor: codec };
      const header = rpmHeader(facts, ownFiles(files), said);
      const packet = key && openPgpSign(header, key.openPgp, facts.timeSeconds);
      const md5 = await inTurns(digestSteps(createHash("md5").update(header), payload.file), signal);
      const signature = packet && { signature: { algorithm: "rsa" as const, packet } };
      return { front: rpmFront(facts, header, said, { ...signature, md5 }) };
    },
  },
  apk: {
    usual: "gzip",
    codecs: ["gzip"],
    flaw: apkFileFlaw,
    version: apkVersion,
    fileName: apkFileName,
    architecture: apkArchitecture,
    payloadMax: Number.MAX_SAFE_INTEGER,
    isHashedBefore: true,
    *parts({ facts, files }) {
      for (const file of files) {
        yield apkTarHeader(file, facts.timeSeconds);
        if (file.source === undefined) continue;
        yield file;
        yield tarPadding(file.size);
      }
      yield TAR_END;
    },
    frame({ facts, files }, { sha256 }, key) {
      const control = apkControl(facts, apkInfo(facts, files, sha256));
      const signature = key === undefined ? [] : [apkSignature(control, key.apk, facts.timeSeconds)];
      return { front: Buffer.concat([...signature, control]) };
    },
  },
};

function rpmArchitecture({ architecture }: Pick<PackageFacts, "architecture">): string {
  return architecture === "any" ? "noarch" : architecture;
}

/** rpm makes what folders are missing, and minds when two packages have one of another mode. */
function ownFiles(files: readonly ShippedFile[]): ShippedFile[] {
  return files.filter(({ isShared }) => !isShared);
}

/** @throws PipeliteError PACK_FILE_UNSAYABLE, PACK_TOO_LARGE, PACK_LIST_TOO_LARGE, and what the system says */
export async function writePackage(
  format: PackageFormat,
  plan: PackagePlan,
  { folder, codec, key, kept, signal }: WriteOptions,
): Promise<WrittenPackage> {
  const writer = WRITERS[format];
  const { facts, files, of, trees } = plan;
  for (const file of files) {
    const problem = writer.flaw(file);
    if (problem !== undefined)
      throw pipeliteError("PACK_FILE_UNSAYABLE", { path: of, format, file: shownName(file.path), problem });
  }
  const name = writer.fileName(facts);
  const chosen = codec !== undefined && writer.codecs.includes(codec) ? codec : writer.usual;
  const readTrees = async (): Promise<void> => {
    for (const tree of trees) await tree.readRest(signal);
  };
  if (writer.isHashedBefore === true) await readTrees();
  const parts = [...writer.parts(plan)];
  // The root of what is in it: when that has gone, nobody packs it again.
  const path = plan.paths.at(-1);
  const isKept = path !== undefined && kept !== undefined;
  const isHashed = writer.isPayloadHashed === true;
  const payload = isKept
    ? await keptPayload(parts, chosen, { folder: kept, path, isHashed, signal })
    : await packPayload(parts, chosen, { file: join(folder, `.${name}.payload`), isHashed, signal });
  await readTrees();
  requireSize(plan, format, payload.size);
  const { front, back = new Uint8Array() } = await frameOf(format, plan, { payload, key, signal });
  const place = join(folder, name);
  const sha256 = await inTurns(assembleSteps(place, front, payload.file, back), signal);
  if (!isKept) rmSync(payload.file);
  return {
    format,
    file: name,
    name: facts.name,
    version: facts.version,
    architecture: writer.architecture(facts),
    bytes: statSync(place).size,
    sha256,
    payload: {
      codec: codecName(chosen),
      level: payload.level,
      ...(payload.unpackedSha256 !== undefined && { sha256: payload.unpackedSha256 }),
    },
    paths: plan.paths,
  };
}

/** @throws PipeliteError PACK_LIST_TOO_LARGE where what stands before the files is more than the format has room for */
async function frameOf(
  format: PackageFormat,
  plan: PackagePlan,
  {
    payload,
    key,
    signal,
  }: { payload: Payload; key: PackageKey | undefined; signal: AbortSignal | undefined },
): Promise<Frame> {
  try {
    return await WRITERS[format].frame(plan, payload, key, signal);
  } catch (error) {
    if (!isPipeliteError(error, "ARCHIVE_INVALID")) throw error;
    throw pipeliteError("PACK_LIST_TOO_LARGE", { path: plan.of, format, problem: error.message }, error);
  }
}

/** @throws PipeliteError PACK_TOO_LARGE */
export function requireSize({ of }: Pick<PackagePlan, "of">, format: PackageFormat, bytes: number): void {
  const { payloadMax: max } = WRITERS[format];
  if (bytes > max) throw pipeliteError("PACK_TOO_LARGE", { path: of, format, bytes, max });
}

/** @returns SHA-256 of the file, in hex */
function* assembleSteps(place: string, front: Uint8Array, payload: string, back: Uint8Array): Steps<string> {
  const digest = createHash("sha256");
  const fd = openSync(place, "wx", 0o644);
  const put = (bytes: Uint8Array): void => {
    digest.update(bytes);
    writeAll(fd, bytes);
  };
  try {
    put(front);
    for (const piece of piecesOfFile(payload)) {
      put(piece);
      yield;
    }
    put(back);
  } finally {
    closeSync(fd);
  }
  return digest.digest("hex");
}

function* digestSteps(digest: Hash, file: string): Steps<string> {
  for (const piece of piecesOfFile(file)) {
    digest.update(piece);
    yield;
  }
  return digest.digest("hex");
}
