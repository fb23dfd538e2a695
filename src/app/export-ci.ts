// Workflows of forges for the pipeline of a repository.
import { dirname, join, relative } from "node:path";
import { bytesOfFile, entryAt, makeFolder, writeFileAtomically } from "#base/files.ts";
import { writeActions } from "#export/workflow/actions.ts";
import { HEADER, type Project } from "#export/workflow/jobs.ts";
import { writeWoodpecker } from "#export/workflow/woodpecker.ts";
import { pipeliteError } from "./errors.ts";
import { pipelineFile } from "./home.ts";

export const FORGES = ["github", "forgejo", "woodpecker"] as const;
export type Forge = (typeof FORGES)[number];

export interface ExportCi {
  forge: Forge;
  /** A pipeline.ts or its folder. */
  pipeline: string;
  /** The top of the repository. */
  root: string;
  branch: string;
}

/**
 * Begins of what a forge replaces in a workflow, whatever quotes are around it. GitHub: "Evaluate expressions in workflows and
 * actions"; Woodpecker: "Environment variables", String substitution, where `$$` stands for `$`.
 */
const EXPANDED: Readonly<Record<Forge, RegExp>> = {
  github: /\$\{\{/,
  forgejo: /\$\{\{/,
  woodpecker: /\$[{$]/,
};

/** Files of a forge: path in the repository -> text. @throws PipeliteError CI_PIPELINE_OUTSIDE, CI_NAME_EXPANDED */
export function workflowFiles({ forge, pipeline, root, branch }: ExportCi): Record<string, string> {
  const place = relative(root, pipeline);
  if (place.startsWith("..")) throw pipeliteError("CI_PIPELINE_OUTSIDE", { pipeline, folder: root });
  for (const [what, name] of Object.entries({ path: place, branch })) {
    const found = EXPANDED[forge].exec(name)?.[0];
    if (found !== undefined) throw pipeliteError("CI_NAME_EXPANDED", { forge, found, what, name });
  }
  const project: Project = { pipeline: place === "" ? undefined : place, branch };
  if (forge === "woodpecker") return writeWoodpecker(project);
  const { path, text } = writeActions(forge, project);
  return { [path]: text };
}

/**
 * @returns the files that were written, by their paths in the repository
 * @throws PipeliteError CI_FILE_FOREIGN, PIPELINE_NOT_FOUND, CI_PIPELINE_OUTSIDE, CI_NAME_EXPANDED
 */
export function exportCi(options: ExportCi): string[] {
  const { pipeline, root } = options;
  const files = workflowFiles(options);
  pipelineFile(pipeline);
  const placed = Object.entries(files).map(([path, text]) => ({ file: join(root, path), text }));
  for (const { file } of placed)
    if (entryAt(file) !== undefined && bytesOfFile(file)?.toString().includes(HEADER) !== true)
      throw pipeliteError("CI_FILE_FOREIGN", { file });
  for (const { file, text } of placed) {
    makeFolder(dirname(file));
    writeFileAtomically(file, text);
  }
  return Object.keys(files);
}
