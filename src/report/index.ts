// What a run and a command need of this folder, loaded together.
export { documentsOf } from "./documents.ts";
export { documentWriter } from "./writer.ts";
export { makeDocuments } from "./make-documents.ts";
export { gatherDocuments } from "./gather.ts";
