// What `import "pipelite"` gives: defining pipelines, and nothing else.
export {
  answer,
  command,
  fetch,
  gate,
  out,
  param,
  pipeline,
  source,
  stage,
  timings,
  tool,
} from "#define/pipeline.ts";
export type { CommandOptions, FileOf, Node, Pipeline, StageOptions, Tool, Word } from "#define/pipeline.ts";
export type { FileContent, Files, Input, Reader, Source, StageContext } from "#define/files.ts";
export type { BroughtTool, Param } from "#define/param.ts";
