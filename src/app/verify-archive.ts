// Verification of an archive: taken apart into a home of its own for as long as that takes, and the run in there verified as any.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readNamedText, removeTree } from "#base/files.ts";
import { formatCount } from "#base/numbers.ts";
import { unpackArchive, type OpenedArchive } from "#archive/open.ts";
import { removeLeftovers } from "#engine/embedded.ts";
import { openHome } from "#home/home.ts";
import { layoutOf } from "#store/layout.ts";
import { builderKey } from "#supply/attest.ts";
import { holds, worstOf, type Finding } from "#supply/finding.ts";
import { parseTrust } from "#supply/trust.ts";
import { verifySigner } from "#supply/verify.ts";
import { verify, type VerifiedTarget, type VerifyRequest } from "./verify.ts";

/**
 * The archive, and then the run that it is of; of a run that is not in it, or whose archive is not whole, nothing is said.
 * @returns undefined when the signal was aborted
 * @throws PipeliteError those of archives, and of `verify`
 */
export async function verifyArchive(
  file: string,
  request: Omit<VerifyRequest, "target">,
  signal: AbortSignal,
): Promise<VerifiedTarget | undefined> {
  const { buildsDir } = layoutOf(request.home.folder);
  removeLeftovers(request.home.folder);
  mkdirSync(buildsDir, { recursive: true });
  const folder = mkdtempSync(join(buildsDir, `${process.pid}-archive-`));
  const unpacked = join(folder, "home");
  try {
    const opened = await unpackArchive(file, unpacked, { signal });
    const home = openHome(unpacked);
    const target = { form: "run", which: { word: opened.manifest.run } } as const;
    // The key of a home that is gone a moment later would say nothing.
    const { summary } = request;
    const signed = summary && { ...summary, key: summary.key ?? builderKey(request.home) };
    const verified = verify({ ...request, summary: signed, home, target });
    const own = [...findingsOf(opened), ...signatureFindings(opened, request.trustFile)];
    // Of an archive that is not theirs nothing is summed up.
    if (summary !== undefined && worstOf(own) !== "holds") rmSync(summary.file, { force: true });
    const status = worstOf([...own, { what: "run", status: verified.status, detail: "" }]);
    return { ...verified, status, checks: [...own, ...verified.checks] };
  } catch (error) {
    // A summary of before must not stand for what could not even be read.
    if (request.summary !== undefined) rmSync(request.summary.file, { force: true });
    if (signal.aborted) return undefined;
    throw error;
  } finally {
    removeTree(folder);
  }
}

/** Who signed for all files: README, program and sources, too, of which nothing else tells whose they are. */
function signatureFindings({ signature }: OpenedArchive, trustFile: string | undefined): Finding[] {
  const what = "archive signature";
  if (trustFile === undefined)
    return [holds(what, `by the key ${signature.keyId}, which the archive itself brings`)];
  const trust = parseTrust(readNamedText(trustFile), trustFile);
  // It is in no log: an archive would have to be in itself.
  const { timestamps: _, ...asked } = { ...trust, logs: [], witnesses: [] };
  return verifySigner(signature, asked).findings.map((each) => ({ ...each, what: `${what}: ${each.what}` }));
}

function findingsOf({ files, paths }: OpenedArchive): VerifiedTarget["checks"] {
  return [
    holds(
      "archive",
      `${formatCount(files, "file")}, each with the hash that SHA256SUMS says, and nothing else`,
    ),
    holds(
      "closure",
      `${formatCount(paths, "path")}, each with the hash of its NAR; nothing of the run is missing`,
    ),
  ];
}
