import type { Input, Source } from "pipelite";
import type first from "./first.ts";

interface Inputs {
  first: Input<typeof first>;
  seconds: number;
  mode: "fast" | "safe";
  table: Source;
  words?: Input<typeof first> | null;
  parts?: Input<typeof first>[];
  byName?: Readonly<Record<string, Input<typeof first>>>;
}

export default async function second({
  first,
  seconds,
  mode,
  table,
  words,
  parts = [],
  byName = {},
}: Inputs) {
  for (const part of [...parts, ...Object.values(byName)]) await part.json("facts.json");
  const facts = await first.json("facts.json");
  const n: number = facts.n + seconds;
  // @ts-expect-error a text file is not JSON
  await first.json("report.md");
  // @ts-expect-error the first stage makes no such file
  first.file("nothing.txt");
  // @ts-expect-error facts have no such field
  void facts.size;
  return { "out.json": { n, mode, size: (await table.bytes()).length, words: words === null } };
}
