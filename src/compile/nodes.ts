// The nodes of a pipeline's graph: what pipeline.ts describes, with every input resolved.
import type { Secret } from "#author/secret.ts";
import type { EnvironmentRequest } from "#author/environment-request.ts";
import type {
  AnyNode,
  CommandOptions,
  Each,
  EachHandle,
  FileOf,
  Handle,
  StageOptions,
} from "#author/nodes.ts";
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

interface StageBase extends NodeBase {
  /** Absolute path of the module; undefined where the code is Pipelite's. */
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

interface PlainStage extends StageBase {
  kind: "stage" | "gate" | "check";
}

/** What a list of items leads to; its `needs` and inputs grow when that is known. */
export interface EachNode extends StageBase {
  kind: "each";
  each: {
    handle: EachHandle;
    list: Edge;
    /** What names of the stages of its items have behind them, before the item. */
    tag: string;
    /** In the order of the list; undefined until it was read. */
    items: MadeItem[] | undefined;
  };
}

export interface MadeItem {
  key: string;
  name: string;
  /** What was made for it. */
  edge: Edge;
  /** The nodes that were made for it and for nothing else. */
  nodes: GraphNode[];
}

export type StageNode = PlainStage | EachNode;

export interface WantedTool {
  program: string;
  with: string | undefined;
}

/** A root file system that stages run in. */
export interface EnvironmentNode extends NodeBase {
  kind: "environment";
  /** Of the packages or the image that it is, or that its root is. */
  request: EnvironmentRequest;
  composed?: ComposedNode;
}

/** An environment that is another one with more in it. */
export interface ComposedNode {
  root: EnvironmentNode;
  add: readonly Edge[];
  modules?: EnvironmentNode | undefined;
  path: readonly string[];
  env: Readonly<Record<string, string>>;
}

/** An environment and those that it is composed of. */
export function environmentsBelow(environment: EnvironmentNode | undefined): EnvironmentNode[] {
  const { root, modules } = environment?.composed ?? {};
  return environment === undefined ? [] : [environment, ...[root, modules].flatMap(environmentsBelow)];
}

/** The node_modules that is in an environment, or is it. */
export function modulesOf(node: EnvironmentNode | undefined): EnvironmentNode | undefined {
  if (node?.composed !== undefined) return node.composed.modules ?? modulesOf(node.composed.root);
  return node?.request.kind === "node-modules" ? node : undefined;
}

export interface CommandNode extends NodeBase, CommandParts<Edge> {
  kind: "command";
  environment?: EnvironmentNode | undefined;
  options: CommandOptions;
}

/** A text, with secrets in it. */
export type TextParts = readonly (string | Secret)[];

export interface FetchNode extends NodeBase {
  kind: "fetch";
  /** With the names of secrets in their places. */
  url: string;
  request: { url: TextParts; headers: Readonly<Record<string, TextParts>> };
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
  /** The secret that the model's server is shown. */
  key?: string | undefined;
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
  /** Variables that parameters have their values from -> those values. */
  variables: Record<string, string | null>;
  builder: Builder;
}

/** What makes more nodes for a graph. */
export interface Builder {
  /** The edge to what was given as an input, and what that needs; null for an answer that this run has not. */
  input(
    value: AnyNode | FileOf<null> | Each<unknown>,
    names: ReadonlyMap<Handle, string>,
    place: string,
  ): Promise<{ edge: Edge; needs: GraphNode[] } | null>;
  /** What was made of a handle; undefined for what was not asked for yet. */
  nodeOf(handle: Handle): GraphNode | null | undefined;
  isTaken(name: string): boolean;
  /** @throws PARAM_INVALID of a text that a parameter can't be set to */
  checkParam(name: string, text: string): void;
  /** What a run gives must be there once all is known. @throws PARAM_UNKNOWN */
  checkParams(): void;
}

export function isBuildNode(node: GraphNode): node is BuildNode {
  return BUILT.has(node.kind);
}

const CODE: ReadonlySet<string> = new Set(["stage", "gate", "check", "each"]);
const BUILT: ReadonlySet<string> = new Set([...CODE, "command", "fetch", "environment"]);

/** Whether what builds it is code that Node runs. */
export function isCode(node: GraphNode): node is StageNode {
  return CODE.has(node.kind);
}

/** A list of which it is not known yet what is in it. */
export function isUnexpanded(node: GraphNode): node is EachNode {
  return node.kind === "each" && node.each.items === undefined;
}

/** Said only where an output is not named by its bytes. */
export interface Addressing {
  addressing?: "input";
}

export function addressingOf({ options }: StageNode | CommandNode): Addressing {
  return options.addressing === "input" ? { addressing: "input" } : {};
}
