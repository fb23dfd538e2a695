// The jobs of the benchmark that are about binary caches: putting one large path into one, and taking very many small ones
// out of one that is 20 ms away.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { removeTree } from "#base/files.ts";
import type { Job, Place } from "./measure.ts";
import { NIX_ENV } from "./nix.ts";
import { inProcess, script } from "./script.ts";

const TEXT_SIZE = 134_000_000;
const PATHS = 1000;
const LATENCY_MS = 20;

/** A file of words: it packs about as well as text does. */
function writeWords(path: string, size: number): void {
  let state = 1;
  const words = Array.from({ length: 4096 }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state.toString(36).slice(0, 3 + (state % 5));
  });
  const lines: string[] = [];
  for (let length = 0; length < size; length += lines.at(-1)?.length ?? 0) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    lines.push(`${words[(state >>> 8) % words.length]} `);
  }
  writeFileSync(path, lines.join("").slice(0, size));
}

export function pushJobs({ folder, pipelite }: Place): Job[] {
  const home = join(folder, "home");
  const file = join(folder, "text");
  writeWords(file, TEXT_SIZE);
  const added = spawnSync(pipelite, ["store", "add", file, "--store", home], { encoding: "utf8" });
  if (added.status !== 0) throw new Error(`The text was not added: ${added.stderr}`);
  const path = added.stdout.trim();
  const [ours, theirs] = [join(folder, "ours"), join(folder, "theirs")];
  const sides = (compression: string): Job["sides"] => [
    {
      name: "pipelite",
      command: [pipelite, "cache", "push", path, "--to", ours, "--store", home, "-q"],
      prepare: () => removeTree(ours),
    },
    {
      name: `nix copy, ${compression}`,
      command: ["nix", "copy", "--store", home, "--to", `file://${theirs}?compression=${compression}`, path],
      env: { ...NIX_ENV, HOME: folder },
      prepare: () => removeTree(theirs),
    },
  ];
  const name = `push of ${TEXT_SIZE / 1e6} MB of text into a folder`;
  const limit =
    "zstd itself, at level 3 on both sides, is nine tenths of the processor time. Ours packs frames of 4 MiB on as many threads as there " +
    "are processors, Nix on one: what that gains depends on how many of them are idle.";
  return [
    { name, sides: sides("zstd"), repeats: 5, target: 1, limit },
    { name, sides: sides("xz"), repeats: 1, target: 0.05, limit },
  ];
}

/** A chain of small paths, served from so far away that each question costs. */
export function pullJobs(place: Place): Job[] {
  const { folder, pipelite } = place;
  const home = join(folder, "home");
  const path = writeChain(place, home);
  const url = serveFromAfar(pipelite, home, folder);
  const [ours, theirs] = [join(folder, "ours"), join(folder, "theirs")];
  return [
    {
      name: `pull of ${PATHS.toLocaleString("en")} small paths from ${LATENCY_MS} ms away`,
      sides: [
        {
          name: "pipelite",
          command: [pipelite, "cache", "pull", path, "--from", url, "--store", ours, "-q"],
          prepare: async () => {
            removeTree(ours);
            await answers(url);
          },
        },
        {
          name: "nix copy",
          command: ["nix", "copy", "--store", theirs, "--from", url, path],
          env: { ...NIX_ENV, HOME: join(folder, "nix-home") },
          prepare: () => {
            removeTree(theirs);
            removeTree(join(folder, "nix-home"));
            mkdirSync(join(folder, "nix-home"));
          },
        },
      ],
      repeats: 3,
      target: 0.2,
      limit: "The closure is one question; then each path is written and registered, some milliseconds each.",
    },
  ];
}

/** A chain of small paths in a store. @returns one that needs all of them */
function writeChain(place: Place, home: string): string {
  const [program, ...words] = script(
    place,
    `const store = openStore(process.argv[1]);
       let path, last = [];
       for (let at = 0; at < ${PATHS}; at++) {
         ({ path } = await store.addText("path-" + at, Buffer.from(last.join(" ") + at), last));
         last = at % 10 === 9 ? [path] : last.concat(path).slice(-3);
       }
       const top = await store.addText("top", Buffer.from(store.validPaths().join("\\n")), store.validPaths());
       console.log(top.path);
       store.close();`,
    home,
  );
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`The chain of paths was not made: ${stderr}`);
  return stdout.trim();
}

/** What a closure consists of, asked of a cache that is far away, by somebody who knows nothing yet. */
export function queryJobs(place: Place): Job[] {
  const { folder, pipelite } = place;
  const home = join(folder, "home");
  const path = writeChain(place, home);
  const url = serveFromAfar(pipelite, home, folder);
  const nixHome = join(folder, "nix-home");
  const setUp = `
    import { BinaryCache } from "#cache/binary-cache.ts";
    import { openCacheFiles } from "#cache/open.ts";
    const signal = new AbortController().signal;
    const cache = new BinaryCache(openCacheFiles(process.argv[1], { cwd: "/", env: {} }), []);`;
  const action = `
    const infos = await cache.closure(${JSON.stringify(path)}, signal);
    if (infos?.length !== ${PATHS + 1}) throw new Error(infos?.length);`;
  return [
    {
      name: `closure of ${(PATHS + 1).toLocaleString("en")} paths, asked of a cache ${LATENCY_MS} ms away`,
      sides: [
        {
          name: "pipelite, in process",
          ...inProcess(setUp, action, url),
          prepare: () => answers(url),
        },
        {
          name: "nix path-info --recursive",
          command: ["nix", "path-info", "--recursive", "--store", url, path],
          env: { ...NIX_ENV, HOME: nixHome },
          prepare: () => {
            removeTree(nixHome);
            mkdirSync(nixHome);
          },
        },
      ],
      repeats: 3,
      target: 0.02,
      limit: "Two answers of the cache, one after the other, are the floor: what it is, and the closure.",
    },
  ];
}

/** Waits until a server is up. */
async function answers(url: string): Promise<void> {
  for (;;) {
    const answer = await fetch(`${url}/nix-cache-info`).catch(() => undefined);
    if (answer?.ok) return;
    await setTimeout(100);
  }
}

let servers = 0;

/** `cache serve` behind a proxy that waits before each answer; both end with this process. */
function serveFromAfar(pipelite: string, home: string, folder: string): string {
  const port = 20_000 + ((process.pid + 2 * servers) % 20_000);
  servers += 1;
  const inner = port + 1;
  const proxy = `
    import { createServer, request } from "node:http";
    createServer((from, to) => setTimeout(() => {
      const on = request({ port: ${inner}, path: from.url, method: from.method, headers: from.headers }, (answer) => {
        to.writeHead(answer.statusCode, answer.headers);
        answer.pipe(to);
      });
      on.on("error", () => to.destroy());
      from.pipe(on);
    }, ${LATENCY_MS})).listen(${port}, "127.0.0.1");`;
  const file = join(folder, "proxy.mjs");
  writeFileSync(file, proxy);
  const children = [
    spawn(pipelite, ["cache", "serve", "--port", String(inner), "--store", home], { stdio: "ignore" }),
    spawn(process.execPath, [file], { stdio: "ignore" }),
  ];
  // This process need not wait for them.
  for (const child of children) child.unref();
  process.on("exit", () => {
    for (const child of children) child.kill();
  });
  return `http://127.0.0.1:${port}`;
}
