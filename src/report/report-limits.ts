// How much of each kind the report lists: a page that is too long to read hides what matters. What is left out is routine
// (it passed, or nothing is asked of it), and is in the files beside the report.

/** Stages of which each has rows of its own; those that failed or did not come to their turn always have. */
export const STAGES_MAX = 100;

/** Routine claims that are listed one by one. */
export const CLAIMS_MAX = 400;

/** Said where a list is not whole. */
export const REST =
  "The others are alike and stand in evidence/run.json and evidence/claims.json, or by name in pipelite show.";
