// The batch record (what was done, field by field), the master record (what was to be done) and the deviations, as data.
import type { ClauseEvidence } from "./clauses.ts";
import { evidenceFor } from "./clauses.ts";
import { claimsByName, figureOf, identifier } from "./facts.ts";
import type { ClaimFigure, Identifier } from "./facts.ts";
import type { Deviation } from "#release/deviation.ts";
import type { DocumentInput } from "./input.ts";
import { MAPPINGS } from "./mappings.ts";

export interface RunHead {
  run: Identifier;
  pipeline: Identifier;
  started: ClaimFigure[];
  verdict: ClaimFigure[];
}

/** What every document begins with. */
export function headOf({ record }: DocumentInput): RunHead {
  const claims = claimsByName(record);
  return {
    run: identifier(record.runId, "run.json#/runId"),
    pipeline: identifier(record.pipeline, "run.json#/pipeline"),
    started: claims.matching("run/started-at").map(figureOf),
    verdict: [...claims.matching("run/status"), ...claims.matching("run/passed")].map(figureOf),
  };
}

export interface BatchRecord extends RunHead {
  document: "executed batch record";
  wording: string;
  standard: ReturnType<typeof evidenceFor>["standard"];
  fields: ClauseEvidence[];
}

export function batchRecordOf(input: DocumentInput): BatchRecord {
  const { standard, clauses } = evidenceFor(MAPPINGS.batchRecord, input);
  return { document: "executed batch record", wording: WORDING, ...headOf(input), standard, fields: clauses };
}

export const WORDING =
  "Evidence for a reviewer, computed from what ran. Whether a requirement is met is decided by persons.";

export interface MasterStage {
  name: Identifier;
  kind: string;
  place: Identifier;
  derivation?: Identifier;
  inputs: Identifier[];
  system?: Identifier;
  builder?: Identifier;
  /** Tools, code and sources that no stage made. */
  reads: Identifier[];
  parameters: { name: Identifier; value: Identifier }[];
}

export interface MasterRecord {
  document: "master record";
  pipeline: Identifier;
  parameters: ClaimFigure[];
  stages: MasterStage[];
  materials: { name: Identifier; path: Identifier; figures: ClaimFigure[] }[];
  /** Every check that has a limit, with it. */
  limits: ClaimFigure[];
}

/** @param stagesMax only the first ones, for a page that lists no more */
export function masterRecordOf(input: DocumentInput, stagesMax?: number): MasterRecord {
  const { record, derivations } = input;
  const claims = claimsByName(record);
  const byStage = new Map(derivations.map((each) => [each.stage, each]));
  return {
    document: "master record",
    pipeline: identifier(record.pipeline, "run.json#/pipeline"),
    parameters: claims.matching("run/param/*").map(figureOf),
    stages: record.stages.slice(0, stagesMax).map((stage, index) => {
      const at = `run.json#/stages/${index}`;
      const derivation = byStage.get(stage.name);
      const path = stage.graphDrvPath ?? stage.drvPath;
      const from = stage.graphDrvPath === undefined ? "drvPath" : "graphDrvPath";
      return {
        name: identifier(stage.name, `${at}/name`),
        kind: stage.kind,
        place: identifier(stage.place, `${at}/place`),
        ...(path !== undefined && { derivation: identifier(path, `${at}/${from}`) }),
        inputs: stage.inputs.map((name, input_) => identifier(name, `${at}/inputs/${input_}`)),
        ...(derivation && {
          system: identifier(derivation.system, `${derivation.drvPath}#/system`),
          builder: identifier(derivation.builder, `${derivation.drvPath}#/builder`),
        }),
        reads: (derivation?.sources ?? []).map((source) =>
          identifier(source, `${derivation?.drvPath}#/inputSrcs`),
        ),
        parameters: (derivation?.parameters ?? []).map(({ pointer, value }) => {
          const source = `${derivation?.drvPath}#/params${pointer}`;
          return { name: identifier(pointer, source), value: identifier(String(value), source) };
        }),
      };
    }),
    materials: record.materials.map(({ name, path }, index) => ({
      name: identifier(name, `run.json#/materials/${index}/name`),
      path: identifier(path, `run.json#/materials/${index}/path`),
      figures: claims.matching(`material/${name}/*`).map(figureOf),
    })),
    limits: claims
      .checks()
      .filter(({ limit }) => limit !== undefined)
      .map(figureOf),
  };
}

interface DeviationEntry {
  deviation: Identifier;
  kind: string;
  severity: Deviation["severity"];
  severityReason: Identifier;
  statement: Identifier;
  state: string;
  disposition?: string;
  /** How many earlier runs departed in the same way. */
  recurrence: Identifier;
  claims: ClaimFigure[];
  moves: { to: string; reason: Identifier; signer: Identifier; at: Identifier }[];
}

export function deviationsDocument(input: DocumentInput): RunHead & {
  document: "deviations";
  deviations: DeviationEntry[];
} {
  const claims = claimsByName(input.record);
  return {
    document: "deviations",
    ...headOf(input),
    deviations: input.deviations.map((deviation) => {
      const mark = (text: string, member: string) => identifier(text, `deviations#${deviation.id}/${member}`);
      const { kind, severity, state, disposition, history } = deviation;
      return {
        deviation: mark(deviation.id, "id"),
        kind,
        severity,
        severityReason: mark(deviation.severityReason, "severityReason"),
        statement: mark(deviation.statement, "statement"),
        state,
        ...(disposition !== undefined && { disposition }),
        recurrence: mark(String(deviation.recurrence), "recurrence"),
        claims: deviation.claims.flatMap((each) => claims.get(each) ?? []).map(figureOf),
        moves: history.map(({ to, reason, signer, at }, index) => ({
          to,
          reason: mark(reason, `history/${index}/reason`),
          signer: mark(signer, `history/${index}/signer`),
          at: mark(at, `history/${index}/at`),
        })),
      };
    }),
  };
}
