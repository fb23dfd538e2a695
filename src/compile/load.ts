// Evaluates a pipeline.ts. The modules of its stages are not loaded: while a stage's `() => import("...")` is called, a
// resolve hook notes where the import leads and answers with an empty module.
import { existsSync, readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { basename, dirname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { TransformFailure } from "esbuild";
import { isPipeliteError } from "#base/errors.ts";
import { suggestionFor } from "#base/near-words.ts";
import { eraseTypes } from "./erase-types.ts";
import { findPipeline, requireEnd } from "./find-pipeline.ts";
import { watchModule, withReadings, type Readings } from "./readings.ts";
import { isOwnCode, ownLibrary, ownModule } from "#base/own-code.ts";
import { isPack, type Pack } from "#author/pack.ts";
import type { Pipeline } from "#author/pipeline.ts";
import { noticingVariants, type Variants } from "#author/matrix.ts";
import { noticingSecrets } from "#author/secret.ts";
import { placeInStack } from "#author/source-position.ts";
import { Manifests } from "./manifests.ts";
import { TsConfigs } from "./tsconfig.ts";
import { pipeliteError } from "./errors.ts";

export interface LoadedPipeline {
  /** The name of the folder that holds pipeline.ts. */
  name: string;
  /** Absolute path of pipeline.ts. */
  file: string;
  root: string;
  definition: Pipeline;
  /** What it exports besides that `pack` made, in the order of its names. */
  packs: Pack[];
  /** Every module of the user's that evaluating it loaded. */
  files: string[];
  /** What evaluating it read besides. */
  readings: Readings;
  /** The names of secrets that evaluating it made. */
  secrets: string[];
  /** What `matrix` made of combinations of values. */
  variants: Variants[];
  /** When that began, since the epoch. */
  atMs: number;
}

const AUTHORING_MODULE = pathToFileURL(ownModule("index")).href;
const STAGE_MODULE = "pipelite-stage:";

export function loadPipeline(where: string): Promise<LoadedPipeline> {
  return alone(() => load(where));
}

/** Modules that are asked for while one is looked for would be taken for it: one at a time. */
function alone<T>(action: () => Promise<T>): Promise<T> {
  const next = lastLoad.then(action);
  lastLoad = next.catch(() => undefined);
  return next;
}

let lastLoad: Promise<unknown> = Promise.resolve();

async function load(where: string): Promise<LoadedPipeline> {
  const atMs = Date.now();
  const file = findPipeline(where);
  const files = new Set<string>();
  let version = (loads += 1);
  let erased = erasedTextOf(file);
  const configs = new TsConfigs(dirname(file));
  const manifests = new Manifests(dirname(file));
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (specifier === "pipelite") return { url: AUTHORING_MODULE, shortCircuit: true };
      const library = ownLibrary(specifier);
      if (library !== undefined) return { url: pathToFileURL(library).href, shortCircuit: true };
      const name = aliased(specifier, context.parentURL, configs);
      manifests.look(...placeOf(name, context.parentURL ?? pathToFileURL(file).href));
      const found = next(name, context);
      if (found.url.startsWith("node:")) watchModule(found.url.slice("node:".length));
      return isReadAnew(found) ? { ...found, url: `${found.url}?load=${version}` } : found;
    },
    load(url, context, next) {
      const path = url.startsWith("file:") ? fileURLToPath(url.replace(/\?.*$/, "")) : undefined;
      if (path === undefined || isOwnCode(path)) return next(url, context);
      requireEnd(path, basename(file));
      files.add(path);
      if (path === file && erased !== undefined)
        return { format: "module", source: erased, shortCircuit: true };
      return path.endsWith(".ts")
        ? next(url, { ...context, format: "module-typescript" })
        : next(url, context);
    },
  });
  const importFile = async (): Promise<{ default?: unknown }> =>
    (await import(`${pathToFileURL(file).href}?load=${version}`)) as { default?: unknown };
  const importErased = (): Promise<{ default?: unknown }> =>
    importFile().catch((error: unknown) => {
      if (erased === undefined || !(error instanceof SyntaxError) || hasBegun(error)) throw error;
      erased = undefined;
      version = loads += 1;
      return importFile();
    });
  try {
    const { value, made: secrets } = await noticingSecrets(() =>
      noticingVariants(() => withReadings(importErased)),
    );
    const { variants } = value;
    const { value: module, readings } = value.value;
    if (!isPipeline(module.default)) throw pipeliteError("PIPELINE_NOT_EXPORTED", { file });
    const root = dirname(file);
    return {
      name: basename(root),
      file,
      root,
      definition: module.default,
      packs: Object.values(module).filter(isPack),
      files: [...files].toSorted(),
      readings,
      secrets,
      variants,
      atMs,
    };
  } catch (error) {
    throw await explain(error, file);
  } finally {
    hooks.deregister();
  }
}

let loads = 0;

/** Of a file that can't be read Node tells why. */
function erasedTextOf(file: string): string | undefined {
  try {
    return eraseTypes(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** Whether what was thrown comes from a module that ran: one that is no JavaScript does not. */
function hasBegun({ stack = "" }: Error): boolean {
  return /^ +at .*\?load=/m.test(stack);
}

/** A name as Node understands it: tsconfig.json may say what it stands for. */
function aliased(specifier: string, parent: string | undefined, configs: TsConfigs): string {
  const from = parent?.startsWith("file:") ? fileURLToPath(parent.replace(/\?.*$/, "")) : undefined;
  const file = from === undefined || isOwnCode(from) ? undefined : configs.resolve(specifier, dirname(from));
  return file === undefined ? specifier : pathToFileURL(file).href;
}

/** A name, or the path that it is, and the folder of the module that asks for it. */
function placeOf(specifier: string, parent: string): [specifier: string, folder: string] {
  const path = (url: string): string =>
    url.startsWith("file:") ? fileURLToPath(url.replace(/\?.*$/, "")) : url;
  return [path(specifier), dirname(path(parent))];
}

/** Modules of the user's own that are ES modules or data: this process may have loaded them before they were edited. */
function isReadAnew({ url, format }: { url: string; format?: string | null | undefined }): boolean {
  return (
    url.startsWith("file:") &&
    !url.includes("?") &&
    !url.includes("/node_modules/") &&
    !isOwnCode(fileURLToPath(url)) &&
    ["module", "module-typescript", "json"].includes(format ?? "")
  );
}

function isPipeline(value: unknown): value is Pipeline {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "pipeline";
}

async function explain(error: unknown, file: string): Promise<unknown> {
  if (isPipeliteError(error)) return error;
  if (!(error instanceof Error)) {
    const problem = `it threw ${shownValue(error)}, which is no Error`;
    return pipeliteError("PIPELINE_FAILED", { place: basename(file), problem }, error);
  }
  const place =
    placeInStack(error.stack ?? "") ??
    (error instanceof SyntaxError ? await placeOfSyntaxError(file) : undefined) ??
    basename(file);
  const early = /^Cannot access '(.+)' before initialization$/.exec(error.message);
  if (error instanceof ReferenceError && early !== null) {
    return pipeliteError("PIPELINE_CYCLE", { place, name: early[1] }, error);
  }
  const word = /^The requested module 'pipelite' does not provide an export named '(.+)'$/.exec(
    error.message,
  )?.[1];
  if (error instanceof SyntaxError && word !== undefined) {
    const suggestion = await suggestedWord(word);
    return pipeliteError("PIPELINE_WORD_UNKNOWN", { place, word, suggestion }, error);
  }
  return pipeliteError("PIPELINE_FAILED", { place, problem: `${error.name}: ${error.message}` }, error);
}

/** Anything can be thrown, also what throws again when it is looked at. */
function shownValue(value: unknown): string {
  try {
    return String(value).slice(0, 200);
  } catch {
    return `a value of type ${typeof value}`;
  }
}

const RENAMED: Readonly<Record<string, string>> = { fetch: "download" };

/** What may be meant by a word that `pipelite` has not. */
async function suggestedWord(word: string): Promise<string> {
  const known = Object.keys((await import(AUTHORING_MODULE)) as object);
  const renamed = Object.hasOwn(RENAMED, word) ? RENAMED[word] : undefined;
  return renamed === undefined ? suggestionFor(word, known) : `It is called \`${renamed}\` now`;
}

/** Node does not say where a file that it cannot parse is wrong; esbuild does. */
async function placeOfSyntaxError(file: string): Promise<string | undefined> {
  const { transform } = await import("esbuild");
  const options = { loader: "ts", logLevel: "silent" } as const;
  const failure = await transform(readFileSync(file, "utf8"), options).then(
    () => undefined,
    (error: TransformFailure) => error,
  );
  const location = failure?.errors[0]?.location;
  return location ? `${basename(file)}:${location.line}:${location.column + 1}` : undefined;
}

/** Where the module of a stage is, found without loading it. */
export function locateModule(thunk: () => Promise<unknown>, place: string): Promise<string> {
  return alone(() => locate(thunk, place));
}

async function locate(thunk: () => Promise<unknown>, place: string): Promise<string> {
  if (typeof thunk !== "function") throw pipeliteError("STAGE_NOT_AN_IMPORT", { place });
  const found: string[] = [];
  const configs = new TsConfigs("/");
  const manifests = new Manifests("/");
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      // Beside it, Pipelite may load a part of its own, and that what it requires.
      const isOwn = context.parentURL !== undefined && isOwnUrl(context.parentURL);
      if (isOwn || context.conditions.includes("require")) return next(specifier, context);
      found.push(
        moduleUrl(specifier, context.parentURL, () => {
          const name = aliased(specifier, context.parentURL, configs);
          manifests.look(...placeOf(name, context.parentURL ?? name));
          return next(name, context).url;
        }),
      );
      return { url: `${STAGE_MODULE}${found.length}`, format: "module", shortCircuit: true };
    },
    load(url, context, next) {
      if (!url.startsWith(STAGE_MODULE)) return next(url, context);
      return { format: "module", source: "export default undefined;", shortCircuit: true };
    },
  });
  try {
    await thunk();
  } catch (error) {
    throw pipeliteError("STAGE_MODULE_NOT_FOUND", { place, problem: String(error) }, error);
  } finally {
    hooks.deregister();
  }
  const [url] = found;
  if (url === undefined) throw pipeliteError("STAGE_NOT_AN_IMPORT", { place });
  const path = fileURLToPath(url);
  if (!existsSync(path)) throw pipeliteError("STAGE_MODULE_NOT_FOUND", { place, problem: `no file ${path}` });
  requireEnd(path, place);
  return path;
}

function isOwnUrl(url: string): boolean {
  return url.startsWith("file:") && isOwnCode(fileURLToPath(url.replace(/\?.*$/, "")));
}

function moduleUrl(specifier: string, parent: string | undefined, resolveBare: () => string): string {
  const isRelative = specifier.startsWith("./") || specifier.startsWith("../");
  return isRelative ? new URL(specifier, parent).href.replace(/\?.*$/, "") : resolveBare();
}
