// The nodes of a pipeline's graph: what pipeline.ts describes, with every input resolved.
import type { EnvironmentRequest } from "#author/environment-request.ts";
import type { CommandOptions, StageOptions } from "#author/nodes.ts";
import type { CommandParts } from "./command-parts.ts";

/** An input of a node that is the output of another one, or one file of it. */
export interface Edge {
  node: GraphNode;
  file?: string;
}

interface NodeBase {
  name: string;
  place: string;
  /** Every node that must be finished before this one, gates included. */
  needs: GraphNode[];
}

export interface StageNode extends NodeBase {
  kind: "stage" | "gate" | "check";
  /** Absolute path of the module; undefined for a gate and a check, whose code is Pipelite's. */
  module: string | undefined;
  inputs: Record<string, Edge>;
  /** Inputs that are lists or records of others -> the names of those in `inputs`. */
  groups?: Record<string, string[] | Record<string, string>>;
  params: Record<string, unknown>;
  /** Of a gate: the output that is behind it. */
  guarded?: Edge;
  /** Input name -> program that this run brought. */
  tools: Record<string, WantedTool>;
  environment?: EnvironmentNode | undefined;
  options: StageOptions;
}

export interface WantedTool {
  program: string;
  with: string | undefined;
}

/** A root file system that stages run in. */
export interface EnvironmentNode extends NodeBase {
  kind: "environment";
  request: EnvironmentRequest;
}

export interface CommandNode extends NodeBase, CommandParts<Edge> {
  kind: "command";
  environment?: EnvironmentNode | undefined;
  options: CommandOptions;
}

export interface FetchNode extends NodeBase {
  kind: "fetch";
  url: string;
  hash: string;
}

export interface SourceNode extends NodeBase {
  kind: "source";
  path: string;
  ignore: readonly string[];
}

export interface TimingsNode extends NodeBase {
  kind: "timings";
}

export interface AnswerNode extends NodeBase {
  kind: "answer";
  request: Edge;
}

export type GraphNode =
  | StageNode
  | CommandNode
  | FetchNode
  | EnvironmentNode
  | SourceNode
  | TimingsNode
  | AnswerNode;

/** A node that is realised as a derivation. */
export type BuildNode = StageNode | CommandNode | FetchNode | EnvironmentNode;

export interface Graph {
  name: string;
  root: string;
  file: string;
  /** In an order in which every node follows what it needs. */
  nodes: GraphNode[];
  results: Map<string, GraphNode>;
  /** Parameter name -> the value it has in this run. */
  params: Record<string, unknown>;
}

export function isBuildNode(node: GraphNode): node is BuildNode {
  return isCode(node) || ["command", "fetch", "environment"].includes(node.kind);
}

/** Whether what builds it is code that Node runs. */
export function isCode(node: GraphNode): node is StageNode {
  return node.kind === "stage" || node.kind === "gate" || node.kind === "check";
}
