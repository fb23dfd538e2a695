// What a run and a command need of this folder, loaded together.
export { documentsOf } from "./documents.ts";
export { gather, gatherAtEnd } from "./gather.ts";
