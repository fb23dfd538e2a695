// A layered graph of trivial stages: what a run costs beside the work itself. Each stage is a static busybox that sums a
// text of its own and two outputs of the layer before: that of its own column and that of the next one.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Stages of a graph -> stages of a layer; six are a chain. */
const WIDTHS: Readonly<Record<number, number>> = { 6: 1, 1000: 32, 10_000: 100 };

/** Writes the pipeline. @returns its folder */
export function writeGraph(folder: string, stages: number): string {
  const width = widthOf(stages);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "pipeline.ts"), pipelineOf(stages, width));
  return folder;
}

export function widthOf(stages: number): number {
  const width = WIDTHS[stages];
  if (width === undefined)
    throw new Error(`No graph has ${stages} stages: ${Object.keys(WIDTHS).join(", ")}`);
  return width;
}

/** The numbers of the stages that a stage takes from. */
export function needsOf(index: number, width: number): number[] {
  const before = (Math.floor(index / width) - 1) * width;
  if (before < 0) return [];
  const column = index % width;
  return [...new Set([before + column, before + ((column + 1) % width)])];
}

function pipelineOf(stages: number, width: number): string {
  return `import { command, out, pipeline, tool } from "pipelite";
const script = '(echo "$0"; out=$1; shift; [ $# = 0 ] || cat "$@") | sha256sum > $out';
const busybox = tool("busybox");
const needs = ${needsOf.toString()};
const made: ReturnType<typeof command>[] = [];
for (let index = 0; index < ${stages}; index += 1) {
  const inputs = needs(index, ${width}).flatMap((need) => made[need] ?? []);
  made.push(command(busybox, ["sh", "-c", script, \`src \${index}\`, out, ...inputs]));
}
export default pipeline(Object.fromEntries(made.map((stage, index) => [\`s\${index}\`, stage])));
`;
}
