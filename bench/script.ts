// A program that uses the installed package as a library.
import { join } from "node:path";
import type { Place, Side } from "./measure.ts";

/** A program of a few lines that uses the installed package as a user of the library would. */
export function script({ pipelite }: Place, code: string, ...words: string[]): Side["command"] {
  const store = join(pipelite, "../../pipelite/dist/store.js");
  const whole = `import { hashTree, openStore } from ${JSON.stringify(store)};\n${code}`;
  const node = ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", whole];
  return [process.execPath, ...node, ...words];
}

const ROOT = join(import.meta.dirname, "..");

/** A program of a few lines that imports our own modules, and prints how many milliseconds `action` takes. */
export function inProcess(
  setUp: string,
  action: string,
  ...words: string[]
): Pick<Side, "command" | "timesItself" | "cwd"> {
  const code = `${setUp}\nconst start = performance.now();\n${action}\nconsole.log(performance.now() - start);`;
  const node = ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", code];
  return { command: [process.execPath, ...node, ...words], timesItself: true, cwd: ROOT };
}
