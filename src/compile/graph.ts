// The pipeline as a graph: every node named, every input resolved to an edge or a value, every parameter set. All that
// can be wrong with a pipeline.ts is found here, before anything is built.
import { basename } from "node:path";
import { urlProblem } from "./fetch-derivation.ts";
import { publicForm } from "./secret-parts.ts";
import { hexDigestOf } from "#base/digest.ts";
import { refuseUnknownCalls, VERDICT } from "./check-formula.ts";
import { commandTools, resolveCommand, type CommandParts } from "./command-parts.ts";
import { isNodeName } from "#base/node-name.ts";
import { checkInputNames, constant, Parameters, type GivenParameters } from "./parameters.ts";
import { locateModule, type LoadedPipeline } from "./load.ts";
import { canonicalJson } from "#base/canonical-json.ts";
import { nameOfEnvironment } from "#author/environment.ts";
import { isParam, type Param } from "#author/param.ts";
import { handleOf, isFileOf, isNode, isTool } from "#author/nodes.ts";
import type { AnyNode, Composed, Each, Environment, FileOf, Handle } from "#author/nodes.ts";
import { environmentsBelow, isUnexpanded } from "./nodes.ts";
import type {
  AnswerNode,
  Builder,
  Edge,
  EnvironmentNode,
  Graph,
  GraphNode,
  StageNode,
  WantedTool,
} from "./nodes.ts";
import { isNodeGroup, moduleName, namesOf } from "./stage-names.ts";
import { pipeliteError } from "./errors.ts";
import { pipeliteError as authorError } from "#author/errors.ts";

/** An edge, and the nodes that it makes necessary. */
interface Needed {
  edge: Edge;
  needs: GraphNode[];
}

export interface GraphOptions extends GivenParameters {
  /** Whether a language model is there to ask, or to replay. */
  model: boolean;
}

export async function buildGraph(loaded: LoadedPipeline, options: GraphOptions): Promise<Graph> {
  const builder = new GraphBuilder(options);
  const results = new Map<string, GraphNode>();
  const names = await namesOf(loaded.definition.results);
  for (const [name, handle] of Object.entries(loaded.definition.results)) {
    if (name === "evidence") throw pipeliteError("STAGE_NAME_RESERVED", { name, place: handle.place });
    const node = await builder.visit(handle, names);
    if (node !== null) results.set(name, node);
  }
  builder.checkParams();
  const { nodes, params } = builder;
  const { name, root, file } = loaded;
  const { known, variables } = params;
  return { name, root, file, nodes: [...nodes], results, params: known, variables, builder };
}

class GraphBuilder implements Builder {
  readonly nodes: GraphNode[] = [];
  readonly params: Parameters;
  readonly #options: GraphOptions;
  readonly #made = new Map<Handle, GraphNode | null>();
  readonly #named = new Map<string, GraphNode>();
  /** By canonical JSON of what it is asked to be. */
  readonly #environments = new Map<string | Environment, EnvironmentNode>();

  constructor(options: GraphOptions) {
    this.#options = options;
    this.params = new Parameters(options);
  }

  /** The node of a handle, made on first sight; null for a model's answer in a run without a model. */
  async visit(handle: Handle, names: ReadonlyMap<Handle, string>): Promise<GraphNode | null> {
    const known = this.#made.get(handle);
    if (known !== undefined) return known;
    const node = await this.#make(handle, names);
    this.#made.set(handle, node);
    return node;
  }

  /** What a run gives must be there once all is known. */
  checkParams(): void {
    if (!this.nodes.some(isUnexpanded)) this.params.refuseUnknown();
  }

  checkParam(name: string, text: string): void {
    this.params.check(name, text);
  }

  /** What was made of a handle; undefined for what was not asked for yet. */
  nodeOf(handle: Handle): GraphNode | null | undefined {
    return this.#made.get(handle);
  }

  isTaken(name: string): boolean {
    return this.#named.has(name);
  }

  async #make(handle: Handle, names: ReadonlyMap<Handle, string>): Promise<GraphNode | null> {
    const { place } = handle;
    const edge = (from: Handle, file?: string) => this.#edge(from, file, names, place);
    switch (handle.kind) {
      case "stage": {
        const module = await locateModule(handle.module, place);
        const name = names.get(handle) ?? moduleName(module);
        const given = await this.#given(handle.inputs, name, names, place);
        const environment = await this.#environment(handle.options.environment, names);
        const needs = [...environmentsBelow(environment), ...given.needs];
        const { options } = handle;
        return this.#add({ kind: "stage", name, place, module, options, ...given, environment, needs });
      }
      case "gate": {
        const subject = await edge(handle.subject);
        if (subject === null) return null;
        const { by } = handle;
        const held = typeof by === "string" ? subject : await edge(by);
        if (held === null) return null;
        const name = names.get(handle) ?? `${held.edge.node.name}-gate`;
        return this.#add({
          kind: "gate",
          name,
          place,
          module: undefined,
          inputs: { subject: held.edge },
          params: { verdict: typeof by === "string" ? by : VERDICT },
          guarded: subject.edge,
          tools: {},
          options: {},
          needs: [...new Set([...subject.needs, ...held.needs])],
        });
      }
      case "check": {
        await refuseUnknownCalls(handle);
        const given = await this.#given(handle.inputs, "check", names, place);
        const [first] = Object.values(given.inputs);
        const name = names.get(handle) ?? `${first?.node.name}-check`;
        return this.#add({ kind: "check", name, place, module: undefined, options: {}, ...given });
      }
      case "command":
        return this.#command(handle, names);
      case "each": {
        const list = await edge(handle.from.node, handle.from.file);
        if (list === null) throw pipeliteError("ANSWER_ABSENT", { place });
        const name = names.get(handle) ?? "each";
        return this.#add({
          kind: "each",
          name,
          place,
          module: undefined,
          inputs: { list: list.edge },
          params: { key: handle.options.key ?? null },
          tools: {},
          options: {},
          needs: list.needs,
          each: { handle, list: list.edge, tag: name.replace(/^each-/, ""), items: undefined },
        });
      }
      case "fetch": {
        const { hash, headers } = handle;
        const url = publicForm(handle.url);
        // One that begins with a secret can't be told from any other text.
        const parsed = URL.parse(url);
        const problem = typeof handle.url[0] === "string" ? urlProblem(parsed) : undefined;
        if (problem !== undefined) throw pipeliteError("FETCH_URL_INVALID", { place, url, problem });
        const last = parsed === null ? "" : basename(parsed.pathname);
        const name = handle.name ?? (last || "fetched");
        const request = { url: handle.url, headers };
        return this.#add({ kind: "fetch", name, place, url, request, hash, needs: [] });
      }
      case "source": {
        const name = names.get(handle) ?? basename(handle.path);
        return this.#add(
          { kind: "source", name, place, path: handle.path, ignore: handle.ignore, needs: [] },
          true,
        );
      }
      case "timings": {
        const subjects = await Promise.all(handle.of.map((subject) => edge(subject)));
        const needs = [
          ...new Set(subjects.flatMap((subject) => (subject === null ? [] : [subject.edge.node]))),
        ];
        return this.#add({ kind: "timings", name: "timings", place, needs }, true);
      }
      case "answer": {
        if (!this.#options.model) return null;
        const module = await locateModule(handle.check, place);
        const name = names.get(handle) ?? moduleName(module);
        const request = await edge(handle.request.node, handle.request.name);
        if (request === null) return null;
        const answerNode: AnswerNode = {
          kind: "answer",
          name: `${name}-answer`,
          place,
          request: request.edge,
          key: handle.key?.name,
          needs: request.needs,
        };
        this.#add(answerNode);
        const given = await this.#given(handle.inputs, name, names, place);
        const inputs = { ...given.inputs, answer: { node: answerNode } };
        const needs = [...given.needs, answerNode];
        return this.#add({
          kind: "stage",
          name,
          place,
          module,
          inputs,
          params: given.params,
          tools: given.tools,
          options: {},
          needs,
        });
      }
    }
  }

  async #command(
    handle: Extract<Handle, { kind: "command" }>,
    names: ReadonlyMap<Handle, string>,
  ): Promise<GraphNode> {
    const { place, options } = handle;
    const needs = new Set<GraphNode>();
    const edge = async (value: AnyNode | FileOf | Each<unknown>): Promise<Edge> => {
      const found = await this.input(value, names, place);
      if (found === null) throw pipeliteError("ANSWER_ABSENT", { place });
      for (const need of found.needs) needs.add(need);
      return found.edge;
    };
    const param = (value: Param<unknown>): string => {
      if (value.name === undefined)
        throw pipeliteError("PARAM_UNNAMED", { place: value.place, command: place });
      return String(this.params.valueOf(value.name, value));
    };
    const parts = await resolveCommand(handle, { edge, param });
    const { program } = parts;
    const own = isTool(program)
      ? basename(program.program)
      : `${basename(program.file ?? program.node.name)}-run`;
    const name = names.get(handle) ?? own;
    const environment = await this.#environment(environmentOf(handle, parts), names);
    const all = [...environmentsBelow(environment), ...needs];
    return this.#add({ kind: "command", name, place, options, environment, needs: all, ...parts });
  }

  /** One node for all stages that ask for the same. */
  async #environment(
    wanted: Environment | undefined,
    names: ReadonlyMap<Handle, string>,
  ): Promise<EnvironmentNode | undefined> {
    if (wanted === undefined) return undefined;
    const { request, place, composed } = wanted;
    const key = keyOfEnvironment(wanted);
    const known = this.#environments.get(key);
    if (known !== undefined) return known;
    const below = composed && (await this.#composed(composed, names, place));
    const kind = "environment";
    const wished = `${nameOfEnvironment(request)}${composed === undefined ? "" : "-composed"}`;
    const tag = typeof key === "string" ? hexDigestOf(key).slice(0, 6) : this.#environments.size;
    const name = this.#named.has(wished) ? `${wished}-${tag}` : wished;
    const node = this.#add<EnvironmentNode>({ kind, name, place, request, needs: [], ...below });
    this.#environments.set(key, node);
    return node;
  }

  async #composed(
    { root, add, modules: wanted, path, env }: Composed,
    names: ReadonlyMap<Handle, string>,
    place: string,
  ): Promise<Pick<EnvironmentNode, "composed" | "needs"> | undefined> {
    const below = await this.#environment(root, names);
    if (below === undefined) return undefined;
    const added: Needed[] = [];
    for (const each of add) {
      const found = await this.input(each, names, place);
      if (found === null) throw pipeliteError("ANSWER_ABSENT", { place });
      added.push(found);
    }
    const modules = await this.#environment(wanted, names);
    const own = [below, modules].flatMap(environmentsBelow);
    const needs = [...new Set([...own, ...added.flatMap((each) => each.needs)])];
    return { needs, composed: { root: below, add: added.map(({ edge }) => edge), modules, path, env } };
  }

  /** The inputs of a stage: nodes become edges, parameters their values, anything else is a constant. */
  async #given(
    inputs: Readonly<Record<string, unknown>>,
    stage: string,
    names: ReadonlyMap<Handle, string>,
    place: string,
  ): Promise<Pick<StageNode, "inputs" | "groups" | "params" | "tools" | "needs">> {
    checkInputNames(inputs, stage, place);
    const edges: Record<string, Edge> = {};
    const groups: Record<string, string[] | Record<string, string>> = {};
    const tools: Record<string, WantedTool> = {};
    const params: Record<string, unknown> = {};
    const needs = new Set<GraphNode>();
    for (const [name, value] of Object.entries(inputs)) {
      if (isNode(value) || isFileOf(value)) {
        const found = await this.input(value, names, place);
        if (found === null) params[name] = null;
        else edges[name] = found.edge;
        for (const need of found?.needs ?? []) needs.add(need);
      } else if (isNodeGroup(value)) {
        const members = Object.entries(value).map(
          ([key, member]) => [key, `${name}.${key}`, member] as const,
        );
        for (const [, full, member] of members) {
          const found = await this.input(member, names, place);
          if (found === null) throw pipeliteError("ANSWER_ABSENT", { place });
          edges[full] = found.edge;
          for (const need of found.needs) needs.add(need);
        }
        groups[name] = Array.isArray(value)
          ? members.map(([, full]) => full)
          : Object.fromEntries(members.map(([key, full]) => [key, full]));
      } else if (isParam(value) && value.tool !== undefined) {
        const program = this.params.brought(name, value);
        if (program === undefined) params[name] = null;
        else tools[name] = { program, with: value.tool.with };
      } else {
        params[name] = isParam(value)
          ? this.params.valueOf(name, value)
          : constant(name, value, stage, place);
      }
    }
    const hasGroups = Object.keys(groups).length > 0;
    return { inputs: edges, ...(hasGroups && { groups }), params, tools, needs: [...needs] };
  }

  /** The edge to what was given as an input; null for an answer that this run has not. */
  input(
    value: AnyNode | FileOf<null> | Each<unknown>,
    names: ReadonlyMap<Handle, string>,
    place: string,
  ): Promise<Needed | null> {
    return isFileOf(value)
      ? this.#edge(value.node, value.name, names, place)
      : this.#edge(handleOf(value), undefined, names, place);
  }

  /** A gate's edge leads to its subject; the gate itself is only needed. */
  async #edge(
    handle: Handle,
    file: string | undefined,
    names: ReadonlyMap<Handle, string>,
    place: string,
  ): Promise<Needed | null> {
    const node = await this.visit(handle, names);
    if (node === null) return null;
    if (node.kind === "gate") {
      const subject = node.guarded?.node;
      if (subject === undefined) throw authorError("PIPELINE_INPUT_UNKNOWN", { place });
      return {
        edge: file === undefined ? { node: subject } : { node: subject, file },
        needs: [subject, node],
      };
    }
    return { edge: file === undefined ? { node } : { node, file }, needs: [node] };
  }

  /** `unlisted` nodes are inputs only: they take no name in the run, so equal names do no harm. */
  #add<N extends GraphNode>(node: N, unlisted = false): N {
    const earlier = this.#named.get(node.name);
    if (!unlisted && earlier !== undefined) {
      throw pipeliteError("STAGE_NAME_DUPLICATE", {
        name: node.name,
        place: node.place,
        other: earlier.place,
      });
    }
    if (!isNodeName(node.name)) {
      throw pipeliteError("STAGE_NAME_INVALID", { name: node.name, place: node.place });
    }
    if (!unlisted) this.#named.set(node.name, node);
    this.nodes.push(node);
    return node;
  }
}

/** What a command runs in: that of the command, or of its programs. @throws PipeliteError ENVIRONMENTS_MIXED */
function environmentOf(
  { options, place }: Extract<Handle, { kind: "command" }>,
  parts: CommandParts<Edge>,
): Environment | undefined {
  const all = [options.environment, ...commandTools(parts).map(({ environment }) => environment)];
  const byKey = new Map(
    all.flatMap((each) => (each === undefined ? [] : [[keyOfEnvironment(each), each] as const])),
  );
  if (byKey.size > 1) throw pipeliteError("ENVIRONMENTS_MIXED", { place });
  return [...byKey.values()][0];
}

/** What is the same for those who ask for the same. */
function keyOfEnvironment(environment: Environment): string | Environment {
  return environment.composed === undefined ? canonicalJson(environment.request) : environment;
}
