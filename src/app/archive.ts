// The archive of a run: one file from which it can be verified and built again; and a home made of such a file.
import { entryAt, isSpecial } from "#base/files.ts";
import type { Variables } from "#base/environment.ts";
import { pipeliteError } from "#archive/errors.ts";
import { gatherMembers } from "#archive/gather.ts";
import { openArchive, type OpenedArchive, type OpenOptions } from "#archive/open.ts";
import { writeArchive, type Written } from "#archive/write.ts";
import type { Home } from "#home/home.ts";
import { TransparencyLog } from "#home/log.ts";
import type { WhichRun } from "#home/runs.ts";
import { layoutOf } from "#store/layout.ts";
import { openStore } from "#store/store.ts";
import { attestationsFolder, attestRun, readBundles } from "#supply/attestations.ts";
import { builderKey } from "#supply/attest.ts";
import { personBy, type AttestationSigner } from "./attest.ts";
import { archiveSources } from "./archive-sources.ts";
import { ownProgram } from "./own-program.ts";
import { verify } from "./verify.ts";

export interface ArchiveRequest {
  home: Home;
  which: WhichRun;
  out: string;
  /** Who signs the sums of its files; default: the key of the home. */
  signer: AttestationSigner;
  env: Variables;
  signal: AbortSignal;
  onMember: (done: number, total: number) => void;
}

export interface Archived extends Written {
  runId: string;
  file: string;
  files: number;
  /** Of the store. */
  paths: number;
  /** Whether the source files are in it, or why not. */
  sources: string;
}

/**
 * Only what verifies is archived. Outputs that nobody has attested yet are, by the key of the home.
 * @returns undefined when the signal was aborted
 * @throws PipeliteError ARCHIVE_NO_FILE, RUN_NOT_FOUND, ARCHIVE_RUN_UNSOUND, ARCHIVE_PROGRAM_MISSING, those of the log, and what the system says of `out`
 */
export async function archiveRun(request: ArchiveRequest): Promise<Archived | undefined> {
  const { home, which, out, signer, env, signal, onMember } = request;
  if (isSpecial(out)) throw pipeliteError("ARCHIVE_NO_FILE", { file: out });
  const { runId } = home.runs.find(which);
  const verified = verify({
    home,
    target: { form: "run", which: { word: runId } },
    keyFiles: undefined,
    policyFile: undefined,
    trustFile: undefined,
    bundles: undefined,
    summary: undefined,
  });
  const problem = verified.checks.find(({ status }) => status === "fails");
  if (problem !== undefined)
    throw pipeliteError("ARCHIVE_RUN_UNSOUND", { run: runId, problem: `${problem.what}: ${problem.detail}` });
  const run = home.runs.requireUnchanged(runId);
  if (readBundles(home.pathOf(attestationsFolder(runId))).length === 0) await attestRun(home, runId);
  const isOfHome = signer.by === "key" && signer.key === undefined;
  const person = personBy(isOfHome ? { ...signer, key: builderKey(home) } : signer, signal);
  await new TransparencyLog(home).publish();
  using store = openStore(home.folder, { readOnly: true });
  const sources = archiveSources(home, run);
  const program = ownProgram(layoutOf(home.folder).buildsDir, env);
  const members = await gatherMembers({ home, store, run, program, sources, person });
  try {
    const written = await writeArchive(out, members, {
      run: runId,
      signal,
      onMember: (done) => onMember(done, members.length),
    });
    const paths = members.filter(({ name }) => name.startsWith("store/nar/")).length;
    const told = typeof sources === "string" ? sources : "as the run read them";
    return { runId, file: out, files: members.length, paths, sources: told, ...written };
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

/** @returns undefined when the signal was aborted. @throws as `openArchive` */
export async function openHomeFrom(
  file: string,
  home: string,
  options: OpenOptions,
): Promise<OpenedArchive | undefined> {
  try {
    return await openArchive(file, home, options);
  } catch (error) {
    if (options.signal.aborted && entryAt(home) === undefined) return undefined;
    throw error;
  }
}
