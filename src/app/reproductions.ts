// How often, where and by what the outputs of a run were built again with the same bytes.
export { reproductions } from "#rebuild/reproductions.ts";
