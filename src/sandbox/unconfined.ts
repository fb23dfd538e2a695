// The last resort: no isolation at all. The stage runs on the host's file system, so logical paths in its builder, arguments
// and environment become physical ones. Whoever chooses this must say so in the run's record.
import { byteStringOf } from "#base/bytes.ts";
import { keepOnlyReport, startBuilder } from "./inside.ts";
import type { SandboxRequest } from "./request.ts";
import type { Machine, SystemCall } from "./launcher/system-call.ts";

export function callsUnconfined(request: SandboxRequest, machine: Machine, processes: number): SystemCall[] {
  const rewrite = pathRewriter(request);
  const start = {
    machine,
    builder: rewrite(request.builder),
    args: request.args.map(rewrite),
    env: new Map([...request.env].map(([key, value]) => [key, rewrite(value)])),
    workingFolder: byteStringOf(request.buildDir),
    network: request.network,
    processes,
  };
  return [...keepOnlyReport(), ...startBuilder(start)];
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
