// What `import "pipelite"` gives: defining pipelines, and nothing else.
export { debian, environment, image, nixpkgs, nodeModules, python } from "./author/environment.ts";
export type {
  DebianOptions,
  EnvironmentOptions,
  ImageEnvironmentOptions as ImageOptions,
  NixpkgsOptions,
  NodeModulesOptions,
  PythonOptions,
} from "./author/environment.ts";
export type { DebianRepository } from "./author/environment-request.ts";
export { answer, download, gate, param, pipeline, source, stage, timings } from "./author/pipeline.ts";
export { env, secret } from "./author/secret.ts";
export type { Secret, SecretText } from "./author/secret.ts";
export { command, out, tool } from "./author/command.ts";
export { matrix, range } from "./author/matrix.ts";
export { each } from "./author/each.ts";
export { sh } from "./author/shell.ts";
export { check } from "./author/check.ts";
export type { CheckOptions } from "./author/check.ts";
export type { Check, CheckFiles, CheckStatus, Verdict } from "./author/verdict.ts";
export { pack } from "./author/pack.ts";
export type { Pack, PackOptions, ScriptOptions, ServiceOptions } from "./author/pack.ts";
export type { Pipeline } from "./author/pipeline.ts";
export type {
  CommandOptions,
  Environment,
  Each,
  EachOptions,
  FileOf,
  Node,
  Out,
  Program,
  StageOptions,
  Tool,
  Word,
} from "./author/nodes.ts";
export type { ShellOptions, ShellWord } from "./author/shell.ts";
export type { FileContent, Files, Input, Reader, Source, StageContext } from "./author/files.ts";
export type { BroughtTool, Param } from "./author/param.ts";
