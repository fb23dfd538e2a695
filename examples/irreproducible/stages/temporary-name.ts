import { mkdtempSync } from "node:fs";

export default function temporaryName() {
  return { "log.txt": `worked in ${mkdtempSync("/tmp/work-")}\n` };
}
