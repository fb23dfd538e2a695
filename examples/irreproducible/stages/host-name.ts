import { hostname } from "node:os";

export default function hostName() {
  return { "on.txt": `built on ${hostname()}\n` };
}
