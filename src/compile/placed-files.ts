// Modules that name files by where they lie themselves: `new URL("./data.csv", import.meta.url)` and the like. Their code is
// bundled, so the names become those of the files in the store.
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const LITERAL = `(?:"[^"\\n]*"|'[^'\\n]*')`;
const HERE = String.raw`(?:import\.meta\.dirname|\b__dirname)`;
const NEW_URL = new RegExp(String.raw`\bnew URL\(\s*(${LITERAL})\s*,\s*import\.meta\.url\s*,?\s*\)`, "g");
const JOINED = new RegExp(
  String.raw`\b(?:path\.|posix\.)?(?:join|resolve)\(\s*${HERE}((?:\s*,\s*${LITERAL})+)\s*,?\s*\)`,
  "g",
);
const IN_TEMPLATE = new RegExp("`\\$\\{" + HERE + "\\}(/[^`$\\\\]*)`", "g");
const ADDED = new RegExp(String.raw`${HERE}\s*\+\s*(${LITERAL})`, "g");
const RESOLVED = new RegExp(String.raw`\bimport\.meta\.resolve\(\s*(${LITERAL})\s*\)`, "g");
const REQUIRE = /\bcreateRequire\(\s*(?:import\.meta\.(?:url|filename)|__filename)\s*\)/g;
/** Packages that a module asks for by a `require` that it made. */
const ASKED = new RegExp(String.raw`\b(?:resolve|\w*[rR]equire)\(\s*(${LITERAL})`, "g");

export function namesPlaces(text: string): boolean {
  return /\bimport\.meta\b|\b__dirname\b|\bcreateRequire\b/.test(text);
}

/** The names in packages that a module asks for while it runs. */
export function askedNames(text: string): string[] {
  const patterns = text.includes("createRequire") ? [ASKED, RESOLVED] : [RESOLVED];
  return patterns
    .flatMap((pattern) => [...text.matchAll(pattern)].map(([, literal = ""]) => unquote(literal)))
    .filter((name) => !/^([./]|node:)/.test(name));
}

export interface Placing {
  /** Absolute path of the module. */
  file: string;
  /** Where a file or folder beside it is in the store; undefined leaves the name as it is. */
  carry: (path: string) => Promise<string | undefined>;
  /** Where a name in a package is in the store. */
  inPackage: (name: string) => string | undefined;
  /** The folder in the store from which packages are found as from the module's own. */
  folder: string | undefined;
}

/** The text of a module with such names replaced; lines stay what they are. */
export async function placeFiles(text: string, { file, carry, inPackage, folder }: Placing): Promise<string> {
  const here = dirname(file);
  const asUrl = async (name: string) => {
    const path = await carry(join(here, decodeURI(name.replace(/[?#].*$/, ""))));
    return path === undefined ? undefined : pathToFileURL(path + (name.endsWith("/") ? "/" : "")).href;
  };
  let placed = await replaceAsync(text, NEW_URL, async ([, literal = ""]) => {
    const name = unquote(literal);
    const url = /^\.{1,2}\//.test(name) ? await asUrl(name) : undefined;
    return url && `new URL(${JSON.stringify(url)})`;
  });
  const path = async (name: string) => {
    const found = await carry(join(here, name));
    return found && JSON.stringify(found);
  };
  placed = await replaceAsync(placed, JOINED, ([, literals = ""]) =>
    path(join(...[...literals.matchAll(new RegExp(LITERAL, "g"))].map(([literal]) => unquote(literal)))),
  );
  placed = await replaceAsync(placed, IN_TEMPLATE, ([, name = ""]) => path(name));
  placed = await replaceAsync(placed, ADDED, ([, literal = ""]) => path(unquote(literal)));
  placed = await replaceAsync(placed, RESOLVED, async ([, literal = ""]) => {
    const name = unquote(literal);
    const url = name.startsWith(".") ? await asUrl(name) : inPackage(name);
    return url && JSON.stringify(name.startsWith(".") ? url : pathToFileURL(url).href);
  });
  if (folder === undefined) return placed;
  return placed.replaceAll(REQUIRE, `createRequire(${JSON.stringify(join(folder, "module.js"))})`);
}

function unquote(literal: string): string {
  return literal.slice(1, -1);
}

async function replaceAsync(
  text: string,
  pattern: RegExp,
  replacement: (match: RegExpExecArray) => Promise<string | undefined>,
): Promise<string> {
  const parts: string[] = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    const [whole] = match;
    parts.push(text.slice(end, match.index), (await replacement(match)) ?? whole);
    end = match.index + whole.length;
  }
  return parts.join("") + text.slice(end);
}
