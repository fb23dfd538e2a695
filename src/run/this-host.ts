// The machine of a run, as its record says it.
import { availableParallelism, release } from "node:os";
import { VERSION } from "#base/version.ts";
import type { HostFacts } from "#home/run-record.ts";

/** The machine that this run is on. */
export function thisHost(): HostFacts {
  return {
    system: `${process.arch}-${process.platform}`,
    kernel: release(),
    cores: availableParallelism(),
    node: process.versions.node,
    pipelite: VERSION,
  };
}
