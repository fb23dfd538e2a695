// The documents of a result tree, for the end of a run and for an audit: made here, or, where charts ask for much evidence, in a thread
// that can be ended, since what computes here hears no signal.
import { Worker } from "node:worker_threads";
import { onThreadEnd } from "#base/thread.ts";
import { ownModule } from "#base/own-code.ts";
import { COST_MAX, costOf } from "#evidence/weigher.ts";
import type { Home } from "#home/home.ts";
import type { RunRecord } from "#home/run-record.ts";
import { evidenceDocuments } from "./documents.ts";
import { gatherAtEnd } from "./gather.ts";
import { isCharted } from "./series.ts";

/** What the thread is asked. */
export interface DocumentRequest {
  /** Of the home. */
  folder: string;
  record: RunRecord;
  /** Stage -> its log. */
  logs: ReadonlyMap<string, Uint8Array>;
}

/** @param logs stage -> its log @throws the signal's reason */
export async function makeDocuments(
  home: Home,
  record: RunRecord,
  logs: ReadonlyMap<string, Uint8Array>,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, Uint8Array>> {
  let cost = 0;
  for (const claim of record.claims)
    if (isCharted(claim)) cost += costOf(claim, (path) => home.physical(path));
  if (cost <= COST_MAX) return evidenceDocuments(gatherAtEnd(home, record, logs));
  const request: DocumentRequest = { folder: home.folder, record, logs };
  const thread = new Worker(ownModule("report/document-thread"), { workerData: request });
  const { promise, resolve, reject } = Promise.withResolvers<ReadonlyMap<string, Uint8Array>>();
  const stop = () => reject(signal?.reason as Error);
  signal?.addEventListener("abort", stop, { once: true });
  thread.once("message", resolve);
  const stopListening = onThreadEnd(thread, "make the documents of the run", reject);
  try {
    signal?.throwIfAborted();
    return await promise;
  } finally {
    signal?.removeEventListener("abort", stop);
    stopListening();
    await thread.terminate();
  }
}
