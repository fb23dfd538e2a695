// The journal of a home: what it has, where it is broken, and who said so.
export { acceptBreak, journalState, type JournalState } from "#release/journal-breaks.ts";
