import { release } from "node:os";

export default function kernel() {
  return { "kernel.txt": `Linux ${release()}\n` };
}
