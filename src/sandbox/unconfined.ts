// The last resort: no isolation at all. The stage runs on the host's file system, so logical paths in its builder, arguments
// and environment become physical ones. Whoever chooses this must say so in the run's record.
import { existsSync } from "node:fs";
import { basename, dirname } from "node:path";
import { byteStringOf } from "#base/bytes.ts";
import { readLoader } from "#base/elf.ts";
import { keepOnlyReport, startBuilderCalls } from "./inside.ts";
import type { SandboxRequest } from "./request.ts";
import type { Processor, SystemCall } from "./launcher/system-call.ts";

export function callsUnconfined(
  request: SandboxRequest,
  machine: Processor,
  processes: number,
): SystemCall[] {
  const rewrite = pathRewriter(request);
  const program = throughLoader(rewrite(request.builder), rewrite);
  const start = {
    machine,
    builder: program.builder,
    args: [...program.args, ...request.args.map(rewrite)],
    env: new Map([...request.env].map(([key, value]) => [key, rewrite(value)])),
    workingFolder: byteStringOf(request.buildDir),
    network: request.network,
    processes,
    processors: request.processors,
  };
  return [...keepOnlyReport(), ...startBuilderCalls(start)];
}

/** A program that names a loader of the store is started through it, as neither is where its name says. */
function throughLoader(builder: string, rewrite: (text: string) => string) {
  const file = Buffer.from(builder, "latin1");
  const loader = existsSync(file) ? readLoader(file) : null;
  if (typeof loader !== "string" || !loader.startsWith("/nix/store/")) return { builder, args: [] };
  const libraries = rewrite(dirname(loader));
  return {
    builder: rewrite(loader),
    args: ["--library-path", libraries, "--argv0", basename(builder), builder],
  };
}

/** @returns a function on byte strings: paths of inputs, of outputs (anything else in the store), and of /build. */
export function pathRewriter(request: SandboxRequest): (text: string) => string {
  const inputs = new Map(request.inputs.map(({ path, physical }) => [String(path), byteStringOf(physical)]));
  const storeDir = byteStringOf(request.storeDir);
  const buildDir = byteStringOf(request.buildDir);
  return (text) =>
    text
      .replaceAll(/\/nix\/store\/([0-9a-z]{32}-[0-9a-zA-Z+._?=-]+)/g, (path, base: string) => {
        return inputs.get(path) ?? `${storeDir}/${base}`;
      })
      .replaceAll(/\/nix\/store(?![0-9a-zA-Z/._-])/g, () => storeDir)
      .replaceAll(/(?<![0-9a-zA-Z/._-])\/build(?![0-9a-zA-Z._-])/g, () => buildDir);
}
