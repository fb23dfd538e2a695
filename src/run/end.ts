// The end of a run needs much that its beginning does not: it is loaded while the first stages run.
import type { conclude } from "./conclude.ts";

type Conclude = typeof conclude;

export async function loadEnd(): Promise<Conclude> {
  return (await import("./conclude.ts")).conclude;
}

/** When the first stages are at work, this process has time. */
const FIRST_STAGES_MS = 50;

/** Loads that, and what keeping a result needs, while stages run; what fails here fails there again, where it is told. */
export function loadEndSoon(): void {
  const ignore = (): void => {};
  const load = (): void => {
    void loadEnd().catch(ignore);
    void import("#report/index.ts").catch(ignore);
    void import("#report/writer.ts").then(({ documentWriter }) => documentWriter()).catch(ignore);
  };
  setTimeout(load, FIRST_STAGES_MS).unref();
}
