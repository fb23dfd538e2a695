import { statSync, writeFileSync } from "node:fs";

export default function inode() {
  writeFileSync("made", "");
  const { ino, dev } = statSync("made");
  return { "file.txt": `file ${ino} of ${dev}\n` };
}
