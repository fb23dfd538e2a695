import { randomUUID } from "node:crypto";

export default function uuid() {
  return { "id.txt": `${randomUUID()}\n` };
}
