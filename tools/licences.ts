// The licences of the packages that are bundled into the published one: their authors ask that these go with the code.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const PACKAGE = /^((?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+)\//;

/** @param inputs files of bundles, relative to the repository @returns the text of a file for the package */
export function licencesOf(inputs: Iterable<string>): string {
  const folders = new Set([...inputs].flatMap((input) => PACKAGE.exec(input)?.[1] ?? []));
  return [...folders]
    .toSorted()
    .map((folder) => licenceOf(join(root, folder)))
    .join(`\n${"-".repeat(80)}\n\n`);
}

function licenceOf(folder: string): string {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
  const { name, version, license, author } = manifest;
  const by = typeof author === "object" ? author.name : author;
  const head = [`${name} ${version}`, license, by].filter((each) => each !== undefined).join(", ");
  const file = readdirSync(folder).find((each) => /^licen[sc]e/i.test(each));
  return file === undefined ? `${head}\n` : `${head}\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
}

interface Manifest {
  name: string;
  version: string;
  license?: string;
  author?: string | { name: string };
}
