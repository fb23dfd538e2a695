import type { Input } from "pipelite";
import type measure from "./measure.ts";

export default async function collect({ parts }: { parts: Input<typeof measure>[] }) {
  const sizes = await Promise.all(parts.map((part) => part.json("size.json")));
  return { "total.txt": `${sizes.reduce((a, b) => a + b, 0)}\n` };
}
