// Files of a root that are not the same each time it is made, as far as that is known. Programs need them, so they stay, and are
// named: in the log, and as figures of the record.
import { readdirSync } from "node:fs";

interface Known {
  /** Whose program writes them. */
  package: string;
  folder: string;
  pattern: RegExp;
}

const KNOWN: readonly Known[] = [
  // LuaTeX writes its tables in an order that hangs on addresses and the time; tex writes the time of day, whatever
  // SOURCE_DATE_EPOCH says.
  {
    package: "texlive-binaries",
    folder: "var/lib/texmf/web2c",
    pattern: /^(?:lua\w+\/.*|tex\/tex)\.fmt$/,
  },
];

/** @param root absolute path @returns package -> paths in the root, sorted */
export function varyingIn(root: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { package: name, folder, pattern } of KNOWN) {
    const paths = namesBelow(`${root}/${folder}`)
      .filter((path) => pattern.test(path))
      .map((path) => `${folder}/${path}`);
    if (paths.length > 0) found.set(name, paths);
  }
  return found;
}

function namesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" }).toSorted();
  } catch {
    return [];
  }
}
