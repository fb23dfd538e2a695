// What a run needs of the package, packed: the core is all that one with nothing to do needs, and a second file what it needs
// more when it builds (of it the store by itself, which a library is, too), another what its end needs; packing has one, too. Node takes a third of a millisecond
// to find, read and link a file of ES modules, and these would be eighty and sixty: hence one file each, and CommonJS, which is quicker.
import { isBuiltin } from "node:module";
import { join, relative, resolve } from "node:path";
import type { BuildOptions, OnResolveArgs, OnResolveResult, Plugin } from "esbuild";
import { build as bundle } from "esbuild";

const root = join(import.meta.dirname, "..");
const src = join(root, "src");

export const common: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node26",
  legalComments: "none",
  external: ["esbuild", "pg"],
};
export const commonJs: BuildOptions = {
  ...common,
  format: "cjs",
  minifyWhitespace: true,
  minifySyntax: true,
  define: {
    "import.meta.url": "__filename",
    "import.meta.filename": "__filename",
    "import.meta.dirname": "__dirname",
  },
};

/** What each packed file is for: what is named here, and all that it imports and no file before it has. */
const PARTS = {
  "core.cjs": ["cli/process.ts", "cli/commands/run.ts", "app/run.ts", "base/version.ts"],
  "store.cjs": ["store/store.ts", "store/transfer.ts"],
  // The last two are small, and else packing would load the whole next part for them.
  "run.cjs": ["run/execute.ts", "index.ts", "sbom/uuid.ts", "supply/errors.ts"],
  "end.cjs": ["run/conclude.ts", "report/index.ts", "report/writer.ts", "home/break-statement.ts"],
  "pack.cjs": ["cli/commands/pack.ts", "app/pack.ts"],
  "seldom.cjs": ["release/skeleton.ts", "sigstore/ecdsa.ts"],
};

/** What takes long to load, and is loaded when it is called: a table of characters that look alike, an elliptic curve. */
const seldom = takeWhenCalled("seldom.cjs", {
  "release/skeleton.ts": ["skeleton"],
  "sigstore/ecdsa.ts": ["signP256"],
});

export interface Part {
  file: string;
  text: string;
  /** Its modules: src/run/execute.ts. */
  modules: string[];
  /** All files that are in it, those of packages included. */
  inputs: string[];
  /** What they import when it is needed, and no part has. */
  lazy: Set<string>;
  /** Modules of Node that it loads at once. */
  builtins: Set<string>;
}

/** The parts, in the order in which they are loaded. */
export async function bundleParts(): Promise<Part[]> {
  const parts: Part[] = [];
  for (const [file, entries] of Object.entries(PARTS)) parts.push(await bundlePart(file, entries, parts));
  return parts;
}

async function bundlePart(file: string, entries: string[], earlier: readonly Part[]): Promise<Part> {
  const lazy = new Set<string>();
  const taken = takeFromParts(earlier, await exportsOf(earlier.flatMap(({ modules }) => modules)));
  const own = new Set(Object.values(PARTS).flat());
  const later = onImport((path, { kind }) => {
    if (kind !== "dynamic-import") return undefined;
    const name = nameOf(path);
    if (own.has(name) || earlier.some(({ modules }) => modules.includes(`src/${name}`)))
      return { path: `part:${name}`, external: true };
    lazy.add(path);
    return { path: `./${chunkOf(path)}.js`, external: true };
  });
  // A home asks whether a line of its journal is signed where there is a broken one: all others need no elliptic curve for it.
  const called = takeWhenCalled("end.cjs", { "home/break-statement.ts": ["breakStatement"] });
  const plugins = [
    later,
    ...(file === "seldom.cjs" ? [] : [seldom]),
    taken,
    ...(file === "core.cjs" ? [called] : []),
  ];
  const options: BuildOptions = { ...commonJs, plugins };
  const entryPoints = entries.map((entry) => join(src, entry));
  const { metafile } = await bundle({ ...options, entryPoints, outdir: root, metafile: true, write: false });
  const inputs = Object.keys(metafile?.inputs ?? {});
  const modules = inputs.filter((input) => input.startsWith("src/"));
  const contents = [
    ...modules.map((module, index) => `import * as m${index} from "./${module}";`),
    `export const modules = {${modules.map((module, index) => `"${nameOf(module)}": m${index}`).join()}};`,
    ...(file === "core.cjs" ? ['export { runProcess } from "./src/cli/process.ts";'] : []),
  ].join("\n");
  const stdin = { contents, resolveDir: root, sourcefile: "part.ts" };
  const { outputFiles, metafile: made } = await bundle({ ...options, stdin, metafile: true, write: false });
  const homes = new Map(earlier.flatMap((part) => part.modules.map((module) => [nameOf(module), part.file])));
  for (const module of modules) homes.set(nameOf(module), file);
  for (const [part, names] of Object.entries(PARTS))
    for (const name of names) if (!homes.has(name)) homes.set(name, part);
  // Were they imports inside the bundle, each module would be a function of its own that is compiled and called at every start.
  const text = (outputFiles?.[0]?.text ?? "").replaceAll(/import\("part:([^"]+)"\)/g, (_, name: string) => {
    const part = homes.get(name) ?? "";
    const from = part === file ? "module.exports" : `require("./${part}")`;
    return `Promise.resolve().then(() => ${from}.modules["${name}"])`;
  });
  const imports = Object.values(made?.outputs ?? {}).flatMap((output) => output.imports);
  const builtins = imports.filter(({ kind, path }) => kind === "require-call" && path.startsWith("node:"));
  return { file, text, modules, inputs, lazy, builtins: new Set(builtins.map(({ path }) => path)) };
}

/** Names of modules -> what they export. */
export async function exportsOf(modules: string[]): Promise<Map<string, string[]>> {
  const unknown = modules.filter((module) => !knownExports.has(nameOf(module)));
  if (unknown.length > 0) {
    const ask: BuildOptions = { absWorkingDir: root, outdir: root, metafile: true, write: false };
    const { metafile } = await bundle({ ...ask, entryPoints: unknown, format: "esm" });
    for (const { entryPoint = "", exports } of Object.values(metafile?.outputs ?? {}))
      knownExports.set(nameOf(entryPoint), exports);
  }
  return new Map(modules.map((module) => [nameOf(module), knownExports.get(nameOf(module)) ?? []]));
}

const knownExports = new Map<string, string[]>();

/** Takes modules of the parts from there. */
export function takeFromParts(
  parts: readonly Part[],
  exported: ReadonlyMap<string, readonly string[]>,
): Plugin {
  const homes = new Map(
    parts.flatMap(({ file, modules }) => modules.map((module) => [nameOf(module), file])),
  );
  const { name, setup } = onImport((path) =>
    homes.has(nameOf(path)) ? { path: nameOf(path), namespace: "taken", sideEffects: false } : undefined,
  );
  return {
    name,
    setup(build) {
      build.onResolve({ filter: /^part:/ }, ({ path }) => ({ path: path.slice(5), namespace: "part" }));
      build.onLoad({ filter: /./, namespace: "part" }, ({ path }) => ({
        contents: `import { createRequire } from "node:module";
          const { modules } = createRequire(import.meta.url)("./${path}");
          export const take = (file, name) => modules[file][name];`,
      }));
      build.onLoad({ filter: /./, namespace: "taken" }, ({ path }) => {
        const taken = exported
          .get(path)
          ?.map((each) => `export const ${each} = /* @__PURE__ */ take(${JSON.stringify(path)}, "${each}");`);
        return { contents: [`import { take } from "part:${homes.get(path)}";`, ...(taken ?? [])].join("\n") };
      });
      return setup(build);
    },
  };
}

/** Takes functions of a part, which is loaded when the first of them is called. @param names module -> what is taken of it */
export function takeWhenCalled(part: string, names: Readonly<Record<string, readonly string[]>>): Plugin {
  const { name, setup } = onImport((path) =>
    nameOf(path) in names ? { path: nameOf(path), namespace: part, sideEffects: false } : undefined,
  );
  return {
    name,
    setup(build) {
      build.onLoad({ filter: /./, namespace: part }, ({ path }) => ({
        contents: [
          `import { createRequire } from "node:module";`,
          `let loaded;`,
          `const module = () => (loaded ??= createRequire(import.meta.url)("./${part}").modules[${JSON.stringify(path)}]);`,
          ...(names[path] ?? []).map(
            (each) => `export const ${each} = (...values) => module().${each}(...values);`,
          ),
        ].join("\n"),
      }));
      return setup(build);
    },
  };
}

/**
 * Packages of CommonJS that ask for a module of Node by `require`, which no ES module has: they get what an import of it gives.
 */
export const importBuiltins: Plugin = {
  name: "import-builtins",
  setup(build) {
    build.onResolve({ filter: /^[a-z]/ }, ({ path, kind }) =>
      kind === "require-call" && isBuiltin(path) ? { path, namespace: "builtin" } : undefined,
    );
    build.onLoad({ filter: /./, namespace: "builtin" }, ({ path }) => ({
      contents: `export * from "node:${path.replace(/^node:/, "")}";`,
    }));
  },
};

/**
 * Says of an import of one of our files, which other one is meant by it. All name a whole file: to ask esbuild, which looks at the disk
 * anew for each, takes two thirds of all processor time.
 */
export function onImport(answer: (path: string, args: OnResolveArgs) => OnResolveResult | undefined): Plugin {
  return {
    name: "on-import",
    setup(build) {
      build.onResolve({ filter: /^(#\w+\/|\.)/ }, (args) => {
        const { path, kind, resolveDir } = args;
        if (kind === "entry-point" || !resolveDir.startsWith(src)) return undefined;
        return answer(path.startsWith("#") ? join(src, path.slice(1)) : join(resolveDir, path), args);
      });
    },
  };
}

/** src/app/run.ts -> app/run.ts */
function nameOf(path: string): string {
  return relative(src, resolve(root, path));
}

/** src/app/run.ts -> app-run */
export function chunkOf(path: string): string {
  return nameOf(path).replace(/\.ts$/, "").replaceAll("/", "-");
}
