// What a run and a command need of this folder, loaded together.
export { documentsOf, evidenceDocuments } from "./documents.ts";
export { documentWriter } from "./writer.ts";
export { gatherDocuments, gatherAtEnd } from "./gather.ts";
