// SLSA provenance v1 of one output of a run: the statement that others verify. Specification:
// https://slsa.dev/spec/v1.2/build-provenance. What stands in it is read from the record and from the store; what a verifier
// must not take from whoever asked for the build (externalParameters) is kept apart from what it can recompute.
import { readFileSync } from "node:fs";
import { hexDigestOf } from "#base/digest.ts";
import { hex } from "#base/bytes.ts";
import { memberAt } from "#base/strict-json.ts";
import type { Home } from "#home/home.ts";
import type { ReadRun } from "#home/runs.ts";
import type { RunRecord, StageRecord } from "#home/run-record.ts";
import { parseHash } from "#nix/hash.ts";
import { parseStorePath, storePathBase, type StorePath } from "#nix/store-path.ts";
import type { ResourceDigest, Statement } from "#sigstore/statement.ts";
import { openStore, type Store } from "#store/store.ts";
import { pipeliteError } from "./errors.ts";

export const PROVENANCE_TYPE = "https://slsa.dev/provenance/v1";
const BASE = "https://pipelite.dev";
export const BUILD_TYPE = `${BASE}/derivation/v1`;

/** Who built it: another kind of sandbox, or another engine, is another builder, since it promises something else. */
export function builderId({ engine, sandbox }: { engine: string; sandbox: string }): string {
  return `${BASE}/builder/${engine}-${sandbox}/v1`;
}

/** Who built what a statement is of, by its builder's id. */
export function builderOfStatement({ predicate }: Statement): { id: string; sandbox: string } {
  const found = memberAt(predicate, "runDetails", "builder", "id");
  const id = typeof found === "string" ? found : "";
  const [, sandbox = "unknown"] = /\/builder\/\w+-(\w+)\/v1$/.exec(id) ?? [];
  return { id, sandbox };
}

export interface Provenance {
  stage: string;
  outPath: string;
  statement: Statement;
}

/**
 * Provenance of the outputs of a run that were built, one for each stage.
 * @param stages only these
 * @throws PipeliteError PROVENANCE_MISSING for a stage that is asked for and has none; RECORD_CHANGED
 */
export function provenanceOf(home: Home, runId: string, stages: readonly string[]): Provenance[] {
  const run = home.runs.requireUnchanged(runId);
  const wanted = run.record.stages.filter(({ name }) => stages.length === 0 || stages.includes(name));
  const unknown = stages.find((name) => !wanted.some((stage) => stage.name === name));
  if (unknown !== undefined) throw missing(unknown, `the run ${runId} has no such stage`);
  using store = openStore(home.folder, { readOnly: true });
  return wanted.flatMap((stage) => {
    const { name, drvPath, outPath, narHash } = stage;
    if (drvPath === undefined || outPath === undefined || narHash === undefined) {
      if (stages.length === 0) return [];
      throw missing(name, `it has no output in the run ${runId}`);
    }
    return [
      {
        stage: name,
        outPath,
        statement: statementOf(home, store, run, { ...stage, drvPath, outPath, narHash }),
      },
    ];
  });
}

function missing(stage: string, problem: string): Error {
  return pipeliteError("PROVENANCE_MISSING", { stage, problem });
}

type Built = StageRecord & Required<Pick<StageRecord, "drvPath" | "outPath" | "narHash">>;

function statementOf(home: Home, store: Store, run: ReadRun, stage: Built): Statement {
  const { record } = run;
  const { name, drvPath, outPath, narHash } = stage;
  const builder = builderOf(home, run, stage);
  return {
    subject: [{ name: storePathBase(parseStorePath(outPath)), digest: narDigest(parseHash(narHash).bytes) }],
    predicateType: PROVENANCE_TYPE,
    predicate: {
      buildDefinition: {
        buildType: BUILD_TYPE,
        externalParameters: { derivation: storePathBase(parseStorePath(drvPath)) },
        internalParameters: { pipeline: record.pipeline, stage: name, parameters: record.params },
        resolvedDependencies: dependenciesOf(store, parseStorePath(drvPath)),
      },
      runDetails: {
        builder: {
          id: builderId(builder),
          ...(builder.by !== undefined && { version: versionOf(builder.by.host) }),
        },
        metadata: {
          ...(builder.by !== undefined && { invocationId: builder.by.runId }),
          ...(builder.startedOn !== undefined && { startedOn: builder.startedOn }),
          ...(builder.finishedOn !== undefined && { finishedOn: builder.finishedOn }),
        },
        byproducts: [
          { name: "run.json", digest: { sha256: sha256Of(run.digest) } },
          ...(stage.logDigest === undefined
            ? []
            : [{ name: "log", digest: { sha256: sha256Of(stage.logDigest) } }]),
          ...anchorOf(home, run),
        ],
      },
    },
  };
}

function versionOf({ pipelite, node, kernel }: RunRecord["host"]): Record<string, string> {
  return { pipelite, node, kernel };
}

interface Builder {
  engine: string;
  sandbox: string;
  /** Undefined where nobody here saw the build. */
  by?: RunRecord;
  startedOn?: string;
  finishedOn?: string;
}

const UNKNOWN = "unknown";

/** Of what an earlier run built, that run says how; of what came from elsewhere nobody here does. */
function builderOf(
  home: Home,
  { record }: ReadRun,
  { drvPath, outPath, builtInRun, status }: Built,
): Builder {
  const isOwn = status === "built" || builtInRun === record.runId;
  const by = isOwn
    ? record
    : builtInRun === undefined
      ? undefined
      : home.runs.intact([builtInRun])[0]?.record;
  const built = by?.stages.find(
    (stage) => stage.status === "built" && stage.drvPath === drvPath && stage.outPath === outPath,
  );
  if (by === undefined || built === undefined) return { engine: UNKNOWN, sandbox: UNKNOWN };
  const start = Date.parse(by.startedAt) + (built.startMs ?? Number.NaN);
  return {
    engine: by.engine,
    sandbox: by.sandbox.kind,
    by,
    ...(Number.isFinite(start) && {
      startedOn: new Date(start).toISOString(),
      finishedOn: new Date(start + built.durationMs).toISOString(),
    }),
  };
}

/** The derivation, and all that it could read: its inputs and what those refer to. */
function dependenciesOf(store: Store, drvPath: StorePath): ResourceDigest[] {
  const inputs = store.closure([drvPath]);
  return inputs.toSorted().map((path) => {
    const info = store.info(path);
    if (info === undefined) throw missing(storePathBase(path), "it is no longer in the store");
    const uri = { name: storePathBase(path), uri: path };
    return path === drvPath
      ? { ...uri, digest: { sha256: hexDigestOf(readFileSync(store.physical(path))) } }
      : { ...uri, digest: narDigest(info.narHash) };
  });
}

/** There is no registered name for the hash of a NAR: it stands under `sha256`, which every tool compares, and its own. */
function narDigest(narHash: Uint8Array): Record<string, string> {
  return { sha256: hex(narHash), narHash: hex(narHash) };
}

function sha256Of(digest: string): string {
  return digest.slice("sha256:".length);
}

/** The state of the log before the run: whoever has this statement holds the home to it. */
function anchorOf({ journal }: Home, { runId }: ReadRun): ResourceDigest[] {
  const { checkpoint } = journal.about("run", runId)[0] ?? {};
  if (checkpoint === undefined) return [];
  const root = hex(Buffer.from(checkpoint.root, "base64"));
  return [{ name: `checkpoint of ${checkpoint.size}`, digest: { sha256: root } }];
}
