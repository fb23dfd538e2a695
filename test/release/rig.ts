// A home with records of runs that never ran: what signatures, deviations and releases go by, and nothing else.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { digestOf } from "#base/digest.ts";
import { prettyJson } from "#base/canonical-json.ts";
import { writeFileAtomically, removeTree } from "#base/files.ts";
import type { Claim } from "#home/run-record.ts";
import { openHome } from "#home/home.ts";
import { RECORD_SCHEMA, type RunRecord, type StageRecord } from "#home/run-record.ts";
import type { AuditOfRun } from "#release/deviation.ts";
import { type SigningKey } from "#sigstore/index.ts";
import { generateKey } from "#keys/key-file.ts";

const STORE = "/nix/store";
/** Named by what `Home` puts there. */
export const TREE = `${STORE}/06kfiy682gpz8v2fh643lmgkbwlgwvdy-walk`;

export interface Person {
  name: string;
  key: SigningKey;
}

export function person(name: string): Person {
  return { name, key: generateKey() };
}

export class Home implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "pipelite-release-"));
  readonly handle = openHome(this.path);
  #runs = 0;

  constructor() {
    mkdirSync(join(this.path, TREE, "evidence"), { recursive: true });
    writeFileSync(join(this.path, TREE, "evidence/claims.json"), "[]\n");
  }

  file(name: string): string {
    return join(this.path, "pipelite", name);
  }

  read(name: string): string {
    return readFileSync(this.file(name), "utf8");
  }

  /** Writes a record and its line in the journal, as a run does at its end. */
  addRun(own: Partial<RunRecord> = {}): RunRecord {
    this.#runs += 1;
    const record = recordOf({ runId: `20260101T0000000${10 + this.#runs}Z-abcdef`, ...own });
    const text = prettyJson(record);
    writeFileAtomically(this.file(`runs/${record.runId}.json`), text);
    const file = `runs/${record.runId}.json`;
    this.handle.journal.append({ kind: "run", subject: record.runId, file, digest: digestOf(text) });
    return record;
  }

  /** A run that had nothing to do and repeats another. */
  addRepeat({ runId: of }: RunRecord): string {
    const runId = of.replace(/-\w+$/, "-ffffff");
    const digest = digestOf(this.read(`runs/${of}.json`));
    const own = { runId, startedAt: "2026-01-02T00:00:00.000Z", durationMs: 1 };
    this.handle.runs.repeat(own, { runId: of, digest });
    return runId;
  }

  audit({ runId }: RunRecord, own: Partial<AuditOfRun> = {}): AuditOfRun {
    const recordDigest = digestOf(this.read(`runs/${runId}.json`));
    const claims = [{ id: "audio/nar-hash", status: "holds" }] as const;
    return { runId, recordDigest, auditedAt: "2026-01-03T00:00:00.000Z", status: "holds", claims, ...own };
  }

  addAudit(record: RunRecord, own: Partial<AuditOfRun> = {}): void {
    const { recordDigest: _, sandbox = "bubblewrap", claims, ...rest } = this.audit(record, own);
    const whole = claims.map((claim) => ({ ...checkOf(claim.id, ""), stated: "recorded", ...claim }));
    const text = prettyJson({ ...rest, sandbox, claims: whole, integrity: [], rebuilds: [] });
    const file = `audits/${record.runId}.json`;
    writeFileAtomically(this.file(file), text);
    this.handle.journal.append({ kind: "audit", subject: record.runId, file, digest: digestOf(text) });
  }

  /** Everything below `<home>/pipelite`, by name. */
  files(): Map<string, string> {
    const folder = this.file("");
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    const names = entries
      .filter((entry) => entry.isFile() && entry.name !== "seal.lock")
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length));
    return new Map(names.toSorted().map((name) => [name, this.read(name)]));
  }

  /** A copy that can be spoiled. */
  copy(): Home {
    const other = new Home();
    cpSync(this.path, other.path, { recursive: true });
    return other;
  }

  write(name: string, content: string | Uint8Array): void {
    mkdirSync(dirname(this.file(name)), { recursive: true });
    writeFileSync(this.file(name), content);
  }

  [Symbol.dispose](): void {
    removeTree(this.path);
  }
}

export function recordOf(own: Partial<RunRecord> & { runId: string }): RunRecord {
  return {
    schema: RECORD_SCHEMA,
    pipeline: "walk",
    pipelineFile: "/nonexistent/walk/pipeline.ts",
    startedAt: "2026-01-01T00:00:00.000Z",
    finishedAt: "2026-01-01T00:00:01.000Z",
    durationMs: 1000,
    status: "passed",
    engine: "embedded",
    sandbox: { kind: "bubblewrap", version: "0.8.0", tried: [] },
    params: {},
    host: { system: "x64-linux", kernel: "6", cores: 2, node: "26", pipelite: "0" },
    tree: TREE,
    evidenceOfRun: own.runId,
    stages: [stageOf("audio")],
    materials: [],
    results: {},
    counts: { built: 1, cached: 0, substituted: 0, failed: 0, skipped: 0, cancelled: 0 },
    claims: [checkOf("audio/frequency", "passed")],
    ...own,
  };
}

export function stageOf(name: string, own: Partial<StageRecord> = {}): StageRecord {
  return {
    name,
    kind: "stage",
    status: "built",
    place: "pipeline.ts:1:1",
    inputs: [],
    drvPath: `${STORE}/1c2mhvwzgqjd2p8gjwjsrgsg6v7bw7mg-${name}.drv`,
    outPath: `${STORE}/2c2mhvwzgqjd2p8gjwjsrgsg6v7bw7mg-${name}`,
    durationMs: 1,
    ...own,
  };
}

export function checkOf(id: string, status: string): Claim {
  const evidence = [`${STORE}/2c2mhvwzgqjd2p8gjwjsrgsg6v7bw7mg-audio/verdict.json#/checks/0/value`];
  return { id, kind: "check", statement: `The check ${id}`, value: 1, formula: "$1", evidence, status };
}
