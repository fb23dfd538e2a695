// What the jobs of continuous integration are called: for the face that asks for one, before the jobs themselves are loaded.
export { JOB_NAMES } from "#export/workflow/jobs.ts";
