// What `rebuild` can vary and hold still, for help and for words of a command line.
export { STILL, VARIATIONS, wordsOf } from "#rebuild/variations.ts";
