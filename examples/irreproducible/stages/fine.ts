import { readdirSync } from "node:fs";
import type { Source } from "pipelite";

interface Inputs {
  readings: Source;
}

export default function fine({ readings }: Inputs) {
  return { "names.txt": `${readdirSync(readings.path).toSorted().join("\n")}\n` };
}
