// Compiled code of the packed files of the command. Node's own cache has what is compiled when a file is loaded; the functions in it
// are compiled at their first call, and that is a fifth of what a short run takes. Here they are kept, too, as they are known
// at the end of a run.
import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import Module, { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { constants, Script } from "node:vm";

/** Commands that load all of the packed files, often. */
const COMMANDS: ReadonlySet<string | undefined> = new Set(["run", "plan"]);
/** What nobody wrote for so long is of a package that is gone. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1000;

/** V8 drops the code of functions that have not been called for some time: a long run has less of it at its end. */
const EARLY_MS = 1000;

interface Loaded {
  script: Script;
  /** Its compiled code as it was after a moment. */
  early?: Buffer;
  /** Where its compiled code goes. */
  file: string;
}

/** @param folder of the cache. @param packed the folder of the packed files */
export function keepCompiledCode(folder: string, packed: string, command: string | undefined): void {
  if (!COMMANDS.has(command)) return;
  const loaded: Loaded[] = [];
  const prefix = `${process.versions.node}-${process.arch}-${command}`;
  let isMissing = false;
  const { extensions } = createRequire(import.meta.filename);
  const load = extensions[".js"];
  const loadKept = (module: NodeModule, path: string): void => {
    if (dirname(path) !== packed) return load?.(module, path);
    const { text, mark } = readMarked(path);
    const file = join(folder, `${prefix}-${mark}.bin`);
    const cachedData = readIfThere(file);
    const script = new Script(Module.wrap(text), {
      filename: path,
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
      ...(cachedData && { cachedData }),
    });
    if (cachedData === undefined || script.cachedDataRejected === true) isMissing = true;
    loaded.push({ script, file });
    const run = script.runInThisContext() as (...args: unknown[]) => void;
    run.call(module.exports, module.exports, createRequire(path), module, path, packed);
  };
  // Not among its keys, which are what is tried behind a name that has none.
  Object.defineProperty(extensions, ".cjs", { value: loadKept, enumerable: false, configurable: true });
  const look = (): void => {
    if (isMissing) for (const each of loaded) each.early = each.script.createCachedData();
  };
  setTimeout(look, EARLY_MS).unref();
  process.once("exit", () => {
    if (isMissing) keep(folder, loaded);
  });
}

/** V8 itself tells two texts of the same length for the same. An inode and the time that it was changed are of one text. */
function readMarked(path: string): { text: string; mark: string } {
  const fd = openSync(path, "r");
  try {
    const { dev, ino, size, ctimeNs } = fstatSync(fd, { bigint: true });
    return { text: readFileSync(fd, "utf8"), mark: [dev, ino, size, ctimeNs].join("-") };
  } finally {
    closeSync(fd);
  }
}

/** V8 believes what it reads, so it is there twice, and both must be the same: a sum over it would take longer. */
function readIfThere(file: string): Buffer | undefined {
  try {
    const bytes = readFileSync(file);
    const half = bytes.length / 2;
    return bytes.subarray(0, half).equals(bytes.subarray(half)) ? bytes.subarray(0, half) : undefined;
  } catch {
    return undefined;
  }
}

/** A cache that can't be written is none. */
function keep(folder: string, loaded: readonly Loaded[]): void {
  try {
    mkdirSync(folder, { recursive: true });
    for (const { script, file, early } of loaded) {
      const late = script.createCachedData();
      writeWhole(file, early !== undefined && early.length > late.length ? early : late);
    }
    for (const name of readdirSync(folder)) {
      const file = join(folder, name);
      if (name.endsWith(".bin") && Date.now() - statSync(file).mtimeMs > KEPT_MS) rmSync(file);
    }
  } catch {
    // The next start compiles it again.
  }
}

/** A part of it must not be there under its name. */
function writeWhole(file: string, data: Uint8Array): void {
  const made = `${file}.${process.pid}`;
  try {
    const fd = openSync(made, "wx", 0o600);
    try {
      writeFileSync(fd, Buffer.concat([data, data]));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(made, file);
  } finally {
    rmSync(made, { force: true });
  }
}
