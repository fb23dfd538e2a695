// A thread that makes the documents of one result (see make-documents.ts): the process it belongs to can end it at any time.
import { parentPort, workerData } from "node:worker_threads";
import { openHome } from "#home/home.ts";
import { evidenceDocuments } from "./documents.ts";
import { gatherAtEnd } from "./gather.ts";
import type { DocumentRequest } from "./make-documents.ts";

const { folder, record, logs } = workerData as DocumentRequest;
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of threads has none
parentPort?.postMessage(evidenceDocuments(gatherAtEnd(openHome(folder), record, logs)));
