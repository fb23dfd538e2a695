import { runKnown } from "./known.ts";

/** Does what a command line says: at once when it is known and there is nothing to do. */
export async function start(argv: readonly string[]): Promise<void> {
  if (runKnown(argv)) return;
  const { runProcess } = await import("./process.ts");
  await runProcess(argv);
}
