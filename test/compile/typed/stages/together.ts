import type { Input } from "pipelite";
import type word from "./word.ts";

export default async function together({
  parts,
  rows,
}: {
  parts: Input<typeof word>[];
  rows: readonly Input<typeof word>[][];
}) {
  const letters: number[] = [];
  for (const part of [...parts, ...rows.flat()]) letters.push((await part.json("word.json")).letters);
  return { "all.json": letters };
}
