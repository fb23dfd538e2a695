// What a pipeline.ts reads while it is loaded: files and folders by node:fs, the environment, the working folder. All of it
// is part of what makes a run up to date. What can't be the same the next time (clock, randomness, the machine) is noted, so
// that such a pipeline is loaded again each time; programs and the network are refused.
//
// The functions of Node's own modules are replaced while a pipeline is loaded, for every way to them: `import`, `require`
// and `process.getBuiltinModule` all lead to one object.
import { own } from "#base/own.ts";
import { hexDigestOf } from "#base/digest.ts";
import { realpathSync } from "node:fs";
import { createRequire, syncBuiltinESMExports } from "node:module";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { endlessKind } from "#base/files.ts";
import { isOwnCode } from "#base/own-code.ts";
import { placeInStack } from "#author/source-position.ts";
import { pipeliteError } from "./errors.ts";
import { entriesBelow } from "./file-stamps.ts";

export interface Readings {
  /** Absolute paths of files and folders, also of those that were not there. */
  paths: Set<string>;
  /** What else was asked for -> digest of the answer: `env NAME`, `env *` for all of it, `cwd`. */
  answers: Map<string, string>;
  /** What may answer otherwise the next time, as it is called: `Date.now`; undefined when nothing was asked. */
  unsteady: string | undefined;
}

type Call = (target: Function, self: unknown, args: unknown[]) => unknown;
type Holder = Record<PropertyKey, unknown>;

const require = createRequire(import.meta.url);
/** Pipelines that are being loaded right now. */
const active = new Set<Readings>();
let undo: (() => void)[] = [];
/** Set while what was read is looked at: that reads, too. */
let isLooking = false;

/** Does something and notes what it reads on the way. */
export async function withReadings<T>(action: () => Promise<T>): Promise<{ value: T; readings: Readings }> {
  const readings = beginReading();
  try {
    return { value: await action(), readings };
  } finally {
    endReading(readings);
  }
}

/** The same for what is done at once: nothing of what goes on beside it is noted. */
export function withReadingsNow<T>(action: () => T): { value: T; readings: Readings } {
  const readings = beginReading();
  try {
    return { value: action(), readings };
  } finally {
    endReading(readings);
  }
}

/** What two of them have together. */
export function addReadings(to: Readings, { paths, answers, unsteady }: Readings): void {
  for (const path of paths) to.paths.add(path);
  for (const [question, answer] of answers) to.answers.set(question, answer);
  to.unsteady ??= unsteady;
}

function beginReading(): Readings {
  const readings: Readings = { paths: new Set(), answers: new Map(), unsteady: undefined };
  if (active.size === 0) watch();
  active.add(readings);
  return readings;
}

function endReading(readings: Readings): void {
  active.delete(readings);
  if (active.size > 0) return;
  for (const each of undo.toReversed()) each();
  undo = [];
  syncBuiltinESMExports();
}

/** Whether everything that was asked for is answered as it was. */
export function isAnsweredAlike(answers: Readonly<Record<string, string>>): boolean {
  return Object.entries(answers).every(([question, digest]) => answerTo(question) === digest);
}

/** Digests, since a secret may be among the values. */
function answerTo(question: string): string {
  const name = question.startsWith("env ") ? question.slice("env ".length) : undefined;
  const env = realEnv();
  const value = name === undefined ? process.cwd() : name === "*" ? JSON.stringify(env) : own(env, name);
  return value === undefined ? "" : hexDigestOf(value);
}

let envBehindProxy: NodeJS.ProcessEnv | undefined;

function realEnv(): NodeJS.ProcessEnv {
  return envBehindProxy ?? process.env;
}

function note(change: (readings: Readings) => void): void {
  if (isLooking) return;
  isLooking = true;
  try {
    for (const readings of active) change(readings);
  } finally {
    isLooking = false;
  }
}

function noteUnsteady(what: string): void {
  note((readings) => (readings.unsteady ??= what));
}

function noteAnswer(question: string): void {
  note(({ answers }) => answers.set(question, answerTo(question)));
}

function refuse(what: string, problem: string): never {
  noteUnsteady(what);
  throw pipeliteError("PIPELINE_REACHES_OUT", {
    place: placeInStack(new Error().stack ?? "") ?? "pipeline.ts",
    what,
    problem,
  });
}

/** From here on; modules of Node that are costly to load are seen to when they are asked for (`watchModule`). */
function watch(): void {
  for (const name of ["fs", "fs/promises"]) watchModule(name);
  watchEnvironment();
  watchClocks();
  const world = globalThis as unknown as Holder;
  for (const key of ["fetch", "WebSocket", "EventSource"]) {
    const refused = function (): never {
      return refuse(key, NETWORK);
    };
    if (key !== "WebSocket" || !replaceUnseen(refused)) replace(world, key, refused);
  }
  wrap(process as unknown as Holder, "getBuiltinModule", (target, self, args) => {
    watchModule(String(args[0]).replace(/^node:/, ""));
    return call(target, self, args);
  });
  syncBuiltinESMExports();
}

/** Sees to it that a module of Node, by its name without `node:`, is watched before it is used. */
export function watchModule(name: string): void {
  if (active.size === 0 && name !== "fs" && name !== "fs/promises") return;
  if (watched.has(name)) return;
  watched.add(name);
  undo.push(() => watched.delete(name));
  const refused = REFUSED[name];
  if (name === "fs" || name === "fs/promises") {
    watchFiles(require(`node:${name}`) as Holder, name);
  } else if (refused !== undefined) {
    const problem = PROBLEM_OF[name] ?? NETWORK;
    wrapAll(require(`node:${name}`) as Holder, (key) =>
      refused.test(key) ? () => refuse(`${name}.${key}`, problem) : undefined,
    );
  } else if (UNSTEADY[name] !== undefined) {
    const pattern = UNSTEADY[name];
    wrapAll(require(`node:${name}`) as Holder, (key) =>
      pattern.test(key) ? unsteady(`${name}.${key}`) : undefined,
    );
  } else return;
  syncBuiltinESMExports();
}

const watched = new Set<string>();
const NETWORK =
  "What the network answers is no input of a pipeline; `download` of pipelite gets a file as a stage";
const PROGRAMS = "What a program says is no input of a pipeline; let a stage run it";
const PROBLEM_OF: Readonly<Record<string, string>> = {
  child_process: PROGRAMS,
  cluster: PROGRAMS,
  worker_threads: "What is read there can't be noticed",
};
const REFUSED: Readonly<Record<string, RegExp>> = {
  child_process: /^(spawn|exec|fork)/,
  worker_threads: /^Worker$/,
  cluster: /^fork$/,
  net: /^(connect|createConnection|createServer|Socket|Server|Stream)$/,
  tls: /^(connect|createServer|TLSSocket)$/,
  dgram: /^(createSocket|Socket)$/,
  dns: /^(lookup|lookupService|resolve\w*|reverse|Resolver)$/,
  "dns/promises": /^(lookup|lookupService|resolve\w*|reverse|Resolver)$/,
  http: /^(request|get|createServer|ClientRequest|WebSocket|fetch)$/,
  https: /^(request|get|createServer)$/,
  http2: /^(connect|createServer|createSecureServer)$/,
};
/** Answers that may be others the next time. */
const UNSTEADY: Readonly<Record<string, RegExp>> = {
  crypto: /^(random|generate|getRandom|webcrypto)/,
  os: /./,
  perf_hooks: /./,
  sqlite: /^DatabaseSync$/,
  ffi: /./,
  v8: /./,
  inspector: /./,
};

/** Every function whose first argument is a path asks about that path. */
function watchFiles(module: Holder, name: string): void {
  wrapAll(module, (key) => {
    if (key.startsWith("glob")) return unsteady(`${name}.${key}`);
    return (target, self, args) => {
      const [first, options] = args;
      const path = pathOf(first);
      if (path !== undefined) {
        noteFile(path, isRecursive(options));
        const kind = READS.test(key) ? endlessKind(path) : undefined;
        if (kind !== undefined) refuse(path, `It is ${kind}, and that may have no end`);
      }
      return call(target, self, args);
    };
  });
}

const READS = /^(read|createRead|copy|cp|open)/;

function isRecursive(options: unknown): boolean {
  return (
    typeof options === "object" && options !== null && "recursive" in options && options.recursive === true
  );
}

function pathOf(value: unknown): string | undefined {
  if (typeof value === "string") return resolve(value);
  if (value instanceof URL && value.protocol === "file:") return fileURLToPath(value);
  return Buffer.isBuffer(value) ? resolve(value.toString()) : undefined;
}

function noteFile(path: string, isDeep: boolean): void {
  note(({ paths }) => {
    paths.add(path);
    try {
      // What a link leads to may change without it.
      paths.add(realpathSync(path));
      if (isDeep) for (const entry of entriesBelow(path, () => true)) paths.add(entry);
    } catch {
      // It is not there: that is what was read.
    }
  });
}

function watchEnvironment(): void {
  const { env } = process;
  envBehindProxy = env;
  process.env = new Proxy(env, {
    get(target, name) {
      if (typeof name === "string") noteAnswer(`env ${name}`);
      return Reflect.get(target, name) as unknown;
    },
    has(target, name) {
      if (typeof name === "string") noteAnswer(`env ${name}`);
      return Reflect.has(target, name);
    },
    ownKeys(target) {
      noteAnswer("env *");
      return Reflect.ownKeys(target);
    },
  });
  undo.push(() => {
    process.env = env;
    envBehindProxy = undefined;
  });
  wrap(process as unknown as Holder, "cwd", (target, self, args) => {
    noteAnswer("cwd");
    return call(target, self, args);
  });
}

function watchClocks(): void {
  const world = globalThis as unknown as Holder;
  const { Date: RealDate } = globalThis;
  const isNow = (args: unknown[]) => args.length === 0 && noteUnsteady("new Date()");
  const now = new Proxy(RealDate.now, { apply: (target) => (noteUnsteady("Date.now"), target()) });
  replace(
    world,
    "Date",
    new Proxy(RealDate, {
      construct(target, args: [], newTarget) {
        isNow(args);
        return Reflect.construct(target, args, newTarget) as object;
      },
      apply: (target) => (noteUnsteady("Date()"), target()),
      get: (target, name, receiver) =>
        name === "now" ? now : (Reflect.get(target, name, receiver) as unknown),
    }),
  );
  wrap(Math as unknown as Holder, "random", unsteady("Math.random"));
  wrap(performance as unknown as Holder, "now", unsteady("performance.now"));
  const real = Object.getOwnPropertyDescriptor(globalThis, "crypto");
  if (real?.get !== undefined) {
    const get = (): unknown => (noteUnsteady("crypto"), real.get?.call(globalThis));
    Object.defineProperty(globalThis, "crypto", { ...real, get });
    undo.push(() => Object.defineProperty(globalThis, "crypto", real));
  }
  for (const key of ["hrtime", "uptime", "cpuUsage", "memoryUsage", "resourceUsage", "dlopen", "binding"])
    wrap(process as unknown as Holder, key, unsteady(`process.${key}`));
  const clock = (world["Temporal"] as { Now?: Holder } | undefined)?.Now;
  if (clock !== undefined) wrapAll(clock, (key) => unsteady(`Temporal.Now.${key}`));
}

function unsteady(what: string): Call {
  return (target, self, args) => {
    noteUnsteady(what);
    return call(target, self, args);
  };
}

function call(target: Function, self: unknown, args: unknown[]): unknown {
  return Reflect.apply(target, self, args) as unknown;
}

function wrapAll(holder: Holder, callOf: (key: string) => Call | undefined): void {
  for (const key of Object.getOwnPropertyNames(holder)) {
    const made = callOf(key);
    if (made !== undefined) wrap(holder, key, made);
  }
}

/** Puts another function in the place of one; what hangs on that (`realpath.native`) is wrapped as well. */
function wrap(holder: Holder, key: string, made: Call): void {
  const descriptor = Object.getOwnPropertyDescriptor(holder, key);
  // A getter may load a part of Node: it is left alone, and so is what is not a function.
  if (descriptor !== undefined && !("value" in descriptor)) return;
  const value = holder[key];
  if (typeof value !== "function") return;
  const proxy = proxyOf(value, made);
  if (descriptor?.configurable === false && descriptor.writable !== true) return;
  replace(holder, key, proxy);
}

function proxyOf(value: Function, made: Call): unknown {
  return new Proxy(value, {
    apply: (target, self, args: unknown[]) => made(target, self, args),
    construct(target, args: unknown[], newTarget) {
      let built: object | undefined;
      made(
        (...given: unknown[]) => (built = Reflect.construct(target, given, newTarget) as object),
        undefined,
        args,
      );
      return built ?? (Reflect.construct(target, args, newTarget) as object);
    },
    get(target, name, receiver) {
      const member = Reflect.get(target, name, receiver) as unknown;
      const isNative = (name === "native" || name === "bigint") && typeof member === "function";
      return isNative ? proxyOf(member, made) : member;
    },
  });
}

/**
 * Looking at Node's own `WebSocket`, be it at its descriptor, loads all of undici, which takes as long as the start of Node.
 * In a process of ours nobody has put another one there, so it is replaced without a look.
 * @returns false where it must be looked at, or may be
 */
function replaceUnseen(refused: () => never): boolean {
  if (hasSeenSocket || !isOwnCode(process.argv[1] ?? "")) return false;
  hasSeenSocket = true;
  const world = globalThis as unknown as Holder;
  world["WebSocket"] = refused;
  const put = (property: PropertyDescriptor): void =>
    void Object.defineProperty(world, "WebSocket", { configurable: true, enumerable: false, ...property });
  undo.push(() =>
    put({
      // The same one, which is still loaded when it is asked for.
      get: () => (require("node:http") as Holder)["WebSocket"],
      set: (value: unknown) => put({ value, writable: true }),
    }),
  );
  return true;
}

let hasSeenSocket = false;

function replace(holder: Holder, key: string, value: unknown): void {
  const before = Object.getOwnPropertyDescriptor(holder, key);
  Object.defineProperty(holder, key, {
    value,
    configurable: true,
    writable: true,
    enumerable: before?.enumerable ?? true,
  });
  undo.push(() => {
    if (before === undefined) Reflect.deleteProperty(holder, key);
    else Object.defineProperty(holder, key, before);
  });
}
