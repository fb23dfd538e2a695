// Stack traces from inside the sandbox point into a bundle; a person wants the file that was written.
import { SourceMap } from "node:module";

const PLACE = /(?:file:\/\/)?(\/nix\/store\/[0-9a-z]{32}-[0-9a-zA-Z+._?=-]+\.mjs):(\d+):(\d+)/g;

/**
 * A function that replaces places in bundles by places in source files, relative to the pipeline's folder.
 * @param sourceMap of a bundle, by its store path
 */
export function traceMapper(sourceMap: (bundle: string) => string | undefined): (line: string) => string {
  const maps = new Map<string, SourceMap | undefined>();
  const mapOf = (bundle: string): SourceMap | undefined => {
    if (!maps.has(bundle)) maps.set(bundle, readMap(sourceMap(bundle)));
    return maps.get(bundle);
  };
  return (line) =>
    line.includes(".mjs:")
      ? line.replaceAll(PLACE, (place, bundle: string, row: string, column: string) => {
          const origin = mapOf(bundle)?.findOrigin(Number(row), Number(column));
          if (origin === undefined || !("fileName" in origin) || origin.fileName === undefined) return place;
          return `${origin.fileName}:${origin.lineNumber}:${origin.columnNumber}`;
        })
      : line;
}

function readMap(text: string | undefined): SourceMap | undefined {
  if (text === undefined) return undefined;
  try {
    return new SourceMap(JSON.parse(text));
  } catch {
    return undefined;
  }
}
