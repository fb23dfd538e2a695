import { statSync, writeFileSync } from "node:fs";

export default function fileTime() {
  writeFileSync("made", "");
  return { "time.txt": `changed at ${statSync("made").mtime.toISOString()}\n` };
}
