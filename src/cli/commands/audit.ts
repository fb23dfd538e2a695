// `pipelite audit`: everything that a run states, computed again from its evidence; exit 0 only if all of it holds.
import { EXIT } from "#base/errors.ts";
import { formatCount } from "#base/numbers.ts";
import { command, value } from "#cli/command.ts";
import { paintOf, print, printJson, say, type GlobalFlags } from "#cli/context.ts";
import { parseCount, runArgument, sandboxFlag } from "#cli/flags.ts";
import { meansMatrix, openHomeOf, runNamedBy } from "#cli/run-argument.ts";
import type { AuditReport } from "#evidence/audit-file.ts";
import type { AuditStatus } from "#evidence/integrity.ts";
import { cleanLine } from "#view/format.ts";
import type { Paint } from "#view/paint.ts";

/** Of the lines that say what does not hold, as many are shown without --verbose. */
const SHOWN_MAX = 20;

export const audit = command({
  brief: "Compute everything a run claims again from its evidence",
  about: [
    "Believes nothing that the run says of itself. It makes the list of claims again, evaluates every formula over " +
      "evidence whose store paths it has just recomputed from the bytes, builds every derivation again in the " +
      "sandbox beside the store, and checks record and journal. What can't be told is unavailable, which is no pass.",
    "Exits with 0 if everything holds, else with 3; the report is kept with the run.",
  ],
  examples: [
    ["pipelite audit", "the latest run"],
    ["pipelite audit 20261121T035102123Z --jobs 1", "another one, by the start of its id"],
    ["pipelite audit matrix", "the table of the latest `run --matrix`, against the records of its runs"],
    ["pipelite audit --json", "every claim with its formula, evidence and status"],
  ],
  flags: {
    jobs: value("N", "Stages built again at a time (default: the cores of this machine)", {
      alias: "j",
      parse: parseCount,
    }),
    sandbox: sandboxFlag,
  },
  args: [runArgument],
  async run(context, flags, word) {
    if (meansMatrix(word))
      return (await import("#cli/matrix-text.ts")).auditMatrixCommand(context, flags, word);
    const app = await import("#app/audit.ts");
    const report = await app.audit(openHomeOf(context, flags), runNamedBy(context, word), {
      jobs: flags.jobs,
      sandbox: flags.sandbox,
      env: context.env,
      signal: context.interruption(),
      onProgress: ({ stage, state, done, total }) => {
        if (flags.quiet || flags.json || state === "started") return;
        say(context, flags, `${stage} built again: ${WORDS[state]} (${done} of ${total})`);
      },
    });
    if (report === undefined) return EXIT.interrupted;
    if (flags.json) printJson(context, report);
    else print(context, describe(report, flags, paintOf(context, flags)));
    return report.status === "holds" ? EXIT.ok : EXIT.verification;
  },
});

const WORDS: Record<AuditStatus, string> = {
  holds: "the same bytes",
  fails: "not the same",
  unavailable: "could not be told",
};

function describe(report: AuditReport, flags: GlobalFlags, paint: Paint): string {
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
      `${paint(each.status, style[each.status])}  ${paint(cleanLine(each.name), "name")}: ${cleanLine(each.reason ?? "")}`,
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
