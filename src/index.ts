// What `import "pipelite"` gives: defining pipelines, and nothing else.
export {
  answer,
  command,
  download,
  gate,
  out,
  param,
  pipeline,
  source,
  stage,
  timings,
  tool,
} from "./author/pipeline.ts";
export type { CommandOptions, FileOf, Node, Pipeline, StageOptions, Tool, Word } from "./author/pipeline.ts";
export type { FileContent, Files, Input, Reader, Source, StageContext } from "./author/files.ts";
export type { BroughtTool, Param } from "./author/param.ts";
