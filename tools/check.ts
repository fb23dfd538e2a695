// `npm run check`: every static gate, all at once, told of in order of speed. test/tidy.test.ts proves that each of them bites.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { join } from "node:path";
import { checkLayers } from "./layers.ts";

const root = join(import.meta.dirname, "..");
const bin = (name: string) => join(root, "node_modules", ".bin", name);

const gates: [name: string, command: string, ...args: string[]][] = [
  ["format", bin("oxfmt"), "--check"],
  ["lint", bin("oxlint"), "--type-aware", "--deny-warnings"],
  ["types", bin("tsc"), "--project", "."],
  ["dead code", bin("knip"), "--no-progress", "--exclude", "binaries"],
];

let failed = false;
const { filesChecked, violations } = checkLayers(join(root, "src"));
for (const { file, line, problem } of violations) console.error(`src/${file}:${line}: ${problem}`);
report("layers", violations.length === 0 && filesChecked > 0);
const running = gates.map(([name, command, ...args]) => {
  const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  return { name, done: Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]) };
});
for (const { name, done } of running) {
  const [said, complaint, [status]] = await done;
  process.stdout.write(said);
  process.stderr.write(complaint);
  report(name, status === 0);
}
process.exitCode = failed ? 1 : 0;

function report(name: string, isGood: boolean): void {
  console.log(`${isGood ? "ok  " : "FAIL"} ${name}`);
  failed ||= !isGood;
}
