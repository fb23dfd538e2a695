import { computeFacts } from "../mathematics/facts.ts";

export default function proof() {
  const { facts } = computeFacts();
  return { "facts.json": facts };
}
