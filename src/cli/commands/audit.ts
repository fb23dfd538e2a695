// `pipelite audit`: everything that a run states, computed again from its evidence; exit 0 only if all of it holds.
import { EXIT, type PipeliteError } from "#base/errors.ts";
import { endWith, homeOf, print, printJson, type Context, type GlobalFlags } from "#cli/context.ts";
import { auditRun, keepAudit, type AuditReport } from "#evidence/audit.ts";
import type { AuditStatus } from "#evidence/integrity.ts";
import { readJournal } from "#evidence/journal.ts";
import { openAudited } from "#release/deviations.ts";
import { readRunFile, recordProblem } from "#release/run-file.ts";
import { readRun } from "#run/records.ts";
import { cleanLine, formatCount } from "#view/format.ts";
import { createPaint, wantsColor, type Paint } from "#view/paint.ts";
import { pipeliteError } from "#release/errors.ts";

export interface AuditFlags extends GlobalFlags {
  jobs: number | undefined;
}

/** Of the lines that say what does not hold, as many are shown without --verbose. */
const SHOWN_MAX = 20;

export async function audit(context: Context, flags: AuditFlags, run = "latest"): Promise<void> {
  const home = homeOf(context, flags.store);
  const record = readRun(home, run);
  const paint = createPaint(wantsColor(flags.color, context.stdout));
  const signal = context.interruption();
  const report = await auditRun(home, record, {
    jobs: flags.jobs,
    signal,
    onProgress: ({ stage, state, done, total }) => {
      if (flags.quiet || flags.json || state === "started") return;
      context.stderr.write(`${stage} built again: ${WORDS[state]} (${done} of ${total})\n`);
    },
  }).catch((error: unknown) => {
    if (!signal.aborted) throw changedRecord(home, record.runId) ?? error;
    return undefined;
  });
  if (report === undefined) return endWith(context, EXIT.interrupted);
  if (flags.json) printJson(context, report);
  else print(context, describe(report, flags, paint));
  endWith(context, report.status === "holds" ? EXIT.ok : EXIT.verification);
  keepAudit(home, report);
  if (report.status === "fails") await openAudited(home, record.runId);
}

/** What is no longer a record at all can't be audited: that is what was found, whatever it was that did not go. */
function changedRecord(home: string, runId: string): PipeliteError | undefined {
  const run = readRunFile(home, runId);
  const problem = recordProblem(run, readJournal(home));
  return problem === undefined ? undefined : pipeliteError("RUN_RECORD_INVALID", { file: run.file, problem });
}

const WORDS: Record<AuditStatus, string> = {
  holds: "the same bytes",
  fails: "not the same",
  unavailable: "could not be told",
};

function describe(report: AuditReport, flags: AuditFlags, paint: Paint): string {
  const { claims, integrity, rebuilds, runId, status } = report;
  const problems = [
    ...integrity.map((finding) => ({ ...finding, name: finding.id })),
    ...rebuilds.map((finding) => ({ ...finding, name: `build of ${finding.stage}` })),
    ...claims.map((claim) => ({ ...claim, name: claim.id })),
  ].filter((each) => each.status !== "holds");
  const shown = flags.verbose ? problems : problems.slice(0, SHOWN_MAX);
  const style = { holds: "good", fails: "failure", unavailable: "warning" } as const;
  const lines = shown.map(
    (each) =>
      `${paint(each.status, style[each.status])}  ${paint(each.name, "name")}: ${cleanLine(each.reason ?? "")}`,
  );
  const held = claims.filter((claim) => claim.status === "holds").length;
  return [
    `${paint(status, style[status])}: ${held} of ${formatCount(claims.length, "claim")} of run ${runId}`,
    ...lines,
    ...(shown.length < problems.length
      ? [`${problems.length - shown.length} more; --verbose shows them`]
      : []),
    `  builds    ${tally(rebuilds)}`,
    `  evidence  ${tally(integrity)}`,
  ].join("\n");
}

function tally(findings: readonly { status: AuditStatus }[]): string {
  const count = (status: AuditStatus): number => findings.filter((each) => each.status === status).length;
  return (["holds", "fails", "unavailable"] as const)
    .filter((status) => status === "holds" || count(status) > 0)
    .map((status) => `${count(status)} ${status === "holds" ? "hold" : status === "fails" ? "fail" : status}`)
    .join(", ");
}
