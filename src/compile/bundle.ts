// Turns a stage's module, with all it imports, into one ES module. Its bytes depend on the code alone: white space and
// comments are dropped and no path of the machine is written into it, so an edited comment rebuilds nothing. Files that the
// code names by where it lies, workers among them, and packages that can't be bundled are store paths that it refers to. The
// source map stays outside the derivation, for showing stack traces.
import { createHash } from "node:crypto";
import { hexDigestOf } from "#base/digest.ts";
import { readFileSync, statSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import { dirname, extname, relative, resolve } from "node:path";
import type { BuildFailure, BuildOptions, BuildResult, Loader, Plugin } from "esbuild";
import { isPipeliteError } from "#base/errors.ts";
import { isOwnCode, ownModule } from "#base/own-code.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import { builtins, endOfFiles, ownImports, REQUIRE, withoutUnusedRequire } from "./bundle-plugins.ts";
import { entriesBelow } from "./file-stamps.ts";
import { captureLibraries, captureOldParts, withLibraries } from "./native-libraries.ts";
import { Manifests } from "./manifests.ts";
import { unlockedPackage } from "./locked-packages.ts";
import { bundledPackages, type BundledPackage } from "./noted-packages.ts";
import { isInPackage, isInstalled, mustStayInPackage, packageName, packagesOf } from "./packages.ts";
import type { Asked, Packages } from "./packages.ts";
import { askedNames, namesPlaces, placeFiles } from "./placed-files.ts";
import { providedPackages } from "./provided-packages.ts";
import { bundleName, storeName } from "./store-name.ts";
import { moduleAt, TsConfigs } from "./tsconfig.ts";
import { pipeliteError } from "./errors.ts";

export interface StageBundle {
  code: Uint8Array;
  sourceMap: Uint8Array;
  /** Store paths that the code mentions. */
  references: Set<StorePath>;
  /** Those libraries of this machine that binaries in packages need. */
  libraries?: StorePath;
  /** npm packages whose code is in it. */
  packages: BundledPackage[];
  /** What is kept beside the code of the workers among them. */
  workers: Map<StorePath, BundleNotes>;
  /** Path relative to the pipeline's folder -> sha256 (hex) of the file; Pipelite's own runtime under `pipelite`. */
  files: Record<string, string>;
  /** Absolute paths of all files and folders that it hangs on. */
  paths: Set<string>;
}

/** What is kept of a bundle outside of the store. */
export type BundleNotes = Pick<StageBundle, "sourceMap" | "packages">;

/** Packages in the store, as they are installed below a folder. */
interface Installed extends Packages {
  path: StorePath;
}

const RUNTIME = ownModule("compile/runtime");
const CODE = /\.[cm]?[jt]sx?$/;

export interface Bundling {
  /** The pipeline's folder. */
  root: string;
  place: string;
  store: Store;
  /** Where npm keeps archives: packages are held against them. */
  npmCache?: string | undefined;
  /** npm packages that are in the environment of the stage. */
  provided?: ReadonlySet<string> | undefined;
}

/** Bundles the stage module at `path`. */
export async function bundleStage(path: string, bundling: Bundling): Promise<StageBundle> {
  const { root, place } = bundling;
  const entry = `import * as stage from ${JSON.stringify(path)};
import { runStage } from ${JSON.stringify(RUNTIME)};
await runStage(stage);`;
  const stdin = { contents: entry, resolveDir: root, sourcefile: ENTRY, loader: "js" } as const;
  const bundler = new Bundler(bundling);
  try {
    return await bundler.bundle({ stdin }, [path]);
  } catch (error) {
    throw bundleError(error, place);
  }
}

const ENTRY = "stage-entry.js";

class Bundler {
  readonly #root: string;
  readonly #store: Store;
  readonly #configs: TsConfigs;
  readonly #npmCache: string | undefined;
  readonly #manifests: Manifests;
  readonly #provided: ReadonlySet<string>;

  constructor({ root, store, npmCache, provided = new Set() }: Bundling) {
    this.#root = root;
    this.#provided = provided;
    this.#npmCache = npmCache;
    this.#configs = new TsConfigs(root);
    this.#manifests = new Manifests(root);
    this.#store = store;
  }

  /** @param chain the modules whose bundles are under way, for one that names itself */
  async bundle(entry: BuildOptions, chain: readonly string[]): Promise<StageBundle> {
    const stays = new Set<string>();
    let packages: Packages | undefined;
    for (;;) {
      const installed = packages && (await this.#install(packages));
      const attempt = new Attempt(this.#parts(installed, chain));
      const made = await attempt.build(entry).catch((error: unknown) => new Failed(error, this.#root));
      const found = made instanceof Failed ? made.files : await staying(inputsOf(made, this.#root));
      const isNew =
        found.some((file) => !stays.has(file)) || (packages === undefined && attempt.asked.length > 0);
      if (!isNew && made instanceof Failed) throw made.error;
      if (!isNew && !(made instanceof Failed)) {
        const bundle = this.#bundleOf(made, attempt);
        this.#holdToLock(bundle, installed);
        return this.#withPackages(bundle, installed);
      }
      for (const file of found) stays.add(file);
      packages = packagesOf(stays, attempt.asked);
    }
  }

  /** What is bundled and what is taken as it is must be what is locked. @throws PACKAGE_NOT_LOCKED */
  #holdToLock(bundle: StageBundle, installed: Installed | undefined): void {
    const bundled = bundle.packages.map(({ path }) => path);
    const folders = new Set([...bundled, ...(installed?.folders ?? [])]);
    const { wrong, locks } = unlockedPackage(folders, this.#npmCache);
    for (const lock of locks) bundle.paths.add(lock);
    if (wrong === undefined) return;
    const { name, lock, problem } = wrong;
    throw pipeliteError("PACKAGE_NOT_LOCKED", { package: name, lock: relative(this.#root, lock), problem });
  }

  async #install(packages: Packages): Promise<Installed> {
    const { base, include } = packages;
    const { path } = await this.#store.addTree(base, { name: "node_modules", include });
    return { ...packages, path };
  }

  async #withPackages(bundle: StageBundle, installed: Installed | undefined): Promise<StageBundle> {
    if (installed === undefined) {
      const parts = this.#provided.size > 0 ? await captureOldParts(this.#store) : undefined;
      return parts === undefined ? bundle : withLibraries(bundle, parts);
    }
    const { base, include, path } = installed;
    bundle.references.add(path);
    bundle.files["node_modules"] = path;
    const files = entriesBelow(base, include).slice(1);
    for (const file of files) bundle.paths.add(file);
    const libraries = await captureLibraries(this.#store, files, (file) => file.startsWith(`${base}/`));
    return libraries === undefined ? bundle : withLibraries(bundle, libraries);
  }

  #parts(installed: Installed | undefined, chain: readonly string[]): AttemptParts {
    const carry = (path: string, from: string, into: Carried) => this.#carry(path, { from, into, chain });
    return {
      root: this.#root,
      configs: this.#configs,
      manifests: this.#manifests,
      provided: this.#provided,
      installed,
      carry,
    };
  }

  #bundleOf(result: Built, { carried }: Attempt): StageBundle {
    const inputs = inputsOf(result, this.#root);
    return {
      code: withoutUnusedRequire(contentOf(result, ".mjs")),
      sourceMap: contentOf(result, ".map"),
      references: new Set(carried.references),
      packages: bundledPackages(inputs.filter((file) => isInPackage(file) && !isOwnCode(file))),
      workers: carried.workers,
      files: { ...fingerprint(inputs, this.#root), ...carried.files },
      paths: new Set([...inputs, ...carried.paths, ...this.#configs.looked, ...this.#manifests.looked]),
    };
  }

  /** Puts a file or folder that a module names into the store; a module that is named so becomes a bundle of its own. */
  async #carry(
    path: string,
    { from, into, chain }: { from: string; into: Carried; chain: readonly string[] },
  ): Promise<StorePath | undefined> {
    const file = statSync(path, { throwIfNoEntry: false }) === undefined ? moduleAt(path) : path;
    // Its own folder is where the bundle is: what it looks for there is not known.
    if (file === undefined || from.startsWith(file.endsWith("/") ? file : `${file}/`)) return undefined;
    const name = relative(this.#root, file);
    if (statSync(file).isFile() && CODE.test(file)) {
      if (chain.includes(file)) throw new Error(`${name} starts itself as a worker`);
      const worker = await this.bundle({ entryPoints: [file] }, [...chain, file]);
      const { path: added } = await this.#store.addText(bundleName(file), worker.code, worker.references);
      for (const [each, beside] of [...worker.workers, [added, worker] as const])
        into.workers.set(each, beside);
      const { pipelite: _pipelite, ...files } = worker.files;
      Object.assign(into.files, files);
      for (const each of worker.paths) into.paths.add(each);
      into.references.add(added);
      return added;
    }
    const include = (each: string) => !/(^|\/)(node_modules|\.git)$/.test(each);
    const { path: added } = await this.#store.addTree(file, { name: storeName(file), include });
    into.references.add(added);
    into.files[name] = statSync(file).isFile() ? hexDigestOf(readFileSync(file)) : added;
    for (const each of entriesBelow(file, include)) into.paths.add(each);
    return added;
  }
}

/** What is carried beside the code. */
type Carried = Pick<StageBundle, "references" | "workers" | "files" | "paths">;

interface AttemptParts {
  root: string;
  configs: TsConfigs;
  manifests: Manifests;
  provided: ReadonlySet<string>;
  /** Packages that are taken as they are; all others are bundled. */
  installed: Installed | undefined;
  carry: (path: string, from: string, into: Carried) => Promise<StorePath | undefined>;
}

type Built = BuildResult<{ write: false; metafile: true }>;

/** One run of the bundler. */
class Attempt {
  readonly #parts: AttemptParts;
  readonly carried: Carried = { references: new Set(), workers: new Map(), files: {}, paths: new Set() };
  /** What modules look for in packages while they run. */
  readonly asked: Asked[] = [];

  constructor(parts: AttemptParts) {
    this.#parts = parts;
  }

  async build(entry: BuildOptions): Promise<Built> {
    const { build } = await import("esbuild");
    return build({
      ...entry,
      absWorkingDir: this.#parts.root,
      bundle: true,
      write: false,
      metafile: true,
      outfile: "stage.mjs",
      format: "esm",
      platform: "node",
      target: "node26",
      charset: "utf8",
      legalComments: "none",
      minifyWhitespace: true,
      lineLimit: 200,
      sourcemap: "external",
      sourcesContent: false,
      logLevel: "silent",
      tsconfigRaw: "{}",
      loader: { ".wasm": "binary" },
      // A module that is run by itself, too, is not run by itself here.
      define: { "process.env.NODE_ENV": '"production"', "import.meta.main": "false" },
      banner: { js: REQUIRE },
      plugins: [
        endOfFiles(this.#parts.manifests),
        ownImports,
        builtins,
        providedPackages(this.#parts.provided),
        this.#plugin(),
      ],
    });
  }

  #plugin(): Plugin {
    const { configs, installed } = this.#parts;
    return {
      name: "packages and files",
      setup: (build) => {
        build.onResolve({ filter: /^[^./]/ }, async ({ path, importer, resolveDir, kind, pluginData }) => {
          if (pluginData === RESOLVING || isBuiltin(path) || isOwnCode(importer)) return undefined;
          const aliased = configs.resolve(path, resolveDir);
          if (aliased !== undefined) return { path: aliased };
          if (installed === undefined) return undefined;
          const found = await build.resolve(path, { importer, resolveDir, kind, pluginData: RESOLVING });
          const isCode = installed.contains(found.path) && /\.([cm]?js|node)$/.test(found.path);
          return isCode ? { path: inStore(found.path, installed), external: true } : undefined;
        });
        build.onLoad({ filter: /\.node$/ }, async ({ path }) => this.#loadAddon(path));
        build.onLoad({ filter: CODE }, async ({ path, namespace }) => {
          if (namespace !== "file" || isInPackage(path) || isOwnCode(path)) return undefined;
          const text = readFileSync(path, "utf8");
          if (!namesPlaces(text)) return undefined;
          const loader = extname(path).replace(/^\.[cm]?/, "") as Loader;
          return { contents: await this.#place(text, path), loader };
        });
      },
    };
  }

  async #loadAddon(path: string) {
    if (isInPackage(path)) return { contents: "" };
    const stored = await this.#parts.carry(path, path, this.carried);
    return { contents: `module.exports = require(${JSON.stringify(stored)});`, loader: "js" as const };
  }

  async #place(text: string, file: string): Promise<string> {
    const { installed, carry } = this.#parts;
    const here = dirname(file);
    for (const asked of askedNames(text)) {
      const name = packageName(asked);
      if (name === undefined || isBuiltin(name) || !isInstalled(name, here)) continue;
      this.asked.push([name, here]);
    }
    return placeFiles(text, {
      file,
      carry: (path) => carry(path, file, this.carried),
      inPackage: (name) =>
        installed && isInstalled(packageName(name) ?? "", here)
          ? inStore(createRequire(file).resolve(name), installed)
          : undefined,
      folder: installed && inStore(here, installed),
    });
  }
}

const RESOLVING = Symbol("resolving");

function inStore(path: string, { base, path: stored }: Installed): string {
  return resolve(stored, relative(base, path));
}

function inputsOf({ metafile }: Built, root: string): string[] {
  return Object.keys(metafile.inputs)
    .filter((name) => name !== ENTRY && !name.includes(":"))
    .map((name) => resolve(root, name));
}

function contentOf(result: BuildResult<{ write: false }>, suffix: string): Uint8Array {
  const file = result.outputFiles.find(({ path }) => path.endsWith(suffix));
  if (file === undefined) throw new Error(`esbuild gave no ${suffix} file`);
  return file.contents;
}

function fingerprint(paths: string[], root: string): Record<string, string> {
  const own = createHash("sha256");
  const files: Record<string, string> = {};
  for (const path of paths.toSorted()) {
    const digest = hexDigestOf(readFileSync(path));
    if (isOwnCode(path)) own.update(digest);
    else files[relative(root, path)] = digest;
  }
  return { ...files, pipelite: own.digest("hex") };
}

/** A bundle that could not be made. */
class Failed {
  readonly error: unknown;
  /** The files of packages in which something was wrong; none when something else was, too. */
  readonly files: string[];

  constructor(error: unknown, root: string) {
    this.error = error;
    const wrong = isBuildFailure(error)
      ? error.errors.map(({ location, detail }) =>
          resolve(root, detail instanceof Error ? ENTRY : (location?.file ?? ENTRY)),
        )
      : [];
    this.files = wrong.every(isInPackage) ? wrong : [];
  }
}

/** The files of packages that must stay where they are, among these. */
async function staying(files: readonly string[]): Promise<string[]> {
  const inPackages = files.filter((file) => isInPackage(file) && !isOwnCode(file));
  const stays = await Promise.all(inPackages.map(mustStayInPackage));
  return inPackages.filter((_, index) => stays[index]);
}

function bundleError(error: unknown, place: string): unknown {
  if (!isBuildFailure(error)) return error;
  const [first] = error.errors;
  if (first === undefined) return error;
  const { location, text, detail } = first;
  // What a hook of ours threw.
  if (isPipeliteError(detail)) return detail;
  const where = location === null ? place : `${location.file}:${location.line}:${location.column + 1}`;
  return pipeliteError("STAGE_BUNDLE_FAILED", { place, where, problem: text }, error);
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && "errors" in error && Array.isArray(error.errors);
}
