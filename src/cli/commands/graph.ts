// `pipelite graph`: what depends on what, what would be built, and what it took the last time.
import { join } from "node:path";
import { largest } from "#base/extremes.ts";
import { formatDuration } from "#base/quantities.ts";
import { writeFileAtomically } from "#base/files.ts";
import { openCommand, optionalArgument, toggle, usualChoice, value } from "#cli/command.ts";
import { outputPathOf, paintOf, pathOf, print, printDocument, printJson, say } from "#cli/context.ts";
import { engineFlag, paramFlag, paramsFlag, sandboxFlag } from "#cli/flags.ts";
import { paramsOf, splitTarget, valuesOf } from "#cli/target.ts";
import { openHomeOf } from "#cli/run-argument.ts";
import type { FoldedNode } from "#app/graph.ts";
import { cleanLine, formatList } from "#view/format.ts";
import type { Paint } from "#view/paint.ts";

export const graph = openCommand({
  brief: "Show the graph of a pipeline: text, a picture (SVG), or DOT",
  about: [
    "Each stage with its state and what its last build took. Five or more stages of the same code that read the same are " +
      "shown as one, with how many of them are cached. Builds nothing.",
  ],
  examples: [
    ["pipelite graph", "the pipeline of this folder, as text"],
    ["pipelite graph --format svg -o graph.svg", "as a picture"],
    ["pipelite graph --format dot | dot -Tpdf > graph.pdf", "by Graphviz"],
    ["pipelite graph . report", "only what the stage report needs"],
  ],
  flags: {
    format: usualChoice("FORMAT", ["text", "dot", "svg"], "What to write", "text"),
    out: value("FILE", "Write it to this file", { alias: "o" }),
    all: toggle("Show every stage for itself", "a"),
    param: paramFlag,
    params: paramsFlag,
    engine: engineFlag,
    sandbox: sandboxFlag,
  },
  arg: optionalArgument("PIPELINE|STAGE", "pipeline.ts or its folder, then stages", "stage"),
  async run(context, flags, ...words) {
    const app = await import("#app/graph.ts");
    const { pipeline, stages } = splitTarget(context, words);
    const options = {
      pipeline,
      stages,
      home: openHomeOf(context, flags),
      params: paramsOf(flags.param),
      values: await valuesOf(context, flags.params),
      paranoid: false,
      engine: flags.engine,
      sandbox: flags.sandbox,
      env: context.env,
    };
    const read = [pipeline, join(pipeline, "pipeline.ts"), flags.params && pathOf(context, flags.params)];
    const file =
      flags.out === undefined
        ? undefined
        : outputPathOf(context, { flag: "--out", path: flags.out, store: flags.store }, read);
    const drawn = await app.graph(options, { format: flags.format, apart: flags.all });
    if (flags.json) return printJson(context, drawn.graph);
    const paint = paintOf(context, flags.out === undefined ? flags : { color: "never" });
    const { document } = drawn;
    const text = document ?? describe(drawn.graph.pipeline, drawn.folded, app.stateWords, paint);
    if (file === undefined) return (document === undefined ? print : printDocument)(context, text);
    writeFileAtomically(file, text.endsWith("\n") ? text : `${text}\n`);
    say(context, flags, `graph: ${file}`);
  },
});

type StateWords = (node: FoldedNode) => string;

/** Each node behind those that it reads, with their names. */
function describe(
  pipeline: string,
  nodes: readonly FoldedNode[],
  stateWords: StateWords,
  paint: Paint,
): string {
  const names = new Map(nodes.map(({ id, name }) => [id, name]));
  const rows = nodes.map((node) => ({
    node,
    name: cleanLine(node.name),
    state: stateWords(node),
    time: node.lastMs === undefined ? "" : formatDuration(node.lastMs),
    inputs: formatList(
      node.inputs.map((id) => cleanLine(names.get(id) ?? id)),
      { limit: 6 },
    ),
  }));
  const widthOf = (of: (row: (typeof rows)[number]) => string): number =>
    largest(
      rows.map((row) => of(row).length),
      0,
    );
  const [wide, states, times] = [
    widthOf(({ name }) => name),
    widthOf(({ state }) => state),
    widthOf(({ time }) => time),
  ];
  const lines = rows.map(({ node, name, state, time, inputs }) => {
    const style = node.states.build > 0 ? "busy" : "faint";
    const reads = inputs === "" ? "" : `  <- ${inputs}`;
    return `  ${paint(name.padEnd(wide), "name")}  ${paint(state.padEnd(states), style)}  ${time.padStart(times)}${reads}`.trimEnd();
  });
  return [paint(pipeline, "name"), ...lines].join("\n");
}
