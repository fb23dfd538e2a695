import { statSync, writeFileSync } from "node:fs";

export default function umask() {
  writeFileSync("made", "");
  return { "mode.txt": `mode ${(statSync("made").mode & 0o777).toString(8)}\n` };
}
