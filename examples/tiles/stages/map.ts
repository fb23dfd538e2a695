import type { Input } from "pipelite";
import type measure from "./measure.ts";

/** The tiles in the order of the list, whichever was measured first. */
export default async function map({ measured }: { measured: Input<typeof measure>[] }) {
  const means = await Promise.all(measured.map((tile) => tile.json("mean.json")));
  const lines = means.map(({ name, mean }) => `${name} ${mean}`);
  return { "means.txt": `${lines.join("\n")}\n` };
}
