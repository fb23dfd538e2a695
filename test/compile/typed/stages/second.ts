import type { Input, Source } from "pipelite";
import type first from "./first.ts";

interface Inputs {
  first: Input<typeof first>;
  seconds: number;
  mode: "fast" | "safe";
  table: Source;
  words?: Input<typeof first> | null;
}

export default async function second({ first, seconds, mode, table, words }: Inputs) {
  const facts = await first.json("facts.json");
  const n: number = facts.n + seconds;
  // @ts-expect-error a text file is no JSON
  await first.json("report.md");
  // @ts-expect-error the first stage makes no such file
  first.file("nothing.txt");
  // @ts-expect-error facts have no such field
  void facts.size;
  return { "out.json": { n, mode, size: (await table.bytes()).length, words: words === null } };
}
