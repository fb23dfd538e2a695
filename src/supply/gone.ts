// What a log knows of bundles that are no longer where they were: whoever takes one away leaves nothing else behind.
import { textOf, toByteString } from "#base/bytes.ts";
import { digestOf } from "#base/digest.ts";
import { isPipeliteError } from "#base/errors.ts";
import { bytesOfFile } from "#base/files.ts";
import { memberAt } from "#base/strict-json.ts";
import type { Home } from "#home/home.ts";
import { TransparencyLog } from "#home/log.ts";
import type { ReadRun } from "#home/runs.ts";
import { sha256 } from "#nix/hash.ts";
import type { Bundle } from "#sigstore/bundle.ts";
import { STATEMENT_TYPE, preAuthEncoding, toBase64 } from "#sigstore/envelope.ts";
import { writeStatement } from "#sigstore/statement.ts";
import { isHashedRekord } from "#tlog/hashed-rekord.ts";
import { fails, untested, type Finding } from "./finding.ts";
import { provenanceOf } from "./provenance.ts";

/** A file of a folder; its bundle where it is one. */
interface NamedBundle {
  name: string;
  bundle: Bundle | undefined;
}

/** The bundles that the journal has of a run: file -> digest. Of one that was made again in its place the last line counts. */
export function journalledOf({ journal }: Home, runId: string): Map<string, string> {
  // What names a file elsewhere was written by somebody else, and speaks for nothing.
  const own = journal
    .about("attestation", runId)
    .filter(({ file }) => file.startsWith(`attestations/${runId}/`));
  return new Map(own.map(({ file, digest }) => [file, digest]));
}

/** Bundles that this home kept of a run, by its journal, and that are gone or others. */
export function goneOf(home: Home, { runId }: ReadRun): Finding[] {
  return [...journalledOf(home, runId)].flatMap(([file, digest]) => {
    const bytes = bytesOfFile(home.pathOf(file));
    if (bytes !== undefined && digestOf(bytes) === digest) return [];
    const name = file.slice(file.lastIndexOf("/") + 1);
    const what = bytes === undefined ? "it is gone" : "it is another one";
    return [fails(`attestation ${name}`, `${what}: the journal has it as ${digest}`)];
  });
}

/**
 * Of a run of which this home keeps no bundle: what its log has of statements about the outputs. They were kept elsewhere, as by
 * `provenance --out`, or here and taken away before the journal had a line for each.
 */
export function loggedElsewhere(home: Home, run: ReadRun): Finding[] {
  const logged = entriesOf(home);
  if (logged.size === 0) return [];
  const stages = stagesByDigest(home, run);
  return [...logged].flatMap(([index, { digest }]) => {
    const stage = stages.get(digest);
    if (stage === undefined) return [];
    const detail = `entry ${index} of the log is of it, and this home keeps no such bundle`;
    return [untested(`attestation of ${stage}`, detail)];
  });
}

/**
 * Of bundles in a folder that are in the log of this home: those that were entered into it together with them, for which one
 * checkpoint was signed, and that are not there.
 */
export function goneFrom(home: Home, files: readonly NamedBundle[], run: ReadRun | undefined): Finding[] {
  const log = new TransparencyLog(home);
  const { verifier } = log;
  const own = files.flatMap(({ name, bundle }) =>
    bundle?.log !== undefined && verifier !== undefined && verifier.id.equals(bundle.log.logId)
      ? [{ name, ...bundle.log }]
      : [],
  );
  if (own.length === 0) return [];
  const sizes = log.checkpointSizes;
  const there = new Set(own.map(({ index }) => index));
  const entries = entriesOf(home);
  const stages = run === undefined ? new Map<string, string>() : stagesByDigest(home, run);
  const gone = new Map<number, Finding>();
  for (const { name, index, size } of own) {
    const before = sizes.findLast((each) => each <= index) ?? 0;
    for (const [at, { digest }] of entries) {
      if (at < before || at >= size || there.has(at) || gone.has(at)) continue;
      const of = stages.get(digest);
      const what = of === undefined ? `bundle of entry ${at}` : `bundle of ${of}`;
      gone.set(at, fails(what, `it is gone: entry ${at} of the log was signed together with ${name}`));
    }
  }
  return [...gone.values()];
}

/** Entries of attestations in the log: index -> the digest that was signed, in base64. */
function entriesOf(home: Home): Map<number, { digest: string }> {
  const entries = new TransparencyLog(home).entries().map((entry) => textOf(toByteString(entry)));
  return new Map(
    entries.flatMap((line, index) => {
      if (!isHashedRekord(line)) return [];
      const digest = memberAt(JSON.parse(line), "spec", "hashedRekordV002", "data", "digest");
      return typeof digest === "string" ? [[index, { digest }] as const] : [];
    }),
  );
}

/** What would be signed of each output of a run, by its digest -> the stage; nothing where that can no longer be told. */
function stagesByDigest(home: Home, { runId }: ReadRun): Map<string, string> {
  try {
    return new Map(
      provenanceOf(home, runId, []).map(({ stage, statement }) => {
        const signed = preAuthEncoding(STATEMENT_TYPE, writeStatement(statement));
        return [toBase64(sha256(signed)), stage];
      }),
    );
  } catch (error) {
    if (!isPipeliteError(error)) throw error;
    return new Map();
  }
}
