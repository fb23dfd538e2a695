// The first line of a script: #! and who reads it.
import { closeSync, openSync, readSync } from "node:fs";

export interface Shebang {
  /** As it stands there, or the name that `env` is to look up. */
  interpreter: string;
  args: string[];
}

/** The kernel reads no more. */
const LINE_BYTES = 256;

/** @returns undefined for a file that is not a script */
export function readShebang(file: string): Shebang | undefined {
  const bytes = Buffer.alloc(LINE_BYTES);
  const fd = openSync(file, "r");
  const length = readSync(fd, bytes);
  closeSync(fd);
  const [line = ""] = bytes.toString("utf8", 0, length).split("\n", 1);
  if (!line.startsWith("#!")) return undefined;
  const [interpreter, rest] = splitOnce(line.slice(2).trim());
  if (interpreter === "") return undefined;
  // All behind the interpreter is one argument, as for the kernel.
  if (!interpreter.endsWith("/env")) return { interpreter, args: rest === "" ? [] : [rest] };
  const [name = "", ...args] = rest.replace(/^(-S|--split-string=?)\s*/, "").split(/\s+/);
  return name === "" ? undefined : { interpreter: name, args };
}

function splitOnce(text: string): [string, string] {
  const at = text.search(/\s/);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at).trim()];
}
