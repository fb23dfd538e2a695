// A thread that weighs costly claims (see weigher.ts): the process it belongs to can end it at any time.
import { parentPort } from "node:worker_threads";
import { EvidenceFiles } from "./evidence-files.ts";
import { weigh } from "./weigh.ts";
import type { WeighRequest } from "./weigher.ts";

const files = new EvidenceFiles();

parentPort?.on("message", ({ claim, places, again }: WeighRequest) => {
  const found = {
    files,
    locate: (path: string) => places[path] ?? path,
    again: (drv: string) => again?.[drv],
  };
  const weighed = weigh(claim, found, again !== undefined);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of threads has none
  parentPort?.postMessage(weighed);
});
