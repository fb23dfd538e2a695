// `pipelite ci`: the jobs of continuous integration, here.
import { dirname } from "node:path";
import { JOB_NAMES } from "#app/job-names.ts";
import { EXIT } from "#base/errors.ts";
import { canonicalJson } from "#base/canonical-json.ts";
import { makeFolder, writeFileAtomically } from "#base/files.ts";
import { choice, command, optionalArgument, value } from "#cli/command.ts";
import { columnsOf, paintOf, pathOf, print, printJson, say, type ExitCode } from "#cli/context.ts";
import { openPlainView } from "#cli/run-view.ts";
import { formatTable } from "#cli/table.ts";
import { splitTarget } from "#cli/target.ts";

export const ci = command({
  brief: "Run the jobs of continuous integration here, as forges do",
  about: [
    "Each job builds in a home of its own, so nothing of before counts, and comes to `passed`, `failed` or `unavailable` with the " +
      "reason: what this machine can't do is never a pass. Another kind of processor is tried by qemu-user, another distribution in " +
      "a container.",
    "Exits with 1 when a job failed, with 4 when none passed. With --job it is one job, as a workflow of `pipelite export-ci` runs " +
      "it: an unavailable one exits with 0, since the report reads its result.",
  ],
  examples: [
    ["pipelite ci", "all jobs, and the report"],
    ["pipelite ci examples/hello --job nix", "one job, of another pipeline"],
    ["pipelite ci --job report --needs needs.json", "what other jobs found"],
  ],
  flags: {
    job: choice("JOB", JOB_NAMES, "This job alone"),
    needs: value("FILE", "What other jobs found: the context `needs` of a forge, or a folder of results"),
    result: value("FILE", "Write the result of the job to this file, in one line"),
  },
  args: [optionalArgument("PIPELINE", "pipeline.ts or its folder")],
  async run(context, flags, word): Promise<ExitCode> {
    const { runCi } = await import("#app/ci.ts");
    const { pipeline } = splitTarget(context, word === undefined ? [] : [word]);
    const view = openPlainView(context, { ...flags, quiet: flags.quiet || flags.json });
    const { job, needs, result } = flags;
    if (result !== undefined) makeFolder(dirname(pathOf(context, result)));
    const { results, report } = await runCi({
      pipeline,
      root: context.cwd,
      env: context.env,
      signal: context.interruption(),
      listener: view.listener,
      job,
      needs: needs === undefined ? undefined : pathOf(context, needs),
      onResult: (each) => {
        say(context, flags, `${each.job}: ${each.status}: ${each.reason}`);
        if (result !== undefined) writeFileAtomically(pathOf(context, result), `${canonicalJson(each)}\n`);
      },
    }).finally(() => view.close());
    const isWhole = job === undefined || job === "report";
    if (flags.json) printJson(context, isWhole ? { results, report } : { results });
    else {
      const paint = paintOf(context, flags);
      const style = { passed: "good", failed: "bad", unavailable: "faint" } as const;
      const shown = isWhole ? report.rows : results;
      const rows = shown.map(({ job: name, status, reason }) => [name, paint(status, style[status]), reason]);
      print(context, formatTable([["JOB", "STATUS", "WHY"], ...rows], { columns: columnsOf(context) }));
    }
    const hasFailed = isWhole
      ? report.status === "failed"
      : results.some(({ status }) => status === "failed");
    if (hasFailed) return EXIT.failed;
    return isWhole && report.counts.passed === 0 ? EXIT.unavailable : EXIT.ok;
  },
});
