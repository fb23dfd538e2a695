// What the home keeps of the builds of a run: the log of each stage, by its digest, and its row in the table of builds.
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { digestOf } from "#base/digest.ts";
import { hexDigestOfFile } from "#base/file-pieces.ts";
import { bytesOfFile } from "#base/files.ts";
import { readBuild } from "#home/builds.ts";
import type { Home } from "#home/home.ts";
import { Retention } from "#home/retention.ts";
import type { RunRecord } from "#home/run-record.ts";
import { fails, holds, unavailable, type IntegrityFinding } from "./integrity.ts";

/** The log of each stage, and its row in the table of builds. */
export function checkBuilds(home: Home, record: RunRecord): IntegrityFinding[] {
  const { stages, runId, tree } = record;
  const retention = new Retention(home);
  return stages.flatMap((stage) => {
    const { name, drvPath, outPath, logDigest, usage, builtInRun = runId } = stage;
    if (drvPath === undefined) return [];
    const row = readBuild(home.layout, drvPath);
    const isLater = row !== undefined && row.runId !== builtInRun;
    const findings: IntegrityFinding[] = [];
    if (logDigest !== undefined)
      findings.push(checkLog(home, retention, { name, drvPath, logDigest, isLater, tree }));
    const id = `build/${name}`;
    const place = `builds.sqlite, the row of ${drvPath}`;
    if (row === undefined || outPath === undefined) return findings;
    if (row.outPath !== outPath)
      findings.push(fails(id, `${place}: its output is ${row.outPath}, run.json says ${outPath}`));
    else if (!isLater && usage !== undefined && !isDeepStrictEqual(row.usage, usage))
      findings.push(fails(id, `${place}: its figures are not those of run.json`));
    else findings.push(holds(id));
    return findings;
  });
}

interface Log {
  name: string;
  drvPath: string;
  logDigest: string;
  /** The stage was built again since, which replaces its log. */
  isLater: boolean;
  tree: string | undefined;
}

function checkLog(home: Home, retention: Retention, log: Log): IntegrityFinding {
  const { name, drvPath, logDigest, isLater, tree } = log;
  const id = `log/${name}`;
  const file = home.logOf(drvPath);
  if (file === undefined) {
    const removal = retention.log(drvPath, logDigest);
    const what = `the log of ${name}, of ${drvPath},`;
    if (removal === undefined && !isLater)
      return fails(id, `${what} is gone, and the journal has no retention that removed it`);
    const copy = tree && bytesOfFile(join(home.physical(tree), "evidence/logs", `${name}.log`));
    if (copy && digestOf(copy) === logDigest) return holds(id);
    return unavailable(
      id,
      removal === undefined
        ? `${what} is gone`
        : `${what} was removed by retention on ${removal.removedAt} (${removal.file})`,
    );
  }
  if (`sha256:${hexDigestOfFile(file)}` === logDigest) return holds(id);
  return isLater
    ? unavailable(id, `the log of ${name} is that of a later build`)
    : fails(id, `the log of ${name}, ${file}, is not the one that run.json has the digest of`);
}
