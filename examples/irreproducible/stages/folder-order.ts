import { opendirSync } from "node:fs";
import type { Source } from "pipelite";

interface Inputs {
  readings: Source;
}

/** In the order of the file system; `readdir` of Node would sort. */
export default async function folderOrder({ readings }: Inputs) {
  const names: string[] = [];
  for await (const { name } of opendirSync(readings.path)) names.push(name);
  return { "names.txt": `${names.join("\n")}\n` };
}
