// Provenance of a run: what it says, and as files that others verify.
import { join } from "node:path";
import { documentJson } from "#base/canonical-json.ts";
import { makeFolder, writeFileAtomically } from "#base/files.ts";
import type { Home } from "#home/home.ts";
import type { WhichRun } from "#home/runs.ts";
import { writeBundle, type Statement } from "#sigstore/index.ts";
import { builderOfStatement, provenanceOf } from "#supply/provenance.ts";
import { assessSlsa, SANDBOXES, type SlsaAssessment } from "#supply/slsa.ts";
import { attestBy, type AttestationSigner } from "./attest.ts";

export interface ProvenanceRequest {
  home: Home;
  which: WhichRun;
  stages: readonly string[];
  signer: AttestationSigner;
  /** Where the bundles go, with what is needed to verify them; nothing is signed without it. */
  out: string | undefined;
  signal: AbortSignal;
}

export interface ProvenanceOfRun {
  runId: string;
  outputs: { stage: string; outPath: string; builder: string; statement: Statement; file?: string }[];
  slsa: SlsaAssessment;
  /** What was written beside the bundles. */
  files: string[];
}

/** @throws PipeliteError RUN_NOT_FOUND, RECORD_CHANGED, PROVENANCE_MISSING, and what `attestBy` throws */
export async function provenance(request: ProvenanceRequest): Promise<ProvenanceOfRun> {
  const { home, which, stages, out } = request;
  const { runId } = home.runs.find(which);
  const found = provenanceOf(home, runId, stages);
  const outputs = found.map((each) => ({ ...each, builder: builderOfStatement(each.statement) }));
  const sandboxes = outputs.map(({ builder }) => builder.sandbox);
  const slsa = assessSlsa({ isSigned: out !== undefined, sandboxes });
  const shown = outputs.map(({ builder, ...each }) => ({ ...each, builder: builder.id }));
  if (out === undefined) return { runId, outputs: shown, slsa, files: [] };
  const statements = found.map(({ statement }) => statement);
  const { bundles, trust, files } = await attestBy(home, statements, request.signer, request.signal);
  makeFolder(out);
  const write = (name: string, content: string): string => {
    writeFileAtomically(join(out, name), content, { flush: true });
    return name;
  };
  const written = shown.map((each, index) => {
    const bundle = bundles[index];
    if (bundle === undefined) throw new Error("each statement has a bundle");
    return { ...each, file: write(`${each.stage}.sigstore.json`, writeBundle(bundle)) };
  });
  const whom = {
    version: 1,
    // A builder that keeps stages from nothing is named by whoever wants to believe it, and by nobody else.
    builders: [
      ...new Set(
        outputs.filter(({ builder }) => SANDBOXES.includes(builder.sandbox)).map(({ builder }) => builder.id),
      ),
    ],
    ...trust,
  };
  const beside = Object.entries({ ...files, "trust.json": documentJson(whom) });
  return { runId, outputs: written, slsa, files: beside.map(([name, content]) => write(name, content)) };
}
