import { readFileSync } from "node:fs";

/** Where the loader of programs is in memory. */
export default function address() {
  const maps = readFileSync("/proc/self/maps", "utf8").split("\n");
  const [range = ""] = maps.find((line) => /\/ld-linux/.test(line))?.split(" ") ?? [];
  return { "address.txt": `${range}\n` };
}
