import type { Input } from "pipelite";
import type model from "./model.ts";

export default async function best({ runs }: { runs: Input<typeof model>[] }) {
  const scores = await Promise.all(runs.map((run) => run.json("score.json")));
  const { a, b, score } = scores.reduce((one, other) => (other.score > one.score ? other : one));
  return { "best.txt": `${a} ${b} ${score}\n` };
}
