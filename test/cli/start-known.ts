// Starts a command line the quick way and nothing else. Status 0: it was known and had nothing to do; 9: it was not.
import { runKnown } from "#cli/known.ts";

process.exitCode = runKnown(process.argv.slice(2)) ? 0 : 9;
