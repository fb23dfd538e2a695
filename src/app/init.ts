// A pipeline that works, small enough to be read at once and to be changed. It is examples/measure.
import { isObject, parseStrictJson } from "#base/strict-json.ts";
import { makeFolder, readNamedFile, readNamedText, writeFileAtomically, writeNewFile } from "#base/files.ts";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import manifest from "#manifest" with { type: "json" };
import { OWN_FOLDER } from "#base/own-code.ts";
import { systemErrorCode } from "#base/errors.ts";
import { pipeliteError } from "./errors.ts";

const PACKAGE = dirname(OWN_FOLDER);
const TEMPLATE = join(PACKAGE, "examples/measure");
/** What makes the pipeline; none of these may be there already. */
const PIPELINE_FILES = [
  "pipeline.ts",
  "data/readings.csv",
  "stages/fit.ts",
  "stages/line.ts",
  "stages/picture.ts",
  "test/fit.test.ts",
];

// `preserve`: the files are ES modules whatever the package.json of the folder says.
const TSCONFIG = `{
  "compilerOptions": {
    "target": "esnext",
    "module": "preserve",
    "lib": ["esnext"],
    "types": ["node"],
    "strict": true,
    "noEmit": true,
    "skipLibCheck": true,
    "allowImportingTsExtensions": true,
    "erasableSyntaxOnly": true,
    "verbatimModuleSyntax": true
  },
  "include": ["pipeline.ts", "stages", "test"]
}
`;

interface Manifest {
  name?: string;
  private?: boolean;
  type?: string;
  scripts?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

export interface Initialised {
  folder: string;
  /** Names below the folder. */
  written: string[];
}

/** Writes the files of a small pipeline. @throws PipeliteError INIT_WOULD_OVERWRITE, INIT_MANIFEST_UNREADABLE, INIT_FOLDER_UNUSABLE */
export function init(folder: string): Initialised {
  try {
    return write(folder);
  } catch (error) {
    const reason = REASONS[systemErrorCode(error) ?? ""];
    throw reason === undefined ? error : pipeliteError("INIT_FOLDER_UNUSABLE", { folder, reason }, error);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EROFS: "it is read-only",
  EACCES: "you may not write there",
  EPERM: "you may not write there",
  ENOENT: "no folder can be made there",
  ENOTDIR: "a part of its path is no folder",
};

function write(folder: string): Initialised {
  const present = PIPELINE_FILES.filter((name) => existsSync(join(folder, name)));
  if (present.length > 0) throw pipeliteError("INIT_WOULD_OVERWRITE", { folder, files: present.join(", ") });
  const file = join(folder, "package.json");
  const old = existsSync(file) ? readManifest(file) : undefined;
  const written = [
    ...writeNew(folder, { "tsconfig.json": TSCONFIG, ".gitignore": "/node_modules\n/result\n" }),
    ...writeNew(
      folder,
      Object.fromEntries(PIPELINE_FILES.map((name) => [name, readFileSync(join(TEMPLATE, name), "utf8")])),
    ),
  ];
  writeFileAtomically(file, `${JSON.stringify(completed(old ?? newManifest(folder)), undefined, 2)}\n`);
  return { folder, written: ["package.json", ...written] };
}

/** Writes what is not there yet; what is there is the user's and stays. */
function writeNew(folder: string, files: Readonly<Record<string, string>>): string[] {
  return Object.entries(files).flatMap(([name, content]) => {
    const file = join(folder, name);
    if (existsSync(file)) return [];
    makeFolder(dirname(file));
    // It makes sure of it even if the file came to be a moment ago.
    writeNewFile(file, content);
    return [name];
  });
}

function readManifest(file: string): Manifest {
  const text = readNamedText(file);
  try {
    const value = parseStrictJson(text);
    if (isObject(value)) return value;
  } catch {
    // Thrown below, as for any other text that is not an object.
  }
  throw pipeliteError("INIT_MANIFEST_UNREADABLE", { file });
}

function newManifest(folder: string): Manifest {
  return { name: packageName(folder), private: true, type: "module" };
}

function packageName(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, "-");
  return name.replaceAll(/^-+|-+$/g, "") || "pipeline";
}

/** With what the pipeline needs, where the manifest does not say otherwise: the pinned Node, TypeScript, this package. */
function completed(given: Manifest): Manifest {
  const { typescript, "@types/node": types } = manifest.devDependencies;
  const known = { ...given.dependencies, ...given.devDependencies };
  const wanted = { "@types/node": types, pipelite: ownSource(), typescript };
  const missing = Object.entries(wanted).filter(([name]) => known[name] === undefined);
  return {
    ...given,
    scripts: { start: "pipelite run", test: "tsc && node --test test/*.test.ts", ...given.scripts },
    devDependencies: { ...given.devDependencies, ...Object.fromEntries(missing) },
    optionalDependencies: { ...manifest.optionalDependencies, ...given.optionalDependencies },
  };
}

/** Where this package came from, for npm: a folder or tarball that was installed by its path, else the registry. */
function ownSource(): string {
  if (existsSync(join(PACKAGE, "src"))) return `file:${PACKAGE}`;
  const modules = dirname(PACKAGE);
  const lock = join(modules, ".package-lock.json");
  if (existsSync(lock)) {
    const { packages } = parseStrictJson(readNamedFile(lock)) as {
      packages?: Record<string, { resolved?: string }>;
    };
    const resolved = packages?.[`${basename(modules)}/${manifest.name}`]?.resolved;
    if (resolved?.startsWith("file:")) return `file:${resolve(dirname(modules), resolved.slice(5))}`;
  }
  return `^${manifest.version}`;
}
