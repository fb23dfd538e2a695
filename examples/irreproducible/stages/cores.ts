import { availableParallelism } from "node:os";

export default function cores() {
  return { "parts.txt": `cut into ${availableParallelism()} parts\n` };
}
