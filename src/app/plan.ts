// What a run would build, and why; builds nothing and runs no code of a stage.
export { planPipeline as plan } from "#run/plan.ts";
