// The deviations of a run: what the rules find now, and what was opened before. Once opened, a deviation stays: an audit
// that holds later does not take away that one failed.
import { canonicalJson, documentJson } from "#base/canonical-json.ts";
import { EXIT, isPipeliteError } from "#base/errors.ts";
import { digestOf, hexDigestOf } from "#base/digest.ts";
import * as shape from "#base/shape.ts";
import { parseStrictJson } from "#base/strict-json.ts";
import type { Home } from "#home/home.ts";
import type { RunRecord } from "#home/run-record.ts";
import { signStatement, writeBundle, type SigningKey } from "#sigstore/index.ts";
import type {
  AuditFinding,
  Deviation,
  RuleFinding,
  Severity,
  DeviationSignal,
  Transition,
} from "./deviation.ts";
import { findingsOf, type FindingSources } from "./findings.ts";
import { timeToSign } from "./said.ts";
import { severityOf } from "./severity.ts";
import { checkName } from "./names.ts";
import { checkReason } from "./signatures.ts";
import { readStoredAudit } from "./stored-audit.ts";
import { checkMove } from "./states.ts";
import { readTransitions, transitionStatement, type OpeningFile } from "./transitions.ts";
import { pipeliteError } from "./errors.ts";

const ID_DIGITS = 12;

/** The same for the same run, kind and fingerprint. */
export function deviationId(
  runId: string,
  { kind, fingerprint }: Pick<RuleFinding, "kind" | "fingerprint">,
): string {
  const digest = hexDigestOf(canonicalJson([runId, kind, fingerprint]));
  return `D-${digest.slice(0, ID_DIGITS)}`;
}

export interface DeviationSources extends FindingSources {
  /** Found before, and opened. */
  opened?: readonly RuleFinding[] | undefined;
  /** The same of earlier runs, by run: audits and signals of those are known by what they opened alone. */
  openedEarlier?: ReadonlyMap<string, readonly RuleFinding[]> | undefined;
  /** The moves of a deviation, by its id. */
  historyOf?: ((id: string) => Transition[]) | undefined;
}

/** The deviations of a run, the most severe first. Pure. */
export function deviationsOf(all: DeviationSources): Deviation[] {
  const { opened = [], historyOf = () => [], ...sources } = all;
  const { record } = sources;
  const found = new Map<string, RuleFinding>();
  for (const finding of [...opened, ...findingsOf(sources)]) {
    const id = deviationId(record.runId, finding);
    if (!found.has(id)) found.set(id, finding);
  }
  const before = findingsBefore(all);
  const deviations = [...found].map(([id, finding]): Deviation => {
    const key = deviationId("", finding);
    const recurrence = before.filter((ids) => ids.has(key)).length;
    const { severity, reason: severityReason } = severityOf(finding, recurrence);
    const history = historyOf(id);
    const disposition = history.findLast((each) => each.disposition !== undefined)?.disposition;
    return {
      ...finding,
      id,
      runId: record.runId,
      severity,
      severityReason,
      state: history.at(-1)?.to ?? "open",
      ...(disposition !== undefined && { disposition }),
      history,
      recurrence,
    };
  });
  return deviations.toSorted((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
}

/** For each earlier run, what it departed in, by kind and fingerprint. */
function findingsBefore({ earlier = [], openedEarlier }: DeviationSources): Set<string>[] {
  return earlier.map((run) => {
    const others = earlier.filter(({ runId }) => runId < run.runId);
    const found = findingsOf({ record: run, earlier: others });
    return new Set([...found, ...(openedEarlier?.get(run.runId) ?? [])].map((each) => deviationId("", each)));
  });
}

const ORDER = ["critical", "major", "minor"];

export interface MoreSources {
  /** Default: the stored audit of this run, if it is of the record as it is. */
  audit?: AuditFinding | undefined;
  signals?: readonly DeviationSignal[] | undefined;
}

/**
 * The deviations of a run with their histories, from what is stored; writes nothing.
 * @throws PipeliteError DEVIATION_HISTORY_BROKEN, JOURNAL_BROKEN
 */
export function readDeviations(
  home: Home,
  record: Pick<RunRecord, "runId">,
  { audit, signals }: MoreSources = {},
): Deviation[] {
  const run = home.runs.read(record.runId);
  home.journal.requireWhole();
  const openings = readOpenings(home, run.runId);
  const { keys } = home.keyring;
  const earlier = home.runs.before(run.record);
  const openedEarlier = new Map(
    earlier.map(({ runId }) => [
      runId,
      [...readOpenings(home, runId).values()].map(({ finding }) => finding),
    ]),
  );
  return deviationsOf({
    record: run.record,
    audit: audit ?? readStoredAudit(home, run),
    signals,
    earlier,
    openedEarlier,
    opened: [...openings.values()].map(({ finding }) => finding),
    historyOf(deviation) {
      const opening = openings.get(deviation);
      if (opening === undefined) return [];
      return readTransitions({ home, run, deviation, opening, keys }).history;
    },
  });
}

/** Writes down what opened by itself and is not on disk yet, each with a line in the journal; gives all of them. */
export function openDeviations(
  home: Home,
  record: Pick<RunRecord, "runId">,
  more: MoreSources = {},
): Promise<Deviation[]> {
  return home.sealed.withLock(() => openLocked(home, record.runId, more));
}

/**
 * Opens what an audit found, so that a later one can't take it back. Where record or journal are not what was written
 * nothing can be opened over them: the audit itself says so.
 */
export async function openAudited(home: Home, runId: string): Promise<void> {
  try {
    await openDeviations(home, { runId });
  } catch (error) {
    if (!isPipeliteError(error) || error.exitCode !== EXIT.verification) throw error;
  }
}

function openLocked(home: Home, runId: string, more: MoreSources): Deviation[] {
  const run = home.runs.requireUnchanged(runId);
  const known = readOpenings(home, runId);
  const deviations = readDeviations(home, run.record, more);
  for (const { id, kind, fingerprint, statement, claims, severity, severityReason } of deviations) {
    if (known.has(id)) continue;
    const opening: Opened = {
      runId,
      recordDigest: run.digest,
      kind,
      fingerprint,
      statement,
      claims,
      severity,
      severityReason,
    };
    home.sealed.seal({
      kind: "transition",
      subject: runId,
      file: openingFile(id),
      content: documentJson(opening),
    });
  }
  return deviations;
}

/** What is written down when a deviation opens. */
interface Opened extends RuleFinding {
  runId: string;
  recordDigest: string;
  severity: Severity;
  severityReason: string;
}

const OPENED = shape.object<Opened>({
  runId: shape.text,
  recordDigest: shape.digest,
  kind: shape.oneOf(
    "failed-check",
    "failed-stage",
    "inconclusive-check",
    "retry",
    "sandbox-downgrade",
    "not-reproduced",
    "out-of-control",
  ),
  fingerprint: shape.text,
  statement: shape.text,
  claims: shape.list(shape.text),
  severity: shape.oneOf("critical", "major", "minor"),
  severityReason: shape.text,
});

function openingFile(id: string): string {
  return `deviations/${id}/opened.json`;
}

type Opening = OpeningFile & { finding: RuleFinding };

/** @throws PipeliteError DEVIATION_HISTORY_BROKEN */
function readOpenings(home: Home, runId: string): Map<string, Opening> {
  const openings = new Map<string, Opening>();
  for (const { file } of home.journal.about("transition", runId)) {
    const deviation = /^deviations\/(D-[0-9a-f]+)\/opened\.json$/.exec(file)?.[1];
    if (deviation === undefined) continue;
    const { text, problem } = home.sealed.read(file);
    const broken = (why: string) =>
      pipeliteError("DEVIATION_HISTORY_BROKEN", { deviation, file, problem: why });
    if (problem !== undefined || text === undefined) throw broken(problem ?? "the file is gone");
    let opened: Opened;
    try {
      opened = shape.requireShape(OPENED, parseStrictJson(text));
    } catch (error) {
      throw broken(error instanceof Error ? error.message : String(error));
    }
    const { kind, fingerprint, statement, claims } = opened;
    const finding = { kind, fingerprint, statement, claims };
    openings.set(deviation, { file, digest: digestOf(text), finding });
  }
  return openings;
}

/** The run that a deviation is of; undefined when none of that id was opened. */
export function runOfDeviation(home: Home, id: string): string | undefined {
  const file = openingFile(id);
  return home.journal.entries.find((entry) => entry.kind === "transition" && entry.file === file)?.subject;
}

export interface MoveDeviation {
  home: Home;
  id: string;
  to: string;
  disposition?: string | undefined;
  reason: string;
  /** Printed name of the signer. */
  name: string;
  key: SigningKey;
}

/**
 * Moves an opened deviation to another state, by a signature.
 * @throws PipeliteError DEVIATION_NOT_FOUND, DEVIATION_HISTORY_BROKEN, RECORD_CHANGED, SIGNER_INVALID, and what
 * `checkMove` throws
 */
export async function moveDeviation(options: MoveDeviation): Promise<Deviation> {
  const { home, id: deviation, to, disposition, reason, name, key } = options;
  checkName(name);
  checkReason(reason);
  const runId = runOfDeviation(home, deviation);
  if (runId === undefined) throw pipeliteError("DEVIATION_NOT_FOUND", { deviation });
  return home.sealed.withLock(() => {
    home.journal.requireWhole();
    const run = home.runs.requireUnchanged(runId);
    const opening = readOpenings(home, run.runId).get(deviation);
    if (opening === undefined) throw pipeliteError("DEVIATION_NOT_FOUND", { deviation });
    const { keys } = home.keyring;
    const { history, last } = readTransitions({ home, run, deviation, opening, keys });
    const move = checkMove({ from: history.at(-1)?.to ?? "open", to, disposition, reason });
    const statement = transitionStatement({
      run,
      deviation,
      opening,
      move,
      number: history.length + 1,
      previous: last,
      signer: { name, keyId: key.publicKey.keyId },
      signedAt: timeToSign(run),
      journalHead: home.journal.head(),
    });
    home.keyring.keep(key.publicKey);
    home.sealed.seal({
      kind: "transition",
      subject: runId,
      file: home.sealed.nextIn(`deviations/${deviation}`),
      content: writeBundle(signStatement(statement, key)),
    });
    const moved = readDeviations(home, run.record).find(({ id }) => id === deviation);
    if (moved === undefined) throw pipeliteError("DEVIATION_NOT_FOUND", { deviation });
    return moved;
  });
}
